-- One row per output or benefit (the origin) and node that it has a path to.
-- 3-benefits.md, 3.3: the share sums over paths the product of weights, lag_days is the greatest sum of lags over them.
-- By number throughout; network_reach names them.
with place as (
    select * from {{ ref('network_place') }}
),

edge as (
    select from_node, to_node, effective_weight, lag_days from {{ ref('network_edge') }} where carries
),

starts as (
    select node from place where node_type in ('output', 'benefit')
),

share_by_steps as (
    {{ propagated_shares('starts', 'edge') }}
),

final as (
    select
        origin,
        node,
        sum(share) as share,
        max(lag_days) as lag_days,
        cast(case when sum(path_count) < 9e18 then sum(path_count) else 9e18 end as bigint) as path_count,
        min(steps) as steps,
        min_by(previous_node, steps) as previous_node
    from share_by_steps
    group by origin, node
)

select * from final
