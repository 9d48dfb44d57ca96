{#- Dates and periods (3-benefits.md, 3.1). A frequency is a column or literal: day, week, month, quarter, year.
    Weeks are ISO weeks; quarters and years start from the month of the variable `fiscal_year_start`. -#}

{#- The date so many whole days after a date. DuckDB counts days as integers, many times faster than by way of timestamps. -#}
{% macro add_days(date, days) -%}
    {{ return(adapter.dispatch('add_days', 'fruition')(date, days)) }}
{%- endmacro %}

{% macro default__add_days(date, days) -%}
    cast({{ dbt.dateadd('day', days, date) }} as date)
{%- endmacro %}

{% macro duckdb__add_days(date, days) -%}
    ({{ date }} + cast({{ days }} as integer))
{%- endmacro %}

{% macro add_months(date, months) -%}
    cast({{ dbt.dateadd('month', months, date) }} as date)
{%- endmacro %}

{#- Whole days from the first date to the second. -#}
{% macro days_between(first_date, last_date) -%}
    {{ return(adapter.dispatch('days_between', 'fruition')(first_date, last_date)) }}
{%- endmacro %}

{% macro default__days_between(first_date, last_date) -%}
    {{ dbt.datediff(first_date, last_date, 'day') }}
{%- endmacro %}

{% macro duckdb__days_between(first_date, last_date) -%}
    ({{ last_date }} - {{ first_date }})
{%- endmacro %}

{#- Months since the fiscal year start of the year 0: the fiscal year is its quotient by 12, the fiscal quarter by
    3. -#}
{% macro fiscal_month(date) -%}
    (extract(year from {{ date }}) * 12 + extract(month from {{ date }}) - {{ var('fiscal_year_start') | int }})
{%- endmacro %}

{% macro period_start(frequency, date) -%}
    {%- set month = add_days(date, '1 - extract(day from ' ~ date ~ ')') -%}
    cast(case {{ frequency }}
        when 'day' then {{ date }}
        when 'week' then {{ dbt.date_trunc('week', date) }}
        when 'month' then {{ month }}
        when 'quarter' then {{ dbt.dateadd('month', '-(' ~ fiscal_month(date) ~ ' % 3)', month) }}
        when 'year' then {{ dbt.dateadd('month', '-(' ~ fiscal_month(date) ~ ' % 12)', month) }}
    end as date)
{%- endmacro %}

{#- The first day of the period `steps` after the one that starts on `start`. -#}
{% macro period_shift(frequency, start, steps) -%}
    cast(case {{ frequency }}
        when 'day' then {{ dbt.dateadd('day', steps, start) }}
        when 'week' then {{ dbt.dateadd('day', '(' ~ steps ~ ') * 7', start) }}
        when 'month' then {{ dbt.dateadd('month', steps, start) }}
        when 'quarter' then {{ dbt.dateadd('month', '(' ~ steps ~ ') * 3', start) }}
        when 'year' then {{ dbt.dateadd('month', '(' ~ steps ~ ') * 12', start) }}
    end as date)
{%- endmacro %}

{#- The last day of the period that starts on `start`. -#}
{% macro period_last_day(frequency, start) -%}
    {{ add_days(period_shift(frequency, start, 1), -1) }}
{%- endmacro %}

{#- The last day of the period that holds `date`. -#}
{% macro period_end(frequency, date) -%}
    {{ period_last_day(frequency, period_start(frequency, date)) }}
{%- endmacro %}

{#- The number of the period that holds `date`: consecutive periods of a frequency have consecutive numbers. -#}
{% macro period_ordinal(frequency, date) -%}
    cast(floor(case {{ frequency }}
        when 'day' then {{ days_between("cast('1970-01-01' as date)", date) }} / 1.0
        when 'week' then {{ days_between("cast('1970-01-05' as date)", date) }} / 7.0
        when 'month' then {{ fiscal_month(date) }} / 1.0
        when 'quarter' then {{ fiscal_month(date) }} / 3.0
        when 'year' then {{ fiscal_month(date) }} / 12.0
    end) as integer)
{%- endmacro %}

{#- One row a whole number from `first` to `last`, as a select expression; the caller sees to it that first <= last. -#}
{% macro each_number(first, last) -%}
    {{ return(adapter.dispatch('each_number', 'fruition')(first, last)) }}
{%- endmacro %}

{% macro duckdb__each_number(first, last) -%}
    unnest(generate_series({{ first }}, {{ last }}))
{%- endmacro %}

{% macro spark__each_number(first, last) -%}
    explode(sequence({{ first }}, {{ last }}))
{%- endmacro %}

{#- Readings expected in the period that starts on `start`: the reading periods that start in it. -#}
{% macro readings_expected(frequency, reading_frequency, start) -%}
    (
        {{ period_ordinal(reading_frequency, period_last_day(frequency, start)) }}
        - {{ period_ordinal(reading_frequency, add_days(start, -1)) }}
    )
{%- endmacro %}
