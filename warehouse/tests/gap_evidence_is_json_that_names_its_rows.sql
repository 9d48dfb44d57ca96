-- One row per gap without a message, or whose evidence is not JSON or names no source row.
select
    gap_id,
    gap_code,
    evidence
from {{ ref('realisation_gap') }}
where
    message is null
    or evidence is null
    or not {{ is_json('evidence') }}
    or evidence not like '%"rows":[{"contract":%'
