-- One row per project: what it has cost so far and its budget, in the reporting currency.
-- 3-benefits.md, 3.7: the months that have ended, at each month's rate; the budget at that of its baseline finish, else of
-- as_of. Nothing spent is 0 where costs are kept by month, else unknown.
with project as (
    select
        project_id,
        currency,
        cast(budget as double) as budget,
        coalesce(baseline_finish, {{ as_of() }}) as budgeted_on
    from {{ ref('project') }}
),

spent as (
    select
        project_id,
        {{ reporting_total('amount', 'amount_reporting') }} as cost_to_date
    from {{ ref('cost_flow') }}
    where basis = 'actual'
    group by project_id
),

final as (
    select
        project.project_id,
        case
            when spent.project_id is not null then spent.cost_to_date
            when project.project_id in (select cost.project_id from {{ ref('cost') }} as cost) then 0.0
        end as cost_to_date,
        coalesce(spent.project_id is not null and spent.cost_to_date is null, false) as is_spent_unconvertible,
        project.budget,
        project.budgeted_on,
        case when project.budget = 0 then 0.0 else project.budget * {{ fx_rate('project.currency') }} end
            as budget_reporting
    from project
    left join spent on project.project_id = spent.project_id
    {{ fx_join('project.currency', 'project.budgeted_on') }}
)

select * from final
