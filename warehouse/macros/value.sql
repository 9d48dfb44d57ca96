{#- What a project, or several, cost, earned and are worth (3-benefits.md, 3.7). -#}

{#- Aggregate: the sum of a group's values, null where one of them is unknown. -#}
{% macro whole_sum(expression) -%}
    case when count(*) = count({{ expression }}) then sum({{ expression }}) end
{%- endmacro %}

{#- The earned value columns that follow from pv, ev, ac and bac. -#}
{% macro earned_value(reported) -%}
    {%- set pv, ev, ac, bac = reported ~ '.pv', reported ~ '.ev', reported ~ '.ac', reported ~ '.bac' -%}
    {%- set eac = bac ~ ' / nullif(' ~ ev ~ ' / nullif(' ~ ac ~ ', 0), 0)' -%}
    {{ ev }} - {{ pv }} as sv,
        {{ ev }} - {{ ac }} as cv,
        {{ ev }} / nullif({{ pv }}, 0) as spi,
        {{ ev }} / nullif({{ ac }}, 0) as cpi,
        {{ eac }} as eac,
        {{ eac }} - {{ ac }} as etc,
        {{ bac }} - {{ eac }} as vac,
        ({{ bac }} - {{ ev }}) / nullif({{ bac }} - {{ ac }}, 0) as tcpi
{%- endmacro %}

{#- An amount as it counts in totals: harm negatively. -#}
{% macro signed(kind, amount) -%}
    (case when {{ kind }} = 'disbenefit' then -1.0 else 1.0 end * {{ amount }})
{%- endmacro %}
