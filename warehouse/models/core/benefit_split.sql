{{ config(materialized='view') }}
-- One row per benefit and KPI period, from the one holding start_date to its end or the last that counts.
-- 3-benefits.md, 3.5: whose the gap is, in KPI units and money; 3.6: beside it what can be put down to the change, and
-- what was claimed. Amounts of disbenefits carry no sign here: totals subtract. `value_scale` is the greatest of the KPI
-- values that the improvements are differences of: their last bits are noise relative to it. A view: every reader wants a
-- few of its columns.
with valued as (
    select
        benefit_plan.benefit_id,
        benefit_plan.kpi_id,
        benefit_plan.dimension,
        benefit_plan.currency,
        benefit_plan.kind,
        benefit_plan.has_curve,
        benefit_plan.slack,
        benefit_plan.full_improvement,
        figure.*,
        source._feed,
        source._batch_id,
        {{ unit_amount_of('benefit_plan', 'figure') }} as unit_amount,
        {%- for curve in ['planned', 'rephased', 'actual'] %}
        {{ improvement_of('benefit_plan', 'figure', curve) }} as {{ curve }}_improvement,
        {%- endfor %}
        -- Without a curve, better has no direction.
        nullif(benefit_plan.improvement_sign, 0) * (figure.actual_value - figure.counterfactual_value)
            as attributable_improvement,
        greatest(
            abs(figure.planned_value),
            abs(figure.rephased_value),
            abs(figure.reference_value),
            coalesce(abs(figure.actual_value), 0.0)
        ) as value_scale
    from {{ ref('split_figure') }} as figure
    inner join {{ ref('benefit_plan') }} as benefit_plan on figure.benefit_number = benefit_plan.benefit_number
    left join {{ ref('reading_source') }} as source on figure.source_number = source.source_number
),

gapped as (
    select
        *,
        planned_improvement - rephased_improvement as delivery_gap,
        rephased_improvement - actual_improvement as realisation_gap,
        planned_improvement - actual_improvement as total_gap
    from valued
),

final as (
    select
        benefit_id,
        benefit_number,
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
        {%- for figure in ['planned_improvement', 'rephased_improvement', 'actual_improvement', 'delivery_gap', 'realisation_gap', 'total_gap'] %}
        {%- set amount = figure | replace('_improvement', '') ~ '_amount' %}
        {{ figure }} * unit_amount as {{ amount }},
        {{ figure }} * unit_amount * rate_to_reporting as {{ amount }}_reporting,
        {%- endfor %}
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
    from gapped
)

select * from final
