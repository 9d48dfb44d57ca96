-- One row per benefit, with what the gap codes about benefits ask of it.
-- 3-benefits.md, 3.8: the paragraph on live benefits.
with benefits as (
    select * from {{ ref('benefit') }}
),

plans as (
    select * from {{ ref('benefit_plan') }}
),

kpis as (
    select * from {{ ref('kpi') }}
),

projects as (
    select
        output_share.benefit_id,
        count(distinct output_status.project_id) as upstream_projects,
        min(output_status.project_id) as first_project_id
    from {{ ref('output_share') }} as output_share
    inner join {{ ref('output_status') }} as output_status on output_share.output_id = output_status.output_id
    group by output_share.benefit_id
),

final as (
    select
        benefits.benefit_id,
        coalesce(benefits.name, benefits.benefit_id) as benefit_name,
        benefits.kind,
        benefits.type as benefit_type,
        benefits.owner,
        benefits.kpi_id,
        benefits.dimension,
        kpis.name as kpi_name,
        kpis.unit as kpi_unit,
        kpis.direction as kpi_direction,
        kpis.frequency,
        kpis.grace_days,
        benefits.kpi_share,
        benefits.baseline_value,
        benefits.baseline_date,
        benefits.target_value,
        benefits.target_date,
        benefits.do_nothing_value,
        benefits.unit_value,
        benefits.start_date,
        plans.end_date,
        plans.improvement_sign,
        case plans.improvement_sign when -1 then 'lower' when 1 then 'higher' end as direction,
        plans.full_improvement,
        plans.slack,
        case when projects.upstream_projects = 1 then projects.first_project_id end as project_id,
        coalesce(plans.end_date < {{ as_of() }}, false) as is_ended,
        benefits.verified_date is not null as is_verified,
        plans.is_solely_cancelled,
        plans.is_live,
        benefits._feed,
        benefits._batch_id,
        benefits._row
    from benefits
    left join plans on benefits.benefit_id = plans.benefit_id
    left join kpis on benefits.kpi_id = kpis.kpi_id
    left join projects on benefits.benefit_id = projects.benefit_id
)

select * from final
