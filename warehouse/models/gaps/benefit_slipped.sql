-- One row per live benefit, disbenefits apart, that the lateness of its outputs delays by more than the threshold.
-- 3-benefits.md, 3.8: BENEFIT_SLIPPED (forecast, B); at stake is what that costs to its end, discounted to as_of (3.7).
with benefits as (
    select
        *,
        {{ gap_threshold('BENEFIT_SLIPPED') }} as threshold
    from {{ ref('benefit_subject') }}
    where is_live and kind = 'benefit'
),

periods as (
    select
        schedule.benefit_id,
        case when schedule.delivery_gap_amount = 0 then 0 else schedule.delivery_gap_amount_reporting end as amount,
        discounts.discount_factor
    from {{ ref('benefit_schedule') }} as schedule
    inner join {{ ref('discount_factor') }} as discounts on schedule.period_end = discounts.period_end
),

lost as (
    select
        benefit_id,
        -- A sum with a part that has no exchange rate is unknown.
        case when count(*) = count(amount) then sum(amount * discount_factor) end as amount_lost
    from periods
    group by benefit_id
),

flagged as (
    select
        benefits.*,
        deliveries.delay_days,
        deliveries.enabled_on,
        enabling.enabling_last,
        lost.amount_lost,
        {{ source_rows([source_row('benefit', 'benefits')], 'enabling.output_rows') }} as source_rows
    from benefits
    inner join {{ ref('benefit_delivery') }} as deliveries on benefits.benefit_id = deliveries.benefit_id
    left join {{ ref('benefit_enabling') }} as enabling on benefits.benefit_id = enabling.benefit_id
    left join lost on benefits.benefit_id = lost.benefit_id
    where deliveries.delay_days > benefits.threshold
),

final as (
    select {{ benefit_gap_columns(
        'BENEFIT_SLIPPED',
        message=sentence(
            '{benefit_name} comes {delay_days:days} late, as the last of the outputs it needs[, {enabling_last},]'
            ~ ' enables it on {enabled_on:date}; {threshold:number} are tolerated[, and {amount_lost:money} of benefit'
            ~ ' is lost].'
        ),
        evidence=gap_evidence(
            ['start_date', 'end_date', 'enabled_on', 'delay_days', 'threshold', 'enabling_last', 'amount_lost']
        ),
        amount_at_stake='amount_lost'
    ) }}
    from flagged
)

select * from final
