-- One row per benefit and KPI period, from the one holding start_date to its end or the last that counts.
-- 3-benefits.md, 3.5: whose the gap is, in KPI units and money; 3.6: beside it what can be put down to the change, and
-- what was claimed. Amounts of disbenefits carry no sign here: totals subtract.
with measured as (
    select
        actuals.*,
        counterfactuals.counterfactual_value,
        counterfactuals.counterfactual_used,
        counterfactuals.margin,
        -- Without a curve, better has no direction.
        nullif(actuals.improvement_sign, 0) * (actuals.actual_value - counterfactuals.counterfactual_value)
            as attributable_improvement,
        claims.benefit_id is not null as is_claimed,
        claims.claimed_own / nullif(claims.kpi_share, 0) as claimed_improvement
    from {{ ref('benefit_actual') }} as actuals
    left join {{ ref('benefit_counterfactual') }} as counterfactuals
        on actuals.benefit_id = counterfactuals.benefit_id and actuals.period_start = counterfactuals.period_start
    left join {{ ref('claim_period') }} as claims
        on actuals.benefit_id = claims.benefit_id and actuals.period_start = claims.period_start
),

final as (
    select
        benefit_id,
        kpi_id,
        dimension,
        period_start,
        period_end,
        period_ordinal,
        planned_value,
        rephased_value,
        reference_value,
        actual_value,
        coverage,
        is_measured,
        planned_improvement,
        rephased_improvement,
        actual_improvement,
        delivery_gap,
        realisation_gap,
        total_gap,
        currency,
        planned_amount,
        rephased_amount,
        actual_improvement * unit_amount as actual_amount,
        delivery_gap_amount,
        realisation_gap * unit_amount as realisation_gap_amount,
        total_gap * unit_amount as total_gap_amount,
        planned_amount_reporting,
        rephased_amount_reporting,
        actual_improvement * unit_amount * rate_to_reporting as actual_amount_reporting,
        delivery_gap_amount_reporting,
        realisation_gap * unit_amount * rate_to_reporting as realisation_gap_amount_reporting,
        total_gap * unit_amount * rate_to_reporting as total_gap_amount_reporting,
        case
            when not {{ nearly_equal('planned_value', 'reference_value') }}
                then actual_improvement / planned_improvement
        end as realisation_pct,
        actual_improvement / full_improvement as progress_pct,
        case
            when not has_curve or actual_improvement is null then 'grey'
            when kind = 'disbenefit'
                then {{ rag('-actual_improvement', '-planned_improvement', 'slack', 'value_scale') }}
            else {{ rag('actual_improvement', 'planned_improvement', 'slack', 'value_scale') }}
        end as rag,
        counterfactual_value,
        counterfactual_used,
        attributable_improvement,
        attributable_improvement - margin as attributable_low,
        attributable_improvement + margin as attributable_high,
        claimed_improvement,
        case
            when actual_improvement is null and not is_claimed then null
            when actual_improvement is null then 'D'
            when counterfactual_used = 'control' then 'A'
            when counterfactual_used = 'trend' then 'B'
            else 'C'
        end as evidence_grade,
        value_scale,
        _feed,
        _batch_id,
        _row
    from measured
)

select * from final
