{#- The values of `columns` that several rows of a relation have. Rows are told apart by one number each, which is many
    times faster than by their texts; only those that share one are looked at. -#}
{% macro rows_that_agree(relation, columns) -%}
with shared as (
    select {{ hash_of(columns) }} as number
    from {{ relation }}
    group by {{ hash_of(columns) }}
    having count(*) > 1
)

select {{ columns }}, count(*) as rows_found
from {{ relation }}
where {{ hash_of(columns) }} in (select shared.number from shared)
group by {{ columns }}
having count(*) > 1
{%- endmacro %}

{#- A number that is the same where the columns are; now and then also where they are not. -#}
{% macro hash_of(columns) -%}
    {{ return(adapter.dispatch('hash_of', 'fruition')(columns)) }}
{%- endmacro %}

{% macro duckdb__hash_of(columns) -%}
    hash({{ columns }})
{%- endmacro %}

{% macro spark__hash_of(columns) -%}
    xxhash64({{ columns }})
{%- endmacro %}

{#- The rows of a table of numbers that agree in `number` and `period_start`, or lack one of them. Each row sets the bit of
    its six days in the year: where fewer are set than there are rows, these are looked at one by one, which takes many
    times as long. -#}
{% macro rows_of_one_period(relation, number) -%}
{%- set year = 'extract(year from period_start)' -%}
with crowded as (
    select {{ number }}
    from {{ relation }}
    group by {{ number }}, {{ year }}
    having
        {{ number }} is null
        or {{ year }} is null
        or count(*) > {{ bits_set('floor(extract(doy from period_start) / 6.0)') }}
)

select {{ number }}, period_start, count(*) as rows_found
from {{ relation }}
where {{ number }} in (select crowded.{{ number }} from crowded) or {{ number }} is null
group by {{ number }}, period_start
having count(*) > 1 or {{ number }} is null or period_start is null
{%- endmacro %}

{#- Aggregate: how many different numbers from 0 to 63 there are. -#}
{% macro bits_set(number) -%}
    {{ return(adapter.dispatch('bits_set', 'fruition')(number)) }}
{%- endmacro %}

{% macro duckdb__bits_set(number) -%}
    bit_count(bit_or(cast(1 as bigint) << cast({{ number }} as integer)))
{%- endmacro %}

{% macro spark__bits_set(number) -%}
    bit_count(bit_or(shiftleft(cast(1 as bigint), cast({{ number }} as int))))
{%- endmacro %}
