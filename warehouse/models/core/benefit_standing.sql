-- One row per benefit with a measured period since its start, and what the latest one shows.
-- 3-benefits.md, 3.8: 'latest' and 'after the ramp', for the realisation codes.
with benefits as (
    select * from {{ ref('benefit_subject') }}
),

deliveries as (
    select * from {{ ref('benefit_delivery') }}
),

enabling as (
    select * from {{ ref('benefit_enabling') }}
),

latest as (
    select * from {{ ref('benefit_latest') }}
),

final as (
    select
        benefits.*,
        coalesce(deliveries.is_enabled, false) as is_enabled,
        deliveries.enabled_on,
        enabling.output_rows,
        latest.period_start,
        latest.period_end,
        latest.planned_improvement,
        latest.rephased_improvement,
        latest.actual_improvement,
        latest.realisation_gap,
        latest.realisation_gap_amount_reporting,
        latest.is_after_ramp,
        latest.value_scale,
        latest._feed as reading_feed,
        latest._batch_id as reading_batch_id,
        latest._row as reading_row
    from latest
    inner join benefits on latest.benefit_id = benefits.benefit_id
    left join deliveries on latest.benefit_id = deliveries.benefit_id
    left join enabling on latest.benefit_id = enabling.benefit_id
)

select * from final
