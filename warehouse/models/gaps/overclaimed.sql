-- One row per live benefit, disbenefits apart, that claims more than its share of what was measured supports.
-- 3-benefits.md, 3.8: OVERCLAIMED (realisation, B); the message names the period with the greatest excess, at stake is the
-- excess of all.
with compared as (
    select
        claims.*,
        split.actual_improvement,
        split.attributable_improvement,
        split.attributable_high,
        split.counterfactual_used,
        split.evidence_grade,
        split.value_scale,
        claims.kpi_share * (
            greatest(0.0, split.actual_improvement, coalesce(split.attributable_improvement, 0.0)) + claims.slack
        ) as measured_bound,
        claims.kpi_share * split.attributable_high as attributable_bound,
        claims.unit_value * {{ fx_rate('claims.currency') }} as unit_amount
    from {{ ref('claim_subject') }} as claims
    inner join {{ ref('benefit_split') }} as split
        on claims.benefit_id = split.benefit_id and claims.period_start = split.period_start
    {{ fx_join('claims.currency', 'claims.period_end') }}
    where claims.is_live and split.actual_improvement is not null
),

bounded as (
    select
        *,
        greatest(0.0, least(measured_bound, coalesce(attributable_bound, measured_bound))) as supported
    from compared
    where
        {{ greater_than('claimed_own', 'measured_bound', 'value_scale * kpi_share') }}
        or coalesce({{ greater_than('claimed_own', 'attributable_bound', 'value_scale * kpi_share') }}, false)
),

exceeding as (
    select
        *,
        claimed_own - supported as excess,
        (claimed_own - supported) * unit_amount as excess_amount,
        row_number() over (partition by benefit_id order by claimed_own - supported desc, period_start desc) as place,
        {{ source_rows([source_row('kpi_reading', prefix='reading_')], 'claim_rows') }} as period_rows
    from bounded
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
                ~ ' most: {excess:number} too much[, and too much for {more_periods:of other period}][, worth'
                ~ ' {amount_exceeded:money} in all].'
            ),
            evidence=gap_evidence(
                [
                    'kpi_id', 'dimension', 'period_end', 'claimed_own', 'claimed_amount', 'currency', 'kpi_share',
                    'actual_improvement', 'attributable_improvement', 'attributable_high', 'counterfactual_used',
                    'evidence_grade', 'slack', 'supported', 'excess', 'periods_claimed', 'amount_exceeded'
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
