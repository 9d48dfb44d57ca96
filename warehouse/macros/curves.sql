{#- Piecewise linear curves (3-benefits.md, 3.2). A segment holds from `from_date` (null: always) until the day before
    `to_date` (null: for ever) and goes from `from_value` to `to_value`; one without either end is constant. -#}

{#- The curve's value `days` days after the segment began. -#}
{% macro value_in_segment(segment, days) -%}
    {{ segment }}.from_value + coalesce(
        ({{ segment }}.to_value - {{ segment }}.from_value) * ({{ days }})
        / {{ days_between(segment ~ '.from_date', segment ~ '.to_date') }},
        0.0
    )
{%- endmacro %}

{#- What a segment adds to the curve's value on a date: that value, or null where the date lies outside. -#}
{% macro point_of_curve(segment, date) -%}
    case
        when
            ({{ segment }}.from_date is null or {{ segment }}.from_date <= {{ date }})
            and ({{ segment }}.to_date is null or {{ date }} < {{ segment }}.to_date)
            then {{ value_in_segment(segment, days_between(segment ~ '.from_date', date)) }}
    end
{%- endmacro %}

{#- What a segment adds to the curve's mean over a period: the exact integral over their overlap ÷ the period's
    days. A line's integral is the value at the overlap's middle × its days; `period_end` is the last day and
    belongs to the period. -#}
{% macro mean_of_curve(segment, period_start, period_end) -%}
    {%- set after = add_days(period_end, 1) -%}
    {%- set from_date = segment ~ '.from_date' -%}
    {%- set to_date = segment ~ '.to_date' -%}
    {%- set first = 'greatest(' ~ period_start ~ ', coalesce(' ~ from_date ~ ', ' ~ period_start ~ '))' -%}
    {%- set last = 'least(' ~ after ~ ', coalesce(' ~ to_date ~ ', ' ~ after ~ '))' -%}
    {%- set middle = '(' ~ days_between(from_date, first) ~ ' + ' ~ days_between(from_date, last) ~ ') / 2.0' -%}
    case
        when
            ({{ segment }}.from_date is null or {{ segment }}.from_date <= {{ period_end }})
            and ({{ segment }}.to_date is null or {{ segment }}.to_date > {{ period_start }})
            then
                ({{ value_in_segment(segment, middle) }})
                * ({{ days_between(first, last) }} / cast({{ days_between(period_start, after) }} as double))
    end
{%- endmacro %}
