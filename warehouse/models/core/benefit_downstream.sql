-- One row per benefit with a path to an objective or to another benefit: what it serves.
-- 3-benefits.md, 3.7: a benefit with a unit_value that has another such benefit downstream is intermediate.
with share as (
    select * from {{ ref('network_share') }} where origin_type = 'benefit'
),

benefit as (
    select * from {{ ref('benefit') }}
),

final as (
    select
        share.origin_id as benefit_id,
        {{ joined_text('objective.name', 'objective.name') }} as objective,
        count(case when benefit.unit_value is not null and later.unit_value is not null then 1 end) > 0
            as is_intermediate
    from share
    inner join benefit on share.origin_id = benefit.benefit_id
    left join {{ ref('objective') }} as objective
        on case when share.node_type = 'objective' then share.node_id end = objective.objective_id
    left join benefit as later
        on case when share.node_type = 'benefit' then share.node_id end = later.benefit_id
    group by share.origin_id
)

select * from final
