-- One row per project: whether it is one to select, and what it counts for.
-- 3-benefits.md, 3.7: value = forecast NPV x alignment, the sum of objective weight x share; 1 where no objective has one.
with project as (
    select * from {{ ref('project') }}
),

forecast as (
    select * from {{ ref('forecast_return') }} where scope = 'project'
),

weighted as (
    select * from {{ ref('objective') }} where weight is not null
),

share as (
    select * from {{ ref('network_reach') }} where origin_type = 'output' and node_type = 'objective'
),

aligned as (
    select
        output.project_id,
        sum(cast(weighted.weight as double) * share.share) as alignment
    from share
    inner join weighted on share.node_id = weighted.objective_id
    inner join {{ ref('output') }} as output on share.origin_id = output.output_id
    group by output.project_id
),

valued as (
    select
        project.project_id,
        project.name as project_name,
        project.stage,
        forecast.npv as forecast_npv,
        forecast.cost as forecast_cost,
        case
            when not exists (select 1 from weighted) then 1.0
            else coalesce(aligned.alignment, 0.0)
        end as alignment,
        coalesce(project.stage in ('idea', 'business_case'), false) as is_candidate
    from project
    left join forecast on project.project_id = forecast.scope_id
    left join aligned on project.project_id = aligned.project_id
),

final as (
    select
        *,
        forecast_npv * alignment as value
    from valued
)

select * from final
