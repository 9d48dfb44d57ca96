-- One row per live benefit, disbenefits apart, that claims for a period whose measurement is overdue.
-- 3-benefits.md, 3.8: CLAIM_WITHOUT_EVIDENCE (realisation, B); the message names the latest such claim.
with unmeasured as (
    select
        *,
        {{ days_between('period_end', as_of()) }} as days_waiting,
        {{ source_rows([source_row('kpi_reading', prefix='reading_')], 'claim_rows') }} as period_rows
    from {{ ref('claim_subject') }}
    where is_live and not is_measured and {{ add_days('period_end', 'grace_days') }} < {{ as_of() }}
),

gathered as (
    select
        benefit_id as unmeasured_id,
        max(period_start) as latest_start,
        count(*) as periods_claimed,
        nullif(count(*) - 1, 0) as more_periods,
        {{ record_lists('period_rows') }} as unmeasured_rows
    from unmeasured
    group by benefit_id
),

final as (
    select
        {{ benefit_gap_columns(
            'CLAIM_WITHOUT_EVIDENCE',
            message=sentence(
                '{benefit_name} claims {claimed} for {claimed_for}[, and more for {more_periods:of period} before it],'
                ~ ' but {kpi_name} has no measured value for it[: {coverage:percent} of its readings came,]'
                ~ ' {days_waiting:days} after its end, where {grace_days:number} are allowed.'
            ),
            evidence=gap_evidence(
                [
                    'kpi_id', 'dimension', 'period_end', 'claimed_own', 'claimed_amount', 'currency', 'periods_claimed',
                    'coverage', 'days_waiting', 'grace_days'
                ],
                source_rows([source_row('benefit')], 'unmeasured_rows')
            )
        ) }}
    from unmeasured
    inner join gathered
        on unmeasured.benefit_id = gathered.unmeasured_id and unmeasured.period_start = gathered.latest_start
)

select * from final
