-- One row per project in delivery that has earned too little of what was planned by now.
-- 3-benefits.md, 3.8: BEHIND_SCHEDULE (delivery); the latest SPI that there is.
with projects as (
    select
        *,
        {{ gap_threshold('BEHIND_SCHEDULE') }} as threshold
    from {{ ref('project') }}
    where stage = 'delivery'
),

latest as (
    select * from {{ ref('project_performance') }}
),

flagged as (
    select
        projects.*,
        latest.spi,
        latest.spi_date,
        latest.earned_value,
        latest.planned_value,
        {{ source_rows([
            source_row('project', 'projects'), source_row('project_status', 'latest', 'spi_')
        ]) }} as source_rows
    from projects
    inner join latest on projects.project_id = latest.project_id
    where {{ less_than('latest.spi', 'projects.threshold') }}
),

final as (
    select
        {{ project_gap_columns(
            'BEHIND_SCHEDULE',
            message=sentence(
                '{name} has done {earned_value:money currency} of the {planned_value:money currency} of work planned by'
                ~ ' {spi_date:date}: {spi:number} of the plan, where {threshold:number} is the least accepted.'
            ),
            evidence=gap_evidence(['spi', 'spi_date', 'threshold', 'earned_value', 'planned_value', 'currency'])
        ) }}
    from flagged
)

select * from final
