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

{#- The select of a mart that values the projects of each programme or portfolio together. -#}
{% macro group_value(scope) -%}
{%- set earned = ['pv', 'ev', 'ac', 'sv', 'cv', 'spi', 'cpi', 'eac', 'etc', 'vac', 'tcpi'] %}
with planned as (
    select * from {{ ref('value_return') }} where scope = '{{ scope }}' and basis = 'planned'
),

forecast as (
    select * from {{ ref('value_return') }} where scope = '{{ scope }}' and basis = 'forecast'
),

final as (
    select
        value_group.scope_id as {{ scope }},
        value_group.projects,
        value_group.base_date,
        value_group.budget,
        value_group.cost_to_date,
        forecast.cost as forecast_cost,
        {{ column_list(earned, 'value_group') }},
        value_group.planned_benefit,
        value_group.realised_benefit,
        value_group.forecast_benefit,
        {%- for figure in ['npv', 'bcr', 'roi', 'payback_date'] %}
        planned.{{ figure }} as planned_{{ figure }},
        forecast.{{ figure }} as forecast_{{ figure }},
        {%- endfor %}
        value_group.time_to_market_days,
        value_group.time_to_benefit_days
    from {{ ref('value_group') }} as value_group
    left join planned on value_group.scope_id = planned.scope_id
    left join forecast on value_group.scope_id = forecast.scope_id
    where value_group.scope = '{{ scope }}'
)

select * from final
{%- endmacro %}
