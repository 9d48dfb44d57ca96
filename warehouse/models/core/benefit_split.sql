-- One row per benefit and KPI period, from the one holding start_date to its end or the last that counts.
-- 3-benefits.md, 3.5: whose the gap is, in KPI units and money. Amounts of disbenefits carry no sign here: totals
-- subtract.
with measured as (
    select * from {{ ref('benefit_actual') }}
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
        value_scale,
        _feed,
        _batch_id,
        _row
    from measured
)

select * from final
