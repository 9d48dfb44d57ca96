-- One row per stage gate of an uncancelled project whose planned date has passed without an actual one.
-- 3-benefits.md, 3.8: GATE_OVERDUE (delivery).
with gates as (
    select * from {{ ref('stage_gate') }}
),

projects as (
    select * from {{ ref('project') }}
),

flagged as (
    select
        gates.project_id,
        gates.gate,
        coalesce(projects.name, gates.project_id) as project_name,
        gates.planned_date,
        {{ days_between('gates.planned_date', as_of()) }} as days_overdue,
        {{ source_rows([source_row('stage_gate', 'gates')]) }} as source_rows
    from gates
    left join projects on gates.project_id = projects.project_id
    where
        coalesce(projects.stage, '') <> 'cancelled'
        and gates.planned_date < {{ as_of() }}
        and gates.actual_date is null
),

gap as (
    select
        {{ gap_columns(
            'GATE_OVERDUE', "'gate'", "project_id || '/' || gate", "project_name || ': ' || gate",
            message=sentence(
                'Gate {gate} of {project_name} was planned for {planned_date:date} and is {days_overdue:days} overdue.'
            ),
            evidence=gap_evidence(['project_id', 'gate', 'planned_date', 'days_overdue']),
            project_id='project_id'
        ) }}
    from flagged
),

-- Gates whose names run into each other (gate 1/G of project P, gate G of project P/1)
-- are one subject: one gap stands for both.
final as (
    select * from gap
    qualify row_number() over (partition by subject_id order by message) = 1
)

select * from final
