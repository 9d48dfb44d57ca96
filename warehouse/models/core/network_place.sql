-- One row per output, outcome, benefit and objective: the nodes of the network (3-benefits.md, 3.3).
-- An id is unique within its type only. `node` numbers them in the order of type and id: the network's models go by these
-- numbers, many times faster than by the texts.
with named as (
    select 'output' as node_type, output_id as node_id, name as node_name from {{ ref('output') }}
    union all
    select 'outcome' as node_type, outcome_id as node_id, name as node_name from {{ ref('outcome') }}
    union all
    select 'benefit' as node_type, benefit_id as node_id, name as node_name from {{ ref('benefit') }}
    union all
    select 'objective' as node_type, objective_id as node_id, name as node_name from {{ ref('objective') }}
),

final as (
    select
        *,
        row_number() over (order by node_type || ':' || node_id) as node
    from named
)

select * from final
