{#- From a plan's figures to its curve and amounts (3-benefits.md, 3.2, 3.5). The plan as it is and the plan as it was
    promised (3.7) are made by the same SQL: each macro is a select over relations of which the arguments are the
    names. -#}

{#- The last day of a benefit that says none: the day before its tenth anniversary. -#}
{% macro plan_last_day(benefit) -%}
    coalesce({{ benefit }}.end_date, {{ add_days(add_months(benefit ~ '.start_date', 120), -1) }})
{%- endmacro %}

{#- What the plan means to change, by the target date, of what would be without it: nothing where the two differ by the
    last bits of a sum. -#}
{% macro intended_change(benefit) -%}
    {%- set target = benefit ~ '.target_value' -%}
    {%- set without = 'coalesce(' ~ benefit ~ '.do_nothing_value, ' ~ benefit ~ '.baseline_value)' -%}
    case when {{ nearly_equal(target, without) }} then 0.0 else {{ target }} - {{ without }} end
{%- endmacro %}

{#- One row per knot of a plan curve: through the profile's points where there are any, else from start to target. -#}
{% macro plan_knots(benefits, profiles) -%}
with complete as (
    select *
    from {{ benefits }}
    where
        baseline_value is not null
        and target_value is not null
        and target_date is not null
        and start_date is not null
),

points as (
    select
        point.benefit_id,
        point.date as knot_date,
        point.planned_value
    from {{ profiles }} as point
),

first_points as (
    select benefit_id, min(knot_date) as first_date from points group by benefit_id
),

starts as (
    select complete.benefit_id, complete.start_date as knot_date, complete.baseline_value as planned_value
    from complete
    left join first_points on complete.benefit_id = first_points.benefit_id
    where coalesce(first_points.first_date, complete.target_date) > complete.start_date
),

targets as (
    select complete.benefit_id, complete.target_date as knot_date, complete.target_value as planned_value
    from complete
    where complete.benefit_id not in (select points.benefit_id from points)
),

final as (
    select * from starts
    union all
    select * from targets
    union all
    select points.benefit_id, points.knot_date, points.planned_value
    from points
    inner join complete on points.benefit_id = complete.benefit_id
)

select * from final
{%- endmacro %}

{#- One row per knot of the two curves of a benefit with a curve: the plan, and what would be without the change. -#}
{% macro curve_knots(benefits, knots) -%}
    select 'plan' as curve, knot.benefit_id, knot.knot_date, knot.planned_value as knot_value
    from {{ knots }} as knot
    inner join {{ benefits }} as benefit on knot.benefit_id = benefit.benefit_id
    union all
    select 'reference' as curve, benefit_id, start_date as knot_date, baseline_value as knot_value
    from {{ benefits }}
    where do_nothing_value is null or target_date > start_date
    union all
    select 'reference' as curve, benefit_id, target_date as knot_date, do_nothing_value as knot_value
    from {{ benefits }}
    where do_nothing_value is not null
{%- endmacro %}

{#- One row per linear segment between knots. Before the first knot every curve is at the baseline. -#}
{% macro curve_segments(benefits, knots) -%}
    select
        curve,
        benefit_id,
        knot_date as from_date,
        lead(knot_date) over (partition by curve, benefit_id order by knot_date) as to_date,
        knot_value as from_value,
        lead(knot_value) over (partition by curve, benefit_id order by knot_date) as to_value
    from {{ knots }}
    union all
    select
        knot.curve,
        knot.benefit_id,
        cast(null as date) as from_date,
        min(knot.knot_date) as to_date,
        min(benefit.baseline_value) as from_value,
        cast(null as double) as to_value
    from {{ knots }} as knot
    inner join {{ benefits }} as benefit on knot.benefit_id = benefit.benefit_id
    group by knot.curve, knot.benefit_id
{%- endmacro %}

{#- One row per KPI period from the one holding start_date to the one holding the end. -#}
{% macro life_periods(plans) -%}
with spanned as (
    select
        benefit_id,
        frequency,
        end_date,
        {{ period_start('frequency', 'start_date') }} as first_start,
        {{ period_ordinal('frequency', 'start_date') }} as first_ordinal,
        {{ period_ordinal('frequency', 'end_date') }} as last_ordinal
    from {{ plans }}
),

numbered as (
    select
        benefit_id,
        frequency,
        end_date,
        first_start,
        first_ordinal,
        {{ each_number('first_ordinal', 'last_ordinal') }} as running_ordinal
    from spanned
    where first_ordinal <= last_ordinal
),

started as (
    select
        benefit_id,
        frequency,
        end_date,
        cast(running_ordinal as integer) as period_ordinal,
        {{ period_shift('frequency', 'first_start', 'running_ordinal - first_ordinal') }} as period_start
    from numbered
),

ended as (
    select
        *,
        {{ period_last_day('frequency', 'period_start') }} as period_end
    from started
),

final as (
    select
        benefit_id,
        period_start,
        period_end,
        period_ordinal,
        period_end <= {{ as_of() }} as counts,
        case
            when end_date >= period_end then 1.0
            else (
                cast({{ days_between('period_start', 'end_date') }} + 1 as double)
                / ({{ days_between('period_start', 'period_end') }} + 1)
            )
        end as amount_share
    from ended
)

select * from final
{%- endmacro %}

{#- The improvement that a curve means. -#}
{% macro improvement_of(plan, curve_value, curve) -%}
    {{ plan }}.improvement_sign * ({{ curve_value }}.{{ curve }}_value - {{ curve_value }}.reference_value)
{%- endmacro %}

{#- The greatest of the KPI values that a period's improvements are differences of. -#}
{% macro value_scale_of(period) -%}
    greatest(
            abs({{ period }}.planned_value),
            abs({{ period }}.rephased_value),
            abs({{ period }}.reference_value),
            coalesce(abs({{ period }}.actual_value), 0.0)
        )
{%- endmacro %}

{#- Money for one KPI unit of improvement in a period. -#}
{% macro unit_amount_of(plan, period) -%}
    {{ plan }}.unit_value * {{ plan }}.kpi_share * {{ period }}.amount_share
{%- endmacro %}
