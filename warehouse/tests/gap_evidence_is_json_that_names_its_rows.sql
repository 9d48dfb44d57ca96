-- One row per gap whose evidence is not JSON or names no source row.
select
    gap_id,
    gap_code,
    evidence
from {{ ref('realisation_gap') }}
where not {{ is_json('evidence') }} or evidence like '%"rows":[]%' or evidence like '%"rows":null%'
