-- One row per benefit, live or verified, of whose measure the next period is overdue.
-- 3-benefits.md, 3.8: STALE_MEASURE (measurement, BD).
with benefits as (
    select * from {{ ref('benefit_subject') }}
    where not is_ended and not is_solely_cancelled and start_date is not null
),

unmeasured as (
    select * from {{ ref('delivered_not_measured') }}
),

measured as (
    select * from {{ ref('kpi_latest') }}
),

-- The next period ending on or after the start holds the later of the day after the last measured one and the start.
next_period as (
    select
        benefits.*,
        measured.period_end as last_measured,
        {{ period_end(
            'benefits.frequency', 'greatest(benefits.start_date, ' ~ add_days('measured.period_end', 1) ~ ')'
        ) }} as next_period_end,
        {{ source_rows([source_row('benefit', 'benefits'), source_row('kpi_reading', 'measured')]) }} as source_rows
    from benefits
    inner join measured on benefits.kpi_id = measured.kpi_id and benefits.dimension = measured.dimension
),

flagged as (
    select
        next_period.*,
        {{ days_between('next_period.next_period_end', as_of()) }} as days_waiting
    from next_period
    left join unmeasured on next_period.benefit_id = unmeasured.benefit_id
    where
        unmeasured.benefit_id is null
        and {{ add_days('next_period.next_period_end', 'next_period.grace_days') }} < {{ as_of() }}
),

final as (
    select
        {{ benefit_gap_columns(
            'STALE_MEASURE',
            message=sentence(
                '{kpi_name}, by which {benefit_name} is measured, was last read for the {frequency} to'
                ~ ' {last_measured:date}; the next ended on {next_period_end:date}, {days_waiting:days} ago, where'
                ~ ' {grace_days:number} are allowed.'
            ),
            evidence=gap_evidence(
                ['kpi_id', 'dimension', 'last_measured', 'next_period_end', 'days_waiting', 'grace_days']
            )
        ) }}
    from flagged
)

select * from final
