{#- Green: not less than planned; amber: less, within the slack; else red (3-benefits.md, 3.5). Harm is handed in
    negatively. -#}
{% macro rag(actual, planned, slack, scale) -%}
    case
        when {{ at_least(actual, planned, scale) }} then 'green'
        when {{ at_least(actual, planned ~ ' - ' ~ slack, scale) }} then 'amber'
        else 'red'
    end
{%- endmacro %}
