-- One row per role of which some month that ends after `as_of` asks for more people than there are.
-- 3-benefits.md, 3.8: RESOURCE_OVERLOAD (resources). The worst month speaks for the others.
with overloads as (
    select
        *,
        planned_fte - capacity_fte as overload_fte,
        row_number() over (partition by role order by planned_fte - capacity_fte desc, period_start asc) as place
    from {{ ref('role_load') }}
    where period_end > {{ as_of() }} and {{ greater_than('planned_fte', 'capacity_fte') }}
),

allocations as (
    select resource_allocation.*
    from {{ ref('resource_allocation') }} as resource_allocation
    left join {{ ref('project') }} as project on resource_allocation.project_id = project.project_id
    where coalesce(project.stage, '') <> 'cancelled' and resource_allocation.planned_fte > 0
),

months as (
    select
        role,
        count(*) - 1 as other_months,
        {{ record_list(record({
            'period_start': 'period_start', 'planned_fte': 'planned_fte', 'capacity_fte': 'capacity_fte'
        })) }} as months_overloaded
    from overloads
    group by role
),

-- Who asks for the role in its worst month.
askers as (
    select
        overloads.role,
        count(*) as projects,
        {{ record_list(source_row('resource_allocation', 'allocations')) }} as allocation_rows
    from overloads
    inner join allocations
        on overloads.role = allocations.role and overloads.period_start = allocations.period_start
    where overloads.place = 1
    group by overloads.role
),

flagged as (
    select
        overloads.*,
        case when months.other_months > 0 then months.other_months end as other_months,
        months.months_overloaded,
        askers.projects,
        {{ source_rows([source_row('role_capacity', 'overloads')], 'askers.allocation_rows') }} as source_rows
    from overloads
    inner join months on overloads.role = months.role
    inner join askers on overloads.role = askers.role
    where overloads.place = 1
),

final as (
    select
        {{ gap_columns(
            'RESOURCE_OVERLOAD', "'role'", 'role', 'role',
            message=sentence(
                'The plans of {projects:of project} for the month from {period_start:date} ask for {planned_fte:number} FTE of'
                ~ ' {role}, and there are {capacity_fte:number}: {overload_fte:number} FTE too many[, and too many in'
                ~ ' {other_months:of other month} to come].'
            ),
            evidence=gap_evidence(
                ['period_start', 'planned_fte', 'capacity_fte', 'overload_fte', 'projects', 'months_overloaded']
            )
        ) }}
    from flagged
)

select * from final
