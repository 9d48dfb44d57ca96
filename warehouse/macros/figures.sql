{#- From the tables of numbers, a row per series or benefit and period, to what analysts read of them. Each macro is a select
    over a relation that has the rows wanted: what is worked out a row is worked out for these alone. -#}

{#- Periods of KPIs, as period_figure has them, by name, with their last days and ordinals. -#}
{% macro named_periods(figures) -%}
select
    series.kpi_id,
    series.dimension,
    figure.series_number,
    figure.period_start,
    {{ period_last_day('series.frequency', 'figure.period_start') }} as period_end,
    {{ period_ordinal('series.frequency', 'figure.period_start') }} as period_ordinal,
    figure.value,
    figure.coverage,
    figure.readings_present,
    figure.readings_expected,
    figure.is_measured,
    figure.source_number,
    figure._row,
    source._feed,
    source._batch_id
from {{ figures }} as figure
inner join {{ ref('kpi_series') }} as series on figure.series_number = series.series_number
left join {{ ref('reading_source') }} as source on figure.source_number = source.source_number
{%- endmacro %}

{#- Periods of benefits, as split_figure has them: whose the gap is, and what can be put down to the change. -#}
{% macro named_splits(figures) -%}
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
        {{ value_scale_of('figure') }} as value_scale
    from {{ figures }} as figure
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
        is_claimed,
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
{%- endmacro %}

{#- The rows of the latest measured period of each series or benefit, which `number` numbers. -#}
{% macro latest_measured(figures, number) -%}
with latest as (
    select {{ number }}, max(period_start) as period_start
    from {{ figures }}
    where is_measured
    group by {{ number }}
)

select figure.*
from {{ figures }} as figure
inner join latest on figure.{{ number }} = latest.{{ number }} and figure.period_start = latest.period_start
{%- endmacro %}
