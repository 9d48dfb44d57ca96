-- One row per output or benefit (the origin) and node that it has a path to.
-- 3-benefits.md, 3.3: the share sums over paths the product of weights, lag_days is the greatest sum of lags over them.
-- Nodes go by numbers in the order of their names, many times faster than by the names themselves.
with place as (
    select *, row_number() over (order by node) as number from {{ ref('network_place') }}
),

edge as (
    select
        origin.number as from_node,
        target.number as to_node,
        link.effective_weight,
        link.lag_days
    from {{ ref('network_edge') }} as link
    inner join place as origin on link.from_node = origin.node
    inner join place as target on link.to_node = target.node
    where link.carries
),

starts as (
    select number as node from place where node_type in ('output', 'benefit')
),

share_by_steps as (
    {{ propagated_shares('starts', 'edge') }}
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

final as (
    select
        origin.node_type as origin_type,
        origin.node_id as origin_id,
        place.node_type,
        place.node_id,
        origin.node as origin,
        place.node,
        share.share,
        share.lag_days,
        cast(case when share.path_count < 9e18 then share.path_count else 9e18 end as bigint) as path_count,
        share.steps,
        previous.node as previous_node
    from share
    inner join place as origin on share.origin = origin.number
    inner join place on share.node = place.number
    inner join place as previous on share.previous_node = previous.number
)

select * from final
