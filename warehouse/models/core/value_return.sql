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
        member.scope_number,
        member.scope,
        member.scope_id,
        basis.basis,
        count(case when side.has_cost then 1 end) > 0 as has_cost,
        count(case when side.has_cost then 1 end) > 0 and count(case when not side.has_cost then 1 end) = 0
            as is_cost_known
    from {{ ref('value_member') }} as member
    cross join basis
    left join side on member.project_id = side.project_id and basis.basis = side.basis
    group by member.scope_number, member.scope, member.scope_id, basis.basis
),

flow as (
    select * from {{ ref('value_flow') }}
),

owing as (
    select scope_number, basis, min(flow_date) as negative_on
    from flow
    where {{ less_than('cumulative', '0.0', 'turnover') }}
    group by scope_number, basis
),

summed as (
    select
        flow.scope_number,
        flow.basis,
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
    left join owing on flow.scope_number = owing.scope_number and flow.basis = owing.basis
    group by flow.scope_number, flow.basis
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
    left join summed on costed.scope_number = summed.scope_number and costed.basis = summed.basis
)

select * from final
