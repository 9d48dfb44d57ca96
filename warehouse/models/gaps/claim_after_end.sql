-- One row per benefit, disbenefits apart, that claims for a period which starts after its end.
-- 3-benefits.md, 3.8: CLAIM_AFTER_END (realisation, B), asked of ended and verified benefits too; the message names the
-- latest such claim.
with late as (
    select * from {{ ref('claim_subject') }}
    where not is_solely_cancelled and period_start > end_date
),

gathered as (
    select
        benefit_id as late_id,
        max(period_start) as latest_start,
        count(*) as periods_claimed,
        nullif(count(*) - 1, 0) as more_periods,
        {{ record_lists('claim_rows') }} as late_rows
    from late
    group by benefit_id
),

final as (
    select
        {{ benefit_gap_columns(
            'CLAIM_AFTER_END',
            message=sentence(
                '{benefit_name} ended on {end_date:date}, but claims {claimed} for {claimed_for}[, and more for'
                ~ ' {more_periods:of period} before it].'
            ),
            evidence=gap_evidence(
                [
                    'kpi_id', 'end_date', 'period_start', 'period_end', 'claimed_own', 'claimed_amount', 'currency',
                    'periods_claimed'
                ],
                source_rows([source_row('benefit')], 'late_rows')
            )
        ) }}
    from late
    inner join gathered on late.benefit_id = gathered.late_id and late.period_start = gathered.latest_start
)

select * from final
