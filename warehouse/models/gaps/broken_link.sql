-- One row per dependency of which an end is missing.
-- 3-benefits.md, 3.8: BROKEN_LINK (linkage).
with links as (
    select
        *,
        from_type || ' ' || from_id as from_end,
        to_type || ' ' || to_id as to_end
    from {{ ref('dependency') }}
),

edges as (
    select * from {{ ref('network_edge') }}
    where is_broken
),

nodes as (
    select * from {{ ref('network_node') }}
),

flagged as (
    select
        links.*,
        coalesce(origin.node_name, links.from_end) || ' > '
        || coalesce(target.node_name, links.to_end) as link_name,
        case
            when origin.node_id is null and target.node_id is null then links.from_end || ' and ' || links.to_end
            when origin.node_id is null then links.from_end
            else links.to_end
        end as missing_end,
        outputs.project_id,
        outputs.output_id,
        case
            when target.node_type = 'benefit' then target.node_id
            when origin.node_type = 'benefit' then origin.node_id
        end as benefit_id,
        {{ source_rows([source_row('dependency', 'links')]) }} as source_rows
    from edges
    inner join links
        on
            edges.from_type = links.from_type and edges.from_id = links.from_id
            and edges.to_type = links.to_type and edges.to_id = links.to_id
    left join nodes as origin on edges.from_type = origin.node_type and edges.from_id = origin.node_id
    left join nodes as target on edges.to_type = target.node_type and edges.to_id = target.node_id
    left join {{ ref('output_status') }} as outputs on edges.from_type = 'output' and edges.from_id = outputs.output_id
),

gap as (
    select
        {{ gap_columns(
            'BROKEN_LINK', "'edge'", "from_type || ':' || from_id || '>' || to_type || ':' || to_id", 'link_name',
            message=sentence(
                'The link from {from_end} to {to_end} carries nothing[ of its {weight:percent}], because nothing is'
                ~ ' known of {missing_end}.'
            ),
            evidence=gap_evidence(['from_type', 'from_id', 'to_type', 'to_id', 'weight', 'lag_days', 'missing_end']),
            project_id='project_id', benefit_id='benefit_id', output_id='output_id'
        ) }}
    from flagged
),

-- Links whose names run into each other (output A > benefit 'B>benefit:C', output 'A>benefit:B' > benefit C)
-- are one subject: one gap stands for both.
final as (
    select * from gap
    qualify row_number() over (partition by subject_id order by message) = 1
)

select * from final
