-- One row per benefit, by its number, and KPI period up to `as_of`: what benefit_split works the rest out from.
-- 3-benefits.md, 3.6: what was measured, what would have been, and what was claimed, in the KPI units of the whole measure.
with claims as (
    select
        benefit_plan.benefit_number,
        claim_period.*
    from {{ ref('claim_period') }} as claim_period
    inner join {{ ref('benefit_plan') }} as benefit_plan on claim_period.benefit_id = benefit_plan.benefit_id
),

final as (
    select
        actuals.benefit_number,
        actuals.period_start,
        actuals.period_end,
        actuals.period_ordinal,
        actuals.amount_share,
        actuals.planned_value,
        actuals.rephased_value,
        actuals.reference_value,
        actuals.rate_to_reporting,
        actuals.actual_value,
        actuals.coverage,
        actuals.is_measured,
        actuals.counterfactual_used,
        actuals.counterfactual_value,
        actuals.margin,
        claims.benefit_id is not null as is_claimed,
        claims.claimed_own / nullif(claims.kpi_share, 0) as claimed_improvement,
        actuals.source_number,
        actuals._row
    from {{ ref('benefit_counterfactual') }} as actuals
    left join claims
        on actuals.benefit_number = claims.benefit_number and actuals.period_start = claims.period_start
)

select * from final
