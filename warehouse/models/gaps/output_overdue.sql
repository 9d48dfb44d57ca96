-- One row per undelivered output of an approved, uncancelled project whose baseline date has passed.
-- 3-benefits.md, 3.8: OUTPUT_OVERDUE (delivery).
with outputs as (
    select * from {{ ref('output') }}
),

statuses as (
    select * from {{ ref('output_status') }}
    where coalesce(project_stage, '') not in ('cancelled', 'idea', 'business_case')
),

waiting as (
    select
        output_id,
        count(*) as benefits_waiting
    from {{ ref('output_share') }}
    group by output_id
),

flagged as (
    select
        statuses.*,
        {{ days_between('statuses.baseline_date', as_of()) }} as days_overdue,
        coalesce(waiting.benefits_waiting, 0) as benefits_waiting,
        {{ source_rows([source_row('output', 'outputs')]) }} as source_rows
    from statuses
    inner join outputs on statuses.output_id = outputs.output_id
    left join waiting on statuses.output_id = waiting.output_id
    where not statuses.is_delivered and statuses.baseline_date < {{ as_of() }}
),

final as (
    select
        {{ output_gap_columns(
            'OUTPUT_OVERDUE',
            message=sentence(
                '{output_name} was due on {baseline_date:date} and is {days_overdue:days} overdue[, last forecast for'
                ~ ' {forecast_date:date}]; {benefits_waiting:of benefit} downstream.'
            ),
            evidence=gap_evidence(['baseline_date', 'forecast_date', 'days_overdue', 'benefits_waiting'])
        ) }}
    from flagged
)

select * from final
