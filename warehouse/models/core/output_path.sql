-- One row per output and benefit that it has a path to: a shortest path, as text (4-interfaces.md, output_benefit).
-- Walked back from the benefit; where several are shortest, each step back takes the first node by name.
with recursive step as (
    select origin, node, steps, previous_node from {{ ref('network_share') }} where origin_type = 'output'
),

walked as (
    select origin, node, previous_node as at_node, node as path
    from step
    where node in (select place.node from {{ ref('network_place') }} as place where place.node_type = 'benefit')
    union all
    select walked.origin, walked.node, step.previous_node as at_node, walked.at_node || ' > ' || walked.path as path
    from walked
    inner join step on walked.origin = step.origin and walked.at_node = step.node
),

final as (
    select origin, node, origin || ' > ' || path as path from walked where at_node = origin
)

select * from final
