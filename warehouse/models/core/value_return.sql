-- One row per scope (project, programme, portfolio), what is valued in it and basis (planned, forecast): its return.
-- 3-benefits.md, 3.7: NPV, BCR, ROI and payback; unknown where a part could not be converted, no cost is known, or benefits
-- are counted of a project of which none is.
with basis as (
    select 'planned' as basis
    union all
    select 'forecast' as basis
),

side as (
    select
        project_id,
        basis,
        max(case when flow = 'cost' then 1 else 0 end) = 1 as has_cost
    from {{ ref('project_flow') }}
    group by project_id, basis
),

costed as (
    select
        member.scope,
        member.scope_id,
        basis.basis,
        count(case when side.has_cost then 1 end) > 0 as has_cost,
        count(case when side.has_cost then 1 end) > 0 and count(case when not side.has_cost then 1 end) = 0
            as is_cost_known
    from {{ ref('value_member') }} as member
    cross join basis
    left join side on member.project_id = side.project_id and basis.basis = side.basis
    group by member.scope, member.scope_id, basis.basis
),

flow as (
    select
        *,
        min(case when {{ less_than('cumulative', '0.0', 'turnover') }} then flow_date end)
            over (partition by scope, scope_id, basis) as negative_on
    from {{ ref('value_flow') }}
),

summed as (
    select
        scope,
        scope_id,
        basis,
        {{ whole_sum('cost') }} as cost,
        {{ whole_sum('present_cost') }} as present_cost,
        {{ whole_sum('present_benefit') }} as present_benefit,
        min(case when flow_date > negative_on and {{ at_least('cumulative', '0.0', 'turnover') }} then flow_date end)
            as payback_date
    from flow
    group by scope, scope_id, basis
),

final as (
    select
        costed.scope,
        costed.scope_id,
        costed.basis,
        costed.has_cost,
        case when costed.has_cost then summed.cost end as cost,
        case when costed.is_cost_known then summed.present_cost end as present_cost,
        summed.present_benefit,
        case when costed.is_cost_known then summed.present_benefit - summed.present_cost end as npv,
        case when costed.is_cost_known then summed.present_benefit / nullif(summed.present_cost, 0) end as bcr,
        case
            when costed.is_cost_known
                then (summed.present_benefit - summed.present_cost) / nullif(summed.present_cost, 0)
        end as roi,
        case
            when costed.is_cost_known and summed.present_benefit - summed.present_cost is not null
                then summed.payback_date
        end as payback_date
    from costed
    left join summed
        on costed.scope = summed.scope and costed.scope_id = summed.scope_id and costed.basis = summed.basis
)

select * from final
