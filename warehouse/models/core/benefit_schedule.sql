{{ config(materialized='view') }}
-- One row per benefit and KPI period of its whole life, those after `as_of` included; nothing here was measured.
-- 3-benefits.md, 3.5: improvements planned and rephased, and their amounts; those of a period that straddles the benefit's
-- end count by the share of its days up to it. A view: it is large, and every reader wants a few of its columns.
with valued as (
    select
        benefit_plan.benefit_id,
        figure.benefit_number,
        figure.period_start,
        figure.period_end,
        figure.period_ordinal,
        figure.counts,
        figure.amount_share,
        benefit_plan.currency,
        {{ unit_amount_of('benefit_plan', 'figure') }} as unit_amount,
        figure.rate_to_reporting,
        figure.planned_value,
        figure.rephased_value,
        figure.reference_value,
        {{ improvement_of('benefit_plan', 'figure', 'planned') }} as planned_improvement,
        {{ improvement_of('benefit_plan', 'figure', 'rephased') }} as rephased_improvement
    from {{ ref('schedule_figure') }} as figure
    inner join {{ ref('benefit_plan') }} as benefit_plan on figure.benefit_number = benefit_plan.benefit_number
),

gapped as (
    select
        *,
        planned_improvement - rephased_improvement as delivery_gap
    from valued
),

final as (
    select
        *,
        planned_improvement * unit_amount as planned_amount,
        rephased_improvement * unit_amount as rephased_amount,
        delivery_gap * unit_amount as delivery_gap_amount,
        planned_improvement * unit_amount * rate_to_reporting as planned_amount_reporting,
        rephased_improvement * unit_amount * rate_to_reporting as rephased_amount_reporting,
        delivery_gap * unit_amount * rate_to_reporting as delivery_gap_amount_reporting
    from gapped
)

select * from final
