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

{#- The select of what each project costs and brings on each date, by one basis. `amounts` is the relation of the benefits' amounts,
    `amount` its column of them; a benefit that `is_intermediate` in the basis is not summed. -#}
{% macro project_flow(basis, amounts, amount, is_intermediate) -%}
with share as (
    select project_id, benefit_id, {{ signed('kind', basis ~ '_share') }} as share
    from {{ ref('project_share') }}
    where {{ basis }}_share <> 0 and not {{ is_intermediate }}
),

benefit as (
    select
        benefit_id,
        period_end as flow_date,
        case when {{ amount }} = 0 then 0.0 else {{ amount }}_reporting end as amount
    from {{ amounts }}
    where {{ amount }} is not null
),

part as (
    select
        project_id,
        flow_date,
        case when amount = 0 then 0.0 else amount_reporting end as cost,
        0.0 as benefit
    from {{ ref('cost_flow') }}
    where basis = '{{ basis }}'
    union all
    select share.project_id, benefit.flow_date, 0.0 as cost, share.share * benefit.amount as benefit
    from benefit
    inner join share on benefit.benefit_id = share.benefit_id
),

final as (
    select project_id, flow_date, {{ whole_sum('cost') }} as cost, {{ whole_sum('benefit') }} as benefit
    from part
    group by project_id, flow_date
)

select * from final
{%- endmacro %}

{#- The select of what each scope costs and brings on each date, by one basis. -#}
{% macro value_flow(basis) -%}
with flow as (
    select * from {{ ref(basis ~ '_flow') }}
),

member as (
    select * from {{ ref('value_member') }}
),

dated as (
    select member.scope_number, member.base_date, flow.flow_date, flow.cost, flow.benefit
    from flow
    inner join member on flow.project_id = member.project_id and member.scope = 'project'
    union all
    select
        member.scope_number,
        member.base_date,
        flow.flow_date,
        {{ whole_sum('flow.cost') }} as cost,
        {{ whole_sum('flow.benefit') }} as benefit
    from flow
    inner join member on flow.project_id = member.project_id and member.scope <> 'project'
    group by member.scope_number, member.base_date, flow.flow_date
),

schedule as (
    select distinct valid_from, valid_to from {{ ref('discount_band') }}
),

final as (
    select
        dated.*,
        dated.cost * curve.discount_factor as present_cost,
        dated.benefit * curve.discount_factor as present_benefit,
        sum(dated.benefit - dated.cost) over (partition by dated.scope_number order by dated.flow_date) as cumulative,
        sum(abs(dated.benefit) + abs(dated.cost)) over (partition by dated.scope_number order by dated.flow_date)
            as turnover
    from dated
    left join schedule on dated.base_date between schedule.valid_from and schedule.valid_to
    left join {{ ref('discount_curve') }} as curve
        on
            schedule.valid_from = curve.valid_from
            and {{ days_between('dated.base_date', 'dated.flow_date') }} = curve.days
)

select * from final
{%- endmacro %}

{#- The select of what each scope's flows return, by one basis. -#}
{% macro value_return(basis) -%}
with flowing as (
    select distinct project_id from {{ ref(basis ~ '_flow') }}
),

costed as (
    select distinct project_id from {{ ref('cost_flow') }} where basis = '{{ basis }}'
),

scope as (
    select
        member.scope_number,
        member.scope,
        member.scope_id,
        count(costed.project_id) > 0 as has_cost,
        count(costed.project_id) > 0 and count(costed.project_id) = count(flowing.project_id) as is_cost_known
    from {{ ref('value_member') }} as member
    left join flowing on member.project_id = flowing.project_id
    left join costed on member.project_id = costed.project_id
    group by member.scope_number, member.scope, member.scope_id
),

flow as (
    select * from {{ ref(basis ~ '_value_flow') }}
),

owing as (
    select scope_number, min(flow_date) as negative_on
    from flow
    where {{ less_than('cumulative', '0.0', 'turnover') }}
    group by scope_number
),

summed as (
    select
        flow.scope_number,
        {{ whole_sum('flow.cost') }} as cost,
        {{ whole_sum('flow.present_cost') }} as present_cost,
        {{ whole_sum('flow.present_benefit') }} as present_benefit,
        min(
            case
                when flow.flow_date > owing.negative_on and {{ at_least('flow.cumulative', '0.0', 'flow.turnover') }}
                    then flow.flow_date
            end
        ) as payback_date
    from flow
    left join owing on flow.scope_number = owing.scope_number
    group by flow.scope_number
),

final as (
    select
        scope.scope,
        scope.scope_id,
        scope.has_cost,
        case when scope.has_cost then summed.cost end as cost,
        case when scope.is_cost_known then summed.present_cost end as present_cost,
        summed.present_benefit,
        case when scope.is_cost_known then summed.present_benefit - summed.present_cost end as npv,
        case when scope.is_cost_known then summed.present_benefit / nullif(summed.present_cost, 0) end as bcr,
        case
            when scope.is_cost_known
                then (summed.present_benefit - summed.present_cost) / nullif(summed.present_cost, 0)
        end as roi,
        case
            when scope.is_cost_known and summed.present_benefit - summed.present_cost is not null
                then summed.payback_date
        end as payback_date
    from scope
    left join summed on scope.scope_number = summed.scope_number
)

select * from final
{%- endmacro %}

{#- The select of a mart that values the projects of each programme or portfolio together. -#}
{% macro group_value(scope) -%}
{%- set earned = ['pv', 'ev', 'ac', 'sv', 'cv', 'spi', 'cpi', 'eac', 'etc', 'vac', 'tcpi'] %}
with planned as (
    select * from {{ ref('planned_return') }} where scope = '{{ scope }}'
),

forecast as (
    select * from {{ ref('forecast_return') }} where scope = '{{ scope }}'
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
