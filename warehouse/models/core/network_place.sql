-- One row per output, outcome, benefit and objective: the nodes of the network (3-benefits.md, 3.3).
-- `node` is its key there, type and id, since an id is unique within its type only.
with final as (
    select 'output' as node_type, output_id as node_id, name as node_name, 'output:' || output_id as node
    from {{ ref('output') }}
    union all
    select 'outcome' as node_type, outcome_id as node_id, name as node_name, 'outcome:' || outcome_id as node
    from {{ ref('outcome') }}
    union all
    select 'benefit' as node_type, benefit_id as node_id, name as node_name, 'benefit:' || benefit_id as node
    from {{ ref('benefit') }}
    union all
    select 'objective' as node_type, objective_id as node_id, name as node_name, 'objective:' || objective_id as node
    from {{ ref('objective') }}
)

select * from final
