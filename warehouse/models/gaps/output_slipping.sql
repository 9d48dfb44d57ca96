-- One row per undelivered output of an approved, uncancelled project, not yet due, that is forecast late.
-- 3-benefits.md, 3.8: OUTPUT_SLIPPING (delivery).
with outputs as (
    select * from {{ ref('output') }}
),

statuses as (
    select
        *,
        {{ days_between('baseline_date', 'forecast_date') }} as forecast_slip_days,
        {{ gap_threshold('OUTPUT_SLIPPING') }} as threshold
    from {{ ref('output_status') }}
    where
        coalesce(project_stage, '') not in ('cancelled', 'idea', 'business_case')
        and not is_delivered
        and baseline_date >= {{ as_of() }}
),

flagged as (
    select
        statuses.*,
        {{ source_rows([source_row('output', 'outputs')]) }} as source_rows
    from statuses
    inner join outputs on statuses.output_id = outputs.output_id
    where statuses.forecast_slip_days > statuses.threshold
),

final as (
    select
        {{ output_gap_columns(
            'OUTPUT_SLIPPING',
            message=sentence(
                '{output_name} is forecast for {forecast_date:date}, {forecast_slip_days:days} after its baseline of'
                ~ ' {baseline_date:date}, where {threshold:number} are tolerated.'
            ),
            evidence=gap_evidence(['baseline_date', 'forecast_date', 'forecast_slip_days', 'threshold'])
        ) }}
    from flagged
)

select * from final
