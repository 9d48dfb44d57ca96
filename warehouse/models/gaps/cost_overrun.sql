-- One row per project in delivery that earns too little for what it costs, or has spent more than its budget.
-- 3-benefits.md, 3.8: COST_OVERRUN (delivery); the latest CPI and actual cost that there are.
with projects as (
    select
        *,
        {{ gap_threshold('COST_OVERRUN') }} as threshold
    from {{ ref('project') }}
    where stage = 'delivery'
),

latest as (
    select * from {{ ref('project_performance') }}
),

flagged as (
    select
        projects.*,
        latest.cpi,
        latest.cpi_date,
        latest.actual_cost,
        latest.actual_cost_date,
        {{ source_rows([
            source_row('project', 'projects'),
            source_row('project_status', 'latest', 'actual_cost_'),
            'case when latest.cpi_date <> latest.actual_cost_date then '
            ~ source_row('project_status', 'latest', 'cpi_') ~ ' end'
        ]) }} as source_rows
    from projects
    inner join latest on projects.project_id = latest.project_id
    where
        {{ less_than('latest.cpi', 'projects.threshold') }}
        or {{ greater_than('latest.actual_cost', 'projects.budget') }}
),

final as (
    select
        {{ project_gap_columns(
            'COST_OVERRUN',
            message=sentence(
                '{name} has spent {actual_cost:money currency}[ of a budget of {budget:money currency}] by'
                ~ ' {actual_cost_date:date}[, and earns {cpi:number} for each 1 spent, where {threshold:number} is the'
                ~ ' least accepted].'
            ),
            evidence=gap_evidence(
                ['cpi', 'cpi_date', 'threshold', 'actual_cost', 'actual_cost_date', 'budget', 'currency']
            )
        ) }}
    from flagged
)

select * from final
