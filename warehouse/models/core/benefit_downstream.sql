-- One row per benefit with a path to an objective or to another benefit: what it serves.
-- 3-benefits.md, 3.7: a benefit with a unit_value that has another such benefit downstream is intermediate; in what was
-- planned, one that was promised with one, before another such.
with share as (
    select * from {{ ref('network_reach') }} where origin_type = 'benefit'
),

benefit as (
    select benefit.benefit_id, benefit.unit_value, promise.unit_value as promised_unit_value
    from {{ ref('benefit') }} as benefit
    inner join {{ ref('benefit_promise') }} as promise on benefit.benefit_id = promise.benefit_id
),

final as (
    select
        share.origin_id as benefit_id,
        {{ joined_text('objective.name', 'objective.name') }} as objective,
        count(case when benefit.unit_value is not null and later.unit_value is not null then 1 end) > 0
            as is_intermediate,
        count(
            case when benefit.promised_unit_value is not null and later.promised_unit_value is not null then 1 end
        ) > 0 as is_promised_intermediate
    from share
    inner join benefit on share.origin_id = benefit.benefit_id
    left join {{ ref('objective') }} as objective
        on case when share.node_type = 'objective' then share.node_id end = objective.objective_id
    left join benefit as later
        on case when share.node_type = 'benefit' then share.node_id end = later.benefit_id
    group by share.origin_id
)

select * from final
