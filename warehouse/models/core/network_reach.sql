{{ config(materialized='view') }}
-- One row per output or benefit (the origin) and node that it has a path to: network_share with both ends named.
with place as (
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
        share.path_count
    from {{ ref('network_share') }} as share
    inner join place as origin on share.origin = origin.node
    inner join place on share.node = place.node
)

select * from final
