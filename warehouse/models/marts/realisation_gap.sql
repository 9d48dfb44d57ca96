{{ config(materialized='view') }}
-- One row per open gap: what is known of it, with the message and the evidence of the model of models/gaps that found it.
-- 3-benefits.md, 3.8. A view: these are long, and stand there already; publishing makes it a table.
with found as (
    {{ gap_rows(['gap_code', 'subject_type', 'subject_id', 'message', 'evidence']) }}
),

told as (
    select
        gaps.*,
        found.message,
        found.evidence
    from found
    inner join {{ ref('open_gap') }} as gaps
        on
            found.gap_code = gaps.gap_code
            and found.subject_type = gaps.subject_type
            and found.subject_id = gaps.subject_id
),

final as (
    select {{ column_list(model.columns) }} from told
)

select * from final
