-- One row per output.
-- 3-benefits.md, 3.4: `resolved_date` is its current date; 3.3: undelivered outputs of cancelled projects are lost.
with output as (
    select * from {{ ref('output') }}
),

project as (
    select * from {{ ref('project') }}
),

dated as (
    select
        output.output_id,
        output.name as output_name,
        output.project_id,
        project.stage as project_stage,
        output.baseline_date,
        output.forecast_date,
        output.delivered_date,
        case
            when output.delivered_date is not null then output.delivered_date
            when coalesce(output.forecast_date, output.baseline_date) > {{ as_of() }}
                then coalesce(output.forecast_date, output.baseline_date)
            else {{ as_of() }}
        end as resolved_date,
        output.delivered_date is not null as is_delivered,
        output.delivered_date is null and coalesce(project.stage = 'cancelled', false) as is_lost,
        {{ days_between('output.baseline_date', 'output.forecast_date') }} as forecast_slip_days
    from output
    left join project on output.project_id = project.project_id
),

final as (
    select
        output_id,
        output_name,
        project_id,
        project_stage,
        baseline_date,
        forecast_date,
        delivered_date,
        resolved_date,
        is_delivered,
        is_lost,
        case
            when is_delivered then 'delivered'
            when is_lost then 'cancelled'
            when baseline_date < {{ as_of() }} then 'overdue'
            when forecast_slip_days > {{ gap_threshold('OUTPUT_SLIPPING') }} then 'slipping'
            else 'on_plan'
        end as output_status,
        case
            when not is_lost then {{ days_between('baseline_date', 'resolved_date') }}
        end as slip_days
    from dated
)

select * from final
