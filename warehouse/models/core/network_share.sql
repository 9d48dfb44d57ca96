-- One row per output or benefit (the origin) and node that it has a path to.
-- 3-benefits.md, 3.3: the share sums over paths the product of weights, lag_days is the greatest sum of lags over them.
with edge as (
    select * from {{ ref('network_edge') }} where carries
),

origin as (
    select * from {{ ref('network_place') }} where node_type in ('output', 'benefit')
),

share_by_steps as (
    {{ propagated_shares('origin', 'edge') }}
),

share as (
    select
        origin,
        node,
        sum(share) as share,
        max(lag_days) as lag_days,
        sum(path_count) as path_count,
        min(steps) as steps,
        min_by(previous_node, steps) as previous_node
    from share_by_steps
    group by origin, node
),

place as (
    select * from {{ ref('network_place') }}
),

final as (
    select
        origin.node_type as origin_type,
        origin.node_id as origin_id,
        place.node_type,
        place.node_id,
        share.origin,
        share.node,
        share.share,
        share.lag_days,
        cast(case when share.path_count < 9e18 then share.path_count else 9e18 end as bigint) as path_count,
        share.steps,
        share.previous_node
    from share
    inner join place as origin on share.origin = origin.node
    inner join place on share.node = place.node
)

select * from final
