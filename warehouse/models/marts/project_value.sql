-- One row per project: what it costs, what it has earned, and what its benefits are worth, planned, realised and forecast.
-- 3-benefits.md, 3.7. Budget, earned value and the P50 and P80 of cost are in the project's currency, the rest in the reporting
-- currency.
{%- set earned = ['pv', 'ev', 'ac', 'sv', 'cv', 'spi', 'cpi', 'eac', 'etc', 'vac', 'tcpi'] %}
with planned as (
    select * from {{ ref('planned_return') }} where scope = 'project'
),

forecast as (
    select * from {{ ref('forecast_return') }} where scope = 'project'
),

member as (
    select * from {{ ref('value_member') }} where scope = 'project'
),

final as (
    select
        project.project_id,
        project.name,
        project.programme,
        project.portfolio,
        project.project_type,
        project.stage,
        project.currency,
        member.base_date,
        project.budget,
        project_cost.cost_to_date,
        forecast.cost as forecast_cost,
        {{ column_list(earned, 'earned') }},
        project_benefit.planned_benefit,
        project_benefit.realised_benefit,
        project_benefit.forecast_benefit,
        {%- for figure in ['npv', 'bcr', 'roi', 'payback_date'] %}
        planned.{{ figure }} as planned_{{ figure }},
        forecast.{{ figure }} as forecast_{{ figure }},
        {%- endfor %}
        optimism.cost_p50,
        optimism.cost_p80,
        optimism.finish_p50,
        optimism.finish_p80,
        lead_time.time_to_market_days,
        lead_time.time_to_benefit_days
    from {{ ref('project') }} as project
    inner join member on project.project_id = member.project_id
    inner join {{ ref('project_cost') }} as project_cost on project.project_id = project_cost.project_id
    inner join {{ ref('project_benefit') }} as project_benefit on project.project_id = project_benefit.project_id
    inner join {{ ref('project_lead_time') }} as lead_time on project.project_id = lead_time.project_id
    left join planned on project.project_id = planned.scope_id
    left join forecast on project.project_id = forecast.scope_id
    left join {{ ref('project_earned_value') }} as earned on project.project_id = earned.project_id
    left join {{ ref('project_optimism') }} as optimism on project.project_id = optimism.project_id
)

select * from final
