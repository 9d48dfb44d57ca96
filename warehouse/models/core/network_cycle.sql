-- One row per node in a cycle, with the least node of its strongly connected component (3-benefits.md, 3.3).
-- A node whose least origin and least destination are the same node is in that one's component. Nodes where they differ
-- can only be in one with nodes of the same pair: reachability is worked out, pair by pair, inside these alone.
with tangle as (
    select * from {{ ref('network_tangle') }}
),

tangled as (
    select from_node as node from tangle
    union
    select to_node as node from tangle
),

least_before as (
    {{ least_origin('tangled', 'tangle', 'from_node', 'to_node') }}
),

least_after as (
    {{ least_origin('tangled', 'tangle', 'to_node', 'from_node') }}
),

labelled as (
    select least_before.node, least_before.label as before, least_after.label as after
    from least_before
    inner join least_after on least_before.node = least_after.node
),

unsettled_link as (
    select tangle.from_node, tangle.to_node
    from tangle
    inner join labelled as origin on tangle.from_node = origin.node
    inner join labelled as target on tangle.to_node = target.node
    where origin.before <> origin.after and origin.before = target.before and origin.after = target.after
),

unsettled as (
    select distinct from_node as start, from_node as node from unsettled_link
),

reached as (
    {{ reached_nodes('unsettled', 'unsettled_link') }}
),

component as (
    select node, before as component from labelled where before = after
    union all
    select forth.start as node, min(forth.node) as component
    from reached as forth
    inner join reached as back on forth.start = back.node and forth.node = back.start
    group by forth.start
),

sized as (
    select node, component, count(*) over (partition by component) as nodes from component
),

final as (
    select sized.node, sized.component
    from sized
    where
        sized.nodes > 1
        or sized.node in (select tangle.from_node from tangle where tangle.from_node = tangle.to_node)
)

select * from final
