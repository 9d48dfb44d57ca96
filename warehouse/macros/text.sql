{#- The values of a group in order, joined by '; '. -#}
{% macro joined_text(expression, order_by) -%}
    {{ return(adapter.dispatch('joined_text', 'fruition')(expression, order_by)) }}
{%- endmacro %}

{% macro duckdb__joined_text(expression, order_by) -%}
    string_agg({{ expression }}, '; ' order by {{ order_by }})
{%- endmacro %}

{% macro spark__joined_text(expression, order_by) -%}
    listagg({{ expression }}, '; ') within group (order by {{ order_by }})
{%- endmacro %}
