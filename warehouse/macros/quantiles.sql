{#- Aggregates over a group's values that the engines write differently. -#}

{#- The quantile at `fraction` of the group's values, interpolated linearly between the two nearest. -#}
{% macro quantile(expression, fraction) -%}
    {{ return(adapter.dispatch('quantile', 'fruition')(expression, fraction)) }}
{%- endmacro %}

{% macro duckdb__quantile(expression, fraction) -%}
    quantile_cont({{ expression }}, {{ fraction }})
{%- endmacro %}

{% macro spark__quantile(expression, fraction) -%}
    percentile({{ expression }}, {{ fraction }})
{%- endmacro %}

{#- The least of the group's `count` greatest values; of all where there are fewer. -#}
{% macro least_of_greatest(expression, count) -%}
    {{ return(adapter.dispatch('least_of_greatest', 'fruition')(expression, count)) }}
{%- endmacro %}

{% macro duckdb__least_of_greatest(expression, count) -%}
    list_min(max({{ expression }}, {{ count }}))
{%- endmacro %}

{% macro spark__least_of_greatest(expression, count) -%}
    array_min(slice(sort_array(collect_list({{ expression }}), false), 1, {{ count }}))
{%- endmacro %}

{#- Aggregates: how many ratios a reference class has, and how they are distributed (3-benefits.md, 3.7). -#}
{% macro distribution(ratio) -%}
    count(*) as n
    {%- for percent in [10, 50, 80, 90] %},
        {{ quantile(ratio, percent / 100) }} as p{{ percent }}
    {%- endfor %}
{%- endmacro %}
