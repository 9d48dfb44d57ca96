-- One row per live benefit that is enabled, whose first reading since is overdue, and no period since is measured.
-- 3-benefits.md, 3.8: DELIVERED_NOT_MEASURED (measurement, BD).
with benefits as (
    select * from {{ ref('benefit_subject') }}
    where is_live and start_date is not null
),

-- The first period that ends on or after both dates is the one that holds the later of them.
first_period as (
    select
        benefits.*,
        enabled.enabled_on,
        {{ period_end('benefits.frequency', 'greatest(benefits.start_date, enabled.enabled_on)') }} as first_period_end
    from benefits
    inner join {{ ref('benefit_delivery') }} as enabled on benefits.benefit_id = enabled.benefit_id
    where enabled.is_enabled
),

measured as (
    select * from {{ ref('kpi_latest') }}
),

flagged as (
    select
        first_period.*,
        measured.period_end as last_measured,
        {{ days_between('first_period.first_period_end', as_of()) }} as days_waiting,
        {{ source_rows([source_row('benefit', 'first_period')], 'enabling.output_rows') }} as source_rows
    from first_period
    left join {{ ref('benefit_enabling') }} as enabling on first_period.benefit_id = enabling.benefit_id
    left join measured on first_period.kpi_id = measured.kpi_id and first_period.dimension = measured.dimension
    where
        {{ add_days('first_period.first_period_end', 'first_period.grace_days') }} < {{ as_of() }}
        and (measured.period_end is null or measured.period_end < first_period.first_period_end)
),

final as (
    select
        {{ benefit_gap_columns(
            'DELIVERED_NOT_MEASURED',
            message=sentence(
                'All that {benefit_name} needs is in use since {enabled_on:date}, but {kpi_name} has no reading for the'
                ~ ' {frequency} to {first_period_end:date}, {days_waiting:days} ago, or since; {grace_days:days} are'
                ~ ' allowed.'
            ),
            evidence=gap_evidence(
                ['kpi_id', 'dimension', 'enabled_on', 'start_date', 'first_period_end', 'grace_days', 'last_measured']
            )
        ) }}
    from flagged
)

select * from final
