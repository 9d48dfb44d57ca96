{{ config(materialized='view') }}
-- One row per output and benefit that it has a path to: a shortest path, as text (4-interfaces.md, output_benefit).
-- Walked back from the benefit; where several are shortest, each step back takes the first node by name.
with recursive place as (
    select node, node_type, node_type || ':' || node_id as node_key from {{ ref('network_place') }}
),

step as (
    select share.origin, share.node, share.previous_node, place.node_type
    from {{ ref('network_share') }} as share
    inner join place as origin on share.origin = origin.node
    inner join place on share.node = place.node
    where origin.node_type = 'output'
),

walked as (
    select step.origin, step.node, step.previous_node as at_node, place.node_key as path
    from step
    inner join place on step.node = place.node
    where step.node_type = 'benefit'
    union all
    select
        walked.origin,
        walked.node,
        step.previous_node as at_node,
        place.node_key || ' > ' || walked.path as path
    from walked
    inner join step on walked.origin = step.origin and walked.at_node = step.node
    inner join place on walked.at_node = place.node
),

final as (
    select walked.origin, walked.node, place.node_key || ' > ' || walked.path as path
    from walked
    inner join place on walked.origin = place.node
    where walked.at_node = walked.origin
)

select * from final
