-- One row per finished project: what it cost to what it was to cost, and how long it took to how long it was to take.
-- 3-benefits.md, 3.7: own optimism; null where a part is missing or not more than 0. Both costs in the project's currency, so
-- that what its money was worth meanwhile is no overrun.
with finished as (
    select * from {{ ref('project') }} where stage = 'closed'
),

parts as (
    select
        finished.project_id,
        cost_flow.amount,
        case
            when cost_flow.currency = finished.currency then cost_flow.amount
            else cost_flow.amount_reporting / {{ fx_rate('finished.currency') }}
        end as amount_own
    from finished
    inner join {{ ref('cost_flow') }} as cost_flow on finished.project_id = cost_flow.project_id
    {{ fx_join('finished.currency', 'cost_flow.flow_date') }}
    where cost_flow.basis = 'actual'
),

spent as (
    select
        project_id,
        {{ reporting_total('amount', 'amount_own') }} as cost
    from parts
    group by project_id
),

compared as (
    select
        finished.project_id,
        finished.project_type,
        spent.cost,
        cast(finished.budget as double) as budget,
        {{ days_between('finished.actual_start', 'finished.actual_finish') }} as actual_days,
        {{ days_between('finished.baseline_start', 'finished.baseline_finish') }} as baseline_days
    from finished
    left join spent on finished.project_id = spent.project_id
),

final as (
    select
        project_id,
        project_type,
        case when cost > 0 and budget > 0 then cost / budget end as cost_ratio,
        case when actual_days > 0 and baseline_days > 0 then actual_days / cast(baseline_days as double) end
            as duration_ratio
    from compared
)

select * from final
