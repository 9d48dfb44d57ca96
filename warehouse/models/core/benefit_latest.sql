-- One row per benefit with a measured period from the one holding start_date on: the latest of them.
-- 3-benefits.md, 3.8: after the ramp where it ends on or after the curve's last knot, moved by the delay.
with latest as (
    select benefit_id, max(period_start) as period_start
    from {{ ref('benefit_split') }}
    where is_measured
    group by benefit_id
),

benefit_delivery as (
    select * from {{ ref('benefit_delivery') }}
),

final as (
    select
        benefit_split.*,
        benefit_split.period_end >= benefit_delivery.ramp_end_shifted as is_after_ramp
    from {{ ref('benefit_split') }} as benefit_split
    inner join latest
        on benefit_split.benefit_id = latest.benefit_id and benefit_split.period_start = latest.period_start
    inner join benefit_delivery on benefit_split.benefit_id = benefit_delivery.benefit_id
)

select * from final
