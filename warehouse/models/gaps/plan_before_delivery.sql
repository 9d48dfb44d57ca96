-- One row per live benefit, disbenefits apart, planned to start before the outputs that enable it were ever to come.
-- 3-benefits.md, 3.8: PLAN_BEFORE_DELIVERY (delivery, B).
with benefits as (
    select * from {{ ref('benefit_subject') }}
    where is_live and kind = 'benefit'
),

deliveries as (
    select * from {{ ref('benefit_delivery') }}
),

enabling as (
    select * from {{ ref('benefit_enabling') }}
),

flagged as (
    select
        benefits.*,
        deliveries.baseline_enabled_on,
        {{ days_between('benefits.start_date', 'deliveries.baseline_enabled_on') }} as days_early,
        enabling.planned_last,
        {{ source_rows([source_row('benefit', 'benefits')], 'enabling.output_rows') }} as source_rows
    from benefits
    inner join deliveries on benefits.benefit_id = deliveries.benefit_id
    left join enabling on benefits.benefit_id = enabling.benefit_id
    where benefits.start_date < deliveries.baseline_enabled_on
),

final as (
    select
        {{ benefit_gap_columns(
            'PLAN_BEFORE_DELIVERY',
            message=sentence(
                '{benefit_name} is planned from {start_date:date}, {days_early:days} before the last output it needs[,'
                ~ ' {planned_last},] was to enable it, on {baseline_enabled_on:date}.'
            ),
            evidence=gap_evidence(['start_date', 'baseline_enabled_on', 'days_early', 'planned_last'])
        ) }}
    from flagged
)

select * from final
