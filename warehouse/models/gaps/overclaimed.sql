-- One row per live benefit, disbenefits apart, that claims more than its share of what was measured supports.
-- 3-benefits.md, 3.8: OVERCLAIMED (realisation, B); the message names the period with the greatest excess, at stake is the
-- excess of all.
with exceeding as (
    select
        *,
        row_number() over (partition by benefit_id order by claimed_excess desc, period_start desc) as place
    from {{ ref('claim_excess') }}
),

gathered as (
    select
        benefit_id as exceeding_id,
        count(*) as periods_claimed,
        nullif(count(*) - 1, 0) as more_periods,
        -- A sum with a part that has no exchange rate is unknown.
        case when count(*) = count(excess_amount) then sum(excess_amount) end as amount_exceeded,
        {{ record_lists('period_rows') }} as exceeding_rows
    from exceeding
    group by benefit_id
),

final as (
    select
        {{ benefit_gap_columns(
            'OVERCLAIMED',
            message=sentence(
                '{benefit_name} claims {claimed} for {claimed_for}, where its measure supports {supported:number} at'
                ~ ' most: {claimed_excess:number} too much[, and too much for {more_periods:of other period}][, worth'
                ~ ' {amount_exceeded:money} in all].'
            ),
            evidence=gap_evidence(
                [
                    'kpi_id', 'dimension', 'period_end', 'claimed_own', 'claimed_amount', 'currency', 'kpi_share',
                    'actual_improvement', 'attributable_improvement', 'attributable_high', 'counterfactual_used',
                    'evidence_grade', 'slack', 'supported', 'claimed_excess', 'periods_claimed', 'amount_exceeded'
                ],
                source_rows([source_row('benefit')], 'exceeding_rows')
            ),
            amount_at_stake='amount_exceeded'
        ) }}
    from exceeding
    inner join gathered on exceeding.benefit_id = gathered.exceeding_id
    where exceeding.place = 1
)

select * from final
