-- One row per scope (project, programme, portfolio), what is valued in it, and project that belongs to that.
-- 3-benefits.md, 3.7: the base date that its present values are discounted to, of several projects the earliest of theirs.
-- Projects that name no programme or portfolio are together in one without a name. `scope_number` stands for scope and scope_id.
with first_flow as (
    select project_id, min(flow_date) as flow_date from {{ ref('project_flow') }} group by project_id
),

based as (
    select
        project.project_id,
        coalesce(project.programme, '') as programme,
        coalesce(project.portfolio, '') as portfolio,
        coalesce(project.approved_date, project.baseline_start, first_flow.flow_date) as base_date
    from {{ ref('project') }} as project
    left join first_flow on project.project_id = first_flow.project_id
),

member as (
    select 'project' as scope, project_id as scope_id, project_id, base_date from based
    {%- for scope in ['programme', 'portfolio'] %}
    union all
    select '{{ scope }}' as scope, {{ scope }} as scope_id, project_id, min(base_date) over (partition by {{ scope }}) as base_date
    from based
    {%- endfor %}
),

final as (
    select
        *,
        cast(dense_rank() over (order by scope, scope_id) as integer) as scope_number
    from member
)

select * from final
