-- One row per live benefit, disbenefits apart, that claims what its outputs could not have brought yet.
-- 3-benefits.md, 3.8: CLAIMED_BEFORE_DELIVERY (realisation, B); the message names the latest such claim.
with early as (
    select
        claims.*,
        deliveries.upstream_outputs,
        deliveries.intervened_on,
        case when deliveries.intervened_on is null then deliveries.upstream_outputs end as awaited_outputs
    from {{ ref('claim_subject') }} as claims
    inner join {{ ref('benefit_delivery') }} as deliveries on claims.benefit_id = deliveries.benefit_id
    where
        claims.is_live
        and deliveries.upstream_outputs > 0
        and (deliveries.intervened_on is null or claims.period_end < deliveries.intervened_on)
),

gathered as (
    select
        benefit_id as early_id,
        max(period_start) as latest_start,
        count(*) as periods_claimed,
        nullif(count(*) - 1, 0) as more_periods,
        {{ record_lists('claim_rows') }} as early_rows
    from early
    group by benefit_id
),

final as (
    select
        {{ benefit_gap_columns(
            'CLAIMED_BEFORE_DELIVERY',
            message=sentence(
                '{benefit_name} claims {claimed} for {claimed_for}[, and more for {more_periods:of period} before it],'
                ~ ' although nothing that it rests on[ worked before {intervened_on:date}][ is delivered:'
                ~ ' {awaited_outputs:of output} in all].'
            ),
            evidence=gap_evidence(
                [
                    'kpi_id', 'period_end', 'claimed_own', 'claimed_amount', 'currency', 'periods_claimed',
                    'intervened_on', 'upstream_outputs'
                ],
                source_rows([source_row('benefit')], 'early_rows')
            )
        ) }}
    from early
    inner join gathered on early.benefit_id = gathered.early_id and early.period_start = gathered.latest_start
)

select * from final
