{{ config(materialized='view') }}
-- One row per dependency: what it weighs and whether it carries anything.
-- 3-benefits.md, 3.3: edges inside a cycle and edges with a missing end carry nothing.
with link as (
    select * from {{ ref('network_link') }}
),

cycle as (
    select * from {{ ref('network_cycle') }}
),

flagged as (
    select
        link.*,
        coalesce(from_end.component = to_end.component, false) and not link.is_broken as is_cyclic
    from link
    left join cycle as from_end on link.from_node = from_end.node
    left join cycle as to_end on link.to_node = to_end.node
),

final as (
    select
        *,
        not is_broken and not is_cyclic as carries
    from flagged
)

select * from final
