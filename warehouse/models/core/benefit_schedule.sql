-- One row per benefit and KPI period of its whole life, those after `as_of` included; nothing here was measured.
-- 3-benefits.md, 3.5: improvements planned and rephased, and their amounts; those of a period that straddles the
-- benefit's end count by the share of its days up to it, at the latest rate on or before the period's end that there
-- is by `as_of`.
with benefit_plan as (
    select * from {{ ref('benefit_plan') }}
),

curve_value as (
    select * from {{ ref('curve_value') }}
),

valued as (
    select
        curve_value.benefit_id,
        curve_value.period_start,
        curve_value.period_end,
        curve_value.period_ordinal,
        curve_value.counts,
        curve_value.amount_share,
        benefit_plan.improvement_sign,
        benefit_plan.currency,
        {{ unit_amount_of('benefit_plan', 'curve_value') }} as unit_amount,
        curve_value.planned_value,
        curve_value.rephased_value,
        curve_value.reference_value,
        {{ improvement_of('benefit_plan', 'curve_value', 'planned') }} as planned_improvement,
        {{ improvement_of('benefit_plan', 'curve_value', 'rephased') }} as rephased_improvement
    from curve_value
    inner join benefit_plan on curve_value.benefit_id = benefit_plan.benefit_id
),

gapped as (
    select
        *,
        planned_improvement - rephased_improvement as delivery_gap
    from valued
),

final as (
    select
        gapped.*,
        {{ fx_rate('gapped.currency') }} as rate_to_reporting,
        gapped.planned_improvement * gapped.unit_amount as planned_amount,
        gapped.rephased_improvement * gapped.unit_amount as rephased_amount,
        gapped.delivery_gap * gapped.unit_amount as delivery_gap_amount,
        gapped.planned_improvement * gapped.unit_amount * {{ fx_rate('gapped.currency') }} as planned_amount_reporting,
        gapped.rephased_improvement * gapped.unit_amount * {{ fx_rate('gapped.currency') }}
            as rephased_amount_reporting,
        gapped.delivery_gap * gapped.unit_amount * {{ fx_rate('gapped.currency') }} as delivery_gap_amount_reporting
    from gapped
    {{ fx_join('gapped.currency', 'gapped.period_end') }}
)

select * from final
