-- One row per benefit, by its number, and KPI period of its whole life: what benefit_schedule works the rest out from.
-- Numbers alone, since these are written many times faster than texts; the rate is the latest on or before the period's end
-- that there is by `as_of`.
with final as (
    select
        benefit_plan.benefit_number,
        curve_value.period_start,
        curve_value.period_end,
        curve_value.period_ordinal,
        curve_value.counts,
        curve_value.amount_share,
        curve_value.planned_value,
        curve_value.rephased_value,
        curve_value.reference_value,
        {{ fx_rate('benefit_plan.currency') }} as rate_to_reporting
    from {{ ref('curve_value') }} as curve_value
    inner join {{ ref('benefit_plan') }} as benefit_plan on curve_value.benefit_id = benefit_plan.benefit_id
    {{ fx_join('benefit_plan.currency', 'curve_value.period_end') }}
)

select * from final
