-- One row per benefit with enabling outputs that are not lost: which come last, and where their rows came from.
-- 3-benefits.md, 3.3 and 3.4; for the messages and the evidence of the gaps that lateness opens.
with enabling as (
    select
        links.benefit_id,
        links.output_id,
        statuses.output_name,
        {{ add_days('statuses.baseline_date', 'links.lag_days') }} as planned_on,
        {{ add_days('statuses.resolved_date', 'links.lag_days') }} as enables_on,
        outputs._feed,
        outputs._batch_id,
        outputs._row
    from {{ ref('output_share') }} as links
    inner join {{ ref('output_status') }} as statuses on links.output_id = statuses.output_id
    inner join {{ ref('output') }} as outputs on links.output_id = outputs.output_id
    where links.is_enabling and not links.is_lost
),

compared as (
    select
        *,
        planned_on = max(planned_on) over (partition by benefit_id) as is_planned_last,
        enables_on = max(enables_on) over (partition by benefit_id) as is_enabling_last
    from enabling
),

final as (
    select
        benefit_id,
        {{ joined_text('case when is_planned_last then output_name end', 'output_id') }} as planned_last,
        {{ joined_text('case when is_enabling_last then output_name end', 'output_id') }} as enabling_last,
        {{ record_list(source_row('output')) }} as output_rows
    from compared
    group by benefit_id
)

select * from final
