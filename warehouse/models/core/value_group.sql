-- One row per programme and portfolio: the values of its projects together, all in the reporting currency.
-- 3-benefits.md, 3.7: what is unknown of a project is left out, what could not be converted makes the sum unknown. Earned value
-- is of the projects of which the latest status gives all three figures.
with member as (
    select * from {{ ref('value_member') }} where scope <> 'project'
),

summed as (
    select
        member.scope,
        member.scope_id,
        min(member.base_date) as base_date,
        count(*) as projects,
        {{ reporting_total('cost.budget', 'cost.budget_reporting') }} as budget,
        case when max(case when cost.is_spent_unconvertible then 1 else 0 end) = 0 then sum(cost.cost_to_date) end
            as cost_to_date,
        {%- for total in ['planned', 'realised', 'forecast'] %}
        {{ whole_sum('benefit.' ~ total ~ '_benefit') }} as {{ total }}_benefit,
        {%- endfor %}
        {{ quantile('lead_time.time_to_market_days', 0.5) }} as time_to_market_days,
        {{ quantile('lead_time.time_to_benefit_days', 0.5) }} as time_to_benefit_days
    from member
    inner join {{ ref('project_cost') }} as cost on member.project_id = cost.project_id
    inner join {{ ref('project_benefit') }} as benefit on member.project_id = benefit.project_id
    inner join {{ ref('project_lead_time') }} as lead_time on member.project_id = lead_time.project_id
    group by member.scope, member.scope_id
),

reported as (
    select
        member.scope,
        member.scope_id,
        {%- for figure in ['pv', 'ev', 'ac'] %}
        {{ reporting_total('earned.' ~ figure, 'earned.' ~ figure ~ ' * earned.rate_to_reporting') }} as {{ figure }},
        {%- endfor %}
        {{ whole_sum('case when earned.bac = 0 then 0.0 else earned.bac * earned.rate_to_reporting end') }} as bac
    from member
    inner join {{ ref('project_earned_value') }} as earned on member.project_id = earned.project_id
    where earned.pv is not null and earned.ev is not null and earned.ac is not null
    group by member.scope, member.scope_id
),

final as (
    select
        summed.*,
        reported.pv,
        reported.ev,
        reported.ac,
        {{ earned_value('reported') }}
    from summed
    left join reported on summed.scope = reported.scope and summed.scope_id = reported.scope_id
)

select * from final
