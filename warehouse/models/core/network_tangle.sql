-- One row per edge that may be part of a cycle: its ends lie on a cycle or between two (3-benefits.md, 3.3).
-- Walking forwards leaves what is on or after a cycle, walking back from there what is also on or before one.
with link as (
    select from_node, to_node from {{ ref('network_link') }} where not is_broken
),

after_cycle as (
    {{ nodes_after_cycles('link', 'from_node', 'to_node') }}
),

after_link as (
    select link.from_node, link.to_node
    from link
    where
        link.from_node in (select after_cycle.node from after_cycle)
        and link.to_node in (select after_cycle.node from after_cycle)
),

tangled as (
    {{ nodes_after_cycles('after_link', 'to_node', 'from_node') }}
),

final as (
    select after_link.from_node, after_link.to_node
    from after_link
    where
        after_link.from_node in (select tangled.node from tangled)
        and after_link.to_node in (select tangled.node from tangled)
)

select * from final
