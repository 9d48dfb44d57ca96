-- One row per node of the network: outputs, outcomes, benefits and objectives (3-benefits.md, 3.3).
-- A node reaches what a path of edges that carry leads to; itself does not count.
with place as (
    select * from {{ ref('network_place') }}
),

link as (
    select * from {{ ref('network_edge') }}
),

edge as (
    select * from link where carries
),

start as (
    select node_type as start, node from place where node_type <> 'outcome'
),

back_start as (
    select * from start where start in ('benefit', 'objective')
),

forth_start as (
    select * from start where start = 'output'
),

leads_to as (
    {{ reached_nodes('back_start', 'edge', 'to_node', 'from_node') }}
),

comes_from as (
    {{ reached_nodes('forth_start', 'edge') }}
),

weighed as (
    select to_node as node, max(weight_sum) as weight_sum from link group by to_node
),

final as (
    select
        place.node_type,
        place.node_id,
        place.node_name,
        weighed.weight_sum,
        place.node_type <> 'objective' and coalesce({{ greater_than('weighed.weight_sum', 1) }}, false)
            as is_over_attributed,
        cycle.node is not null as is_cyclic,
        to_benefit.node is not null as reaches_benefit,
        to_objective.node is not null as reaches_objective,
        comes_from.node is not null as has_upstream_output
    from place
    left join weighed on place.node = weighed.node
    left join {{ ref('network_cycle') }} as cycle on place.node = cycle.node
    left join leads_to as to_benefit on place.node = to_benefit.node and to_benefit.start = 'benefit'
    left join leads_to as to_objective on place.node = to_objective.node and to_objective.start = 'objective'
    left join comes_from on place.node = comes_from.node
)

select * from final
