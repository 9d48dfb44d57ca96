{#- Piecewise linear curves (3-benefits.md, 3.2). A segment holds from `from_date` (null: always) until the day before
    `to_date` (null: for ever) and goes from `from_value` to `to_value`; one without either end is constant. A macro is told
    which by what its columns' names begin with: an alias and a dot, and more where several lie side by side. -#}

{#- The curve's value `days` days after the segment began. -#}
{% macro value_in_segment(segment, days) -%}
    {{ segment }}from_value + coalesce(
        ({{ segment }}to_value - {{ segment }}from_value) * ({{ days }})
        / {{ days_between(segment ~ 'from_date', segment ~ 'to_date') }},
        0.0
    )
{%- endmacro %}

{#- What a segment adds to the curve's value on a date: that value, or null where the date lies outside. -#}
{% macro point_of_curve(segment, date) -%}
    case
        when
            ({{ segment }}from_date is null or {{ segment }}from_date <= {{ date }})
            and ({{ segment }}to_date is null or {{ date }} < {{ segment }}to_date)
            then {{ value_in_segment(segment, days_between(segment ~ 'from_date', date)) }}
    end
{%- endmacro %}

{#- What a segment adds to the curve's mean over a period: the exact integral over their overlap ÷ the period's
    days. A line's integral is the value at the overlap's middle × its days; `period_end` is the last day and
    belongs to the period. -#}
{% macro mean_of_curve(segment, period_start, period_end) -%}
    {%- set after = add_days(period_end, 1) -%}
    {%- set from_date = segment ~ 'from_date' -%}
    {%- set to_date = segment ~ 'to_date' -%}
    {%- set first = 'greatest(' ~ period_start ~ ', coalesce(' ~ from_date ~ ', ' ~ period_start ~ '))' -%}
    {%- set last = 'least(' ~ after ~ ', coalesce(' ~ to_date ~ ', ' ~ after ~ '))' -%}
    {%- set middle = '(' ~ days_between(from_date, first) ~ ' + ' ~ days_between(from_date, last) ~ ') / 2.0' -%}
    case
        when
            ({{ segment }}from_date is null or {{ segment }}from_date <= {{ period_end }})
            and ({{ segment }}to_date is null or {{ segment }}to_date > {{ period_start }})
            then
                ({{ value_in_segment(segment, middle) }})
                * ({{ days_between(first, last) }} / cast({{ days_between(period_start, after) }} as double))
    end
{%- endmacro %}

{#- Each of `curves` (column -> curve) in KPI units, behind the columns of `periods`: at the period's end for last, min
    and max, else its mean; null for a benefit without segments. Most curves have a ramp and what lies before and after
    it: their segments are laid side by side, so that no period needs to be joined with them. -#}
{% macro curve_values(periods, plans, segments, curves) -%}
{%- set side_by_side = 3 -%}
with numbered as (
    select
        *,
        row_number() over (
            partition by benefit_id, curve order by coalesce(from_date, cast('0001-01-01' as date))
        ) as place
    from {{ segments }}
),

shape as (
    select
        benefit_id,
        {%- for curve in curves.values() %}
        {%- for place in range(1, side_by_side + 1) %}
        {%- for figure in ['from_date', 'to_date', 'from_value', 'to_value'] %}
        max(case when curve = '{{ curve }}' and place = {{ place }} then {{ figure }} end)
            as {{ curve }}_{{ place }}_{{ figure }},
        {%- endfor %}
        {%- endfor %}
        {%- endfor %}
        max(place) as segments
    from numbered
    group by benefit_id
),

part as (
    select
        period.benefit_id,
        period.period_start,
        segment.curve,
        case
            when plan.aggregation in ('mean', 'sum')
                then {{ mean_of_curve('segment.', 'period.period_start', 'period.period_end') }}
            else {{ point_of_curve('segment.', 'period.period_end') }}
        end as part_value
    from {{ periods }} as period
    inner join {{ plans }} as plan on period.benefit_id = plan.benefit_id
    inner join {{ segments }} as segment
        on
            period.benefit_id = segment.benefit_id
            and (segment.from_date is null or period.period_end >= segment.from_date)
            and (segment.to_date is null or period.period_start < segment.to_date)
    where period.benefit_id in (select shape.benefit_id from shape where shape.segments > {{ side_by_side }})
),

many as (
    select
        benefit_id,
        period_start
        {%- for column, curve in curves.items() %},
        sum(case when curve = '{{ curve }}' then part_value end) as {{ column }}
        {%- endfor %}
    from part
    group by benefit_id, period_start
),

final as (
    select
        period.*
        {%- for column, curve in curves.items() %},
        case
            when shape.segments > {{ side_by_side }} then many.{{ column }}
            when plan.aggregation in ('mean', 'sum') and shape.benefit_id is not null
                then {{ mean_of_shape(curve, side_by_side) }}
            when shape.benefit_id is not null
                then {{ point_of_shape(curve, side_by_side, 'period.period_end') }}
        end as {{ column }}
        {%- endfor %}
    from {{ periods }} as period
    inner join {{ plans }} as plan on period.benefit_id = plan.benefit_id
    left join shape on period.benefit_id = shape.benefit_id
    left join many on period.benefit_id = many.benefit_id and period.period_start = many.period_start
)

select * from final
{%- endmacro %}

{#- The value on a date of a curve whose segments lie side by side in `shape`, in order; the first has no beginning. -#}
{% macro point_of_shape(curve, places, date) -%}
    {%- set first = 'shape.' ~ curve ~ '_1_' -%}
    case
        when {{ date }} < {{ first }}to_date then {{ first }}from_value
        {%- for place in range(2, places + 1) %}
        {%- set segment = 'shape.' ~ curve ~ '_' ~ place ~ '_' %}
        when {{ segment }}to_date is null or {{ date }} < {{ segment }}to_date
            then {{ value_in_segment(segment, days_between(segment ~ 'from_date', date)) }}
        {%- endfor %}
    end
{%- endmacro %}

{#- Its mean over the period: what its segments add up to. -#}
{% macro mean_of_shape(curve, places) -%}
    {%- for place in range(1, places + 1) %}
    {{- ' + ' if not loop.first -}}
    coalesce({{ mean_of_curve('shape.' ~ curve ~ '_' ~ place ~ '_', 'period.period_start', 'period.period_end') }}, 0.0)
    {%- endfor %}
{%- endmacro %}
