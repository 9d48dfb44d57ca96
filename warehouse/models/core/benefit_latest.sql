-- One row per benefit with a measured period from the one holding start_date on: the latest of them.
-- 3-benefits.md, 3.8: after the ramp where it ends on or after the curve's last knot, moved by the delay.
with benefit_split as (
    select * from {{ ref('benefit_split') }} where is_measured
),

benefit_delivery as (
    select * from {{ ref('benefit_delivery') }}
),

final as (
    select
        benefit_split.*,
        benefit_split.period_end >= benefit_delivery.ramp_end_shifted as is_after_ramp
    from benefit_split
    inner join benefit_delivery on benefit_split.benefit_id = benefit_delivery.benefit_id
    qualify
        row_number() over (partition by benefit_split.benefit_id order by benefit_split.period_start desc) = 1
)

select * from final
