-- One row per live benefit, disbenefits apart, past its target date, of which no project runs any more and one is closed.
-- 3-benefits.md, 3.8: CLOSED_UNVERIFIED (forecast, B); a live benefit is not verified.
with benefits as (
    select * from {{ ref('benefit_subject') }}
    where is_live and kind = 'benefit' and target_date < {{ as_of() }}
),

upstream as (
    select distinct
        output_share.benefit_id,
        output_status.project_id
    from {{ ref('output_share') }} as output_share
    inner join {{ ref('output_status') }} as output_status on output_share.output_id = output_status.output_id
),

projects as (
    select
        upstream.benefit_id,
        count(case when project.stage = 'delivery' then 1 end) as running_projects,
        count(case when project.stage = 'closed' then 1 end) as closed_projects,
        {{ joined_text("case when project.stage = 'closed' then project.name end", 'project.project_id') }}
            as closed_project_names,
        max(case when project.stage = 'closed' then project.actual_finish end) as last_closed_on,
        {{ record_list(source_row('project', 'project')) }} as project_rows
    from upstream
    inner join {{ ref('project') }} as project on upstream.project_id = project.project_id
    group by upstream.benefit_id
),

flagged as (
    select
        benefits.*,
        projects.closed_projects,
        projects.closed_project_names,
        projects.last_closed_on,
        {{ source_rows([source_row('benefit', 'benefits')], 'projects.project_rows') }} as source_rows
    from benefits
    inner join projects on benefits.benefit_id = projects.benefit_id
    where projects.running_projects = 0 and projects.closed_projects > 0
),

final as (
    select {{ benefit_gap_columns(
        'CLOSED_UNVERIFIED',
        message=sentence(
            '{benefit_name} was to be fully there by {target_date:date}, and nobody has verified it; no project works on it any'
            ~ ' more[ since {closed_project_names} closed][ on {last_closed_on:date}].'
        ),
        evidence=gap_evidence(['target_date', 'closed_projects', 'closed_project_names', 'last_closed_on'])
    ) }}
    from flagged
)

select * from final
