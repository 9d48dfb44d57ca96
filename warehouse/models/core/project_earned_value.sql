-- One row per project with a status: its earned value by the latest one, in the project's currency.
-- 3-benefits.md, 3.7: EAC = BAC ÷ CPI, BAC the budget; what divides by nothing is unknown.
with latest as (
    select *
    from {{ ref('project_status') }}
    qualify row_number() over (partition by project_id order by status_date desc) = 1
),

reported as (
    select
        project.project_id,
        project.currency,
        latest.status_date,
        cast(project.budget as double) as bac,
        cast(latest.planned_value as double) as pv,
        cast(latest.earned_value as double) as ev,
        cast(latest.actual_cost as double) as ac,
        latest._feed,
        latest._batch_id,
        latest._row
    from latest
    inner join {{ ref('project') }} as project on latest.project_id = project.project_id
),

final as (
    select
        reported.*,
        {{ earned_value('reported') }},
        {{ fx_rate('reported.currency') }} as rate_to_reporting
    from reported
    {{ fx_join('reported.currency', 'reported.status_date') }}
)

select * from final
