-- One row per node that stands in a circle of dependencies.
-- 3-benefits.md, 3.8: DEPENDENCY_CYCLE (linkage); links inside a circle carry nothing (3.3).
with nodes as (
    select * from {{ ref('network_node') }}
    where is_cyclic
),

edges as (
    select * from {{ ref('network_edge') }}
    where is_cyclic
),

links as (
    select * from {{ ref('dependency') }}
),

flagged as (
    select
        nodes.node_type,
        nodes.node_id,
        nodes.node_name,
        max(subjects.project_id) as project_id,
        count(*) as links,
        {{ joined_text("edges.to_type || ' ' || edges.to_id", "edges.to_type || ' ' || edges.to_id") }} as leads_to,
        {{ record_list(source_row('dependency', 'links')) }} as source_rows
    from nodes
    inner join edges on nodes.node_type = edges.from_type and nodes.node_id = edges.from_id
    inner join links
        on
            edges.from_type = links.from_type and edges.from_id = links.from_id
            and edges.to_type = links.to_type and edges.to_id = links.to_id
    left join {{ ref('benefit_subject') }} as subjects
        on case when nodes.node_type = 'benefit' then nodes.node_id end = subjects.benefit_id
    group by nodes.node_type, nodes.node_id, nodes.node_name
),

final as (
    select
        {{ gap_columns(
            'DEPENDENCY_CYCLE', 'node_type', 'node_id', 'node_name',
            message=sentence(
                '{node_name} leads back to itself through {leads_to}; {links:of link} from it will carry nothing until'
                ~ ' the circle is broken.'
            ),
            evidence=gap_evidence(['links', 'leads_to']),
            project_id='project_id',
            benefit_id="case when node_type = 'benefit' then node_id end",
            output_id="case when node_type = 'output' then node_id end"
        ) }}
    from flagged
)

select * from final
