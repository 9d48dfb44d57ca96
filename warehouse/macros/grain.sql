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
