-- One row per project, basis (planned, forecast, actual), date and currency: what it costs then.
-- 3-benefits.md, 3.7: its costs by month; a forecast is what was spent in a month that has ended, else what was planned.
-- Without any, the budget, the estimate at completion, and what the latest status says was spent.
with project as (
    select * from {{ ref('project') }}
),

month as (
    select
        project_id,
        currency,
        {{ period_end("'month'", 'period_start') }} as flow_date,
        cast(planned_cost as double) as planned_cost,
        case when {{ period_end("'month'", 'period_start') }} <= {{ as_of() }} then cast(actual_cost as double) end
            as actual_cost
    from {{ ref('cost') }}
),

unitemised as (
    select
        project.project_id,
        project.currency,
        project.baseline_finish,
        coalesce(project.forecast_finish, project.baseline_finish) as finish,
        cast(project.budget as double) as budget,
        coalesce(earned.eac, cast(project.budget as double)) as estimate,
        earned.ac,
        earned.status_date
    from project
    left join {{ ref('project_earned_value') }} as earned on project.project_id = earned.project_id
    where project.project_id not in (select month.project_id from month)
),

part as (
    select project_id, 'planned' as basis, flow_date, currency, planned_cost as amount from month
    union all
    select project_id, 'forecast' as basis, flow_date, currency, coalesce(actual_cost, planned_cost) as amount from month
    union all
    select project_id, 'actual' as basis, flow_date, currency, actual_cost as amount from month
    union all
    select project_id, 'planned' as basis, baseline_finish as flow_date, currency, budget as amount from unitemised
    union all
    select project_id, 'forecast' as basis, finish as flow_date, currency, estimate as amount from unitemised
    union all
    select project_id, 'actual' as basis, status_date as flow_date, currency, ac as amount from unitemised
),

summed as (
    select project_id, basis, flow_date, currency, sum(amount) as amount
    from part
    where flow_date is not null and amount is not null
    group by project_id, basis, flow_date, currency
),

final as (
    select
        summed.*,
        summed.amount * {{ fx_rate('summed.currency') }} as amount_reporting
    from summed
    {{ fx_join('summed.currency', 'summed.flow_date') }}
)

select * from final
