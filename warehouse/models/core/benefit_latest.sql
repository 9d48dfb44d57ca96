-- One row per benefit with a measured period from the one holding start_date on: the latest of them.
-- 3-benefits.md, 3.8: after the ramp where it ends on or after the curve's last knot, moved by the delay.
with figure as (
    {{ latest_measured(ref('split_figure'), 'benefit_number') }}
),

split as (
    {{ named_splits('figure') }}
),

benefit_delivery as (
    select * from {{ ref('benefit_delivery') }}
),

final as (
    select
        split.*,
        split.period_end >= benefit_delivery.ramp_end_shifted as is_after_ramp
    from split
    inner join benefit_delivery on split.benefit_id = benefit_delivery.benefit_id
)

select * from final
