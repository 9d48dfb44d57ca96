-- One row per finished project: what it cost to what it was to cost, and how long it took to how long it was to take.
-- 3-benefits.md, 3.7: own optimism; null where a part is missing or not more than 0.
with finished as (
    select
        project.project_id,
        project.project_type,
        project_cost.cost_to_date,
        project_cost.budget_reporting,
        {{ days_between('project.actual_start', 'project.actual_finish') }} as actual_days,
        {{ days_between('project.baseline_start', 'project.baseline_finish') }} as baseline_days
    from {{ ref('project') }} as project
    inner join {{ ref('project_cost') }} as project_cost on project.project_id = project_cost.project_id
    where project.stage = 'closed'
),

final as (
    select
        project_id,
        project_type,
        case when cost_to_date > 0 and budget_reporting > 0 then cost_to_date / budget_reporting end as cost_ratio,
        case when actual_days > 0 and baseline_days > 0 then actual_days / cast(baseline_days as double) end
            as duration_ratio
    from finished
)

select * from final
