-- One row per outcome or benefit into which weights of more than 1 lead.
-- 3-benefits.md, 3.8: OVER_ATTRIBUTED (linkage); the sum is over all links into it, broken ones too (3.3).
with nodes as (
    select * from {{ ref('network_node') }}
    where node_type in ('outcome', 'benefit') and is_over_attributed
),

links as (
    select * from {{ ref('dependency') }}
    where weight is not null
),

flagged as (
    select
        nodes.node_type,
        nodes.node_id,
        nodes.node_name,
        max(subjects.project_id) as project_id,
        nodes.weight_sum,
        count(*) as links,
        {{ record_list(source_row('dependency', 'links')) }} as source_rows
    from nodes
    inner join links on nodes.node_type = links.to_type and nodes.node_id = links.to_id
    left join {{ ref('benefit_subject') }} as subjects
        on case when nodes.node_type = 'benefit' then nodes.node_id end = subjects.benefit_id
    group by nodes.node_type, nodes.node_id, nodes.node_name, nodes.weight_sum
),

final as (
    select
        {{ gap_columns(
            'OVER_ATTRIBUTED', 'node_type', 'node_id', 'node_name',
            message=sentence(
                'The {links:of weighted link} into {node_type} {node_name} sum to {weight_sum:weight}, more than the'
                ~ ' whole: each is scaled down so that together they make 1.'
            ),
            evidence=gap_evidence(['weight_sum', 'links']),
            project_id='project_id',
            benefit_id="case when node_type = 'benefit' then node_id end"
        ) }}
    from flagged
)

select * from final
