-- One row per dependency, with its ends' numbers in the network, null where one is missing, and its effective weight.
-- 3-benefits.md, 3.3: an edge without a weight shares what the others into its end leave of 1; more than 1 is divided
-- by the sum.
with dependency as (
    select * from {{ ref('dependency') }}
),

node as (
    select * from {{ ref('network_place') }}
),

settled as (
    select
        to_type,
        to_id,
        sum(weight) as weight_sum,
        sum(case when weight is null then 1 else 0 end) as unweighted
    from dependency
    group by to_type, to_id
),

weighed as (
    select
        dependency.*,
        settled.weight_sum,
        case
            when dependency.weight is not null then cast(dependency.weight as double)
            when settled.weight_sum is null then 1.0 / settled.unweighted
            when settled.weight_sum < 1 then (1.0 - cast(settled.weight_sum as double)) / settled.unweighted
            else 0.0
        end as weight_given
    from dependency
    inner join settled on dependency.to_type = settled.to_type and dependency.to_id = settled.to_id
),

final as (
    select
        weighed.from_type,
        weighed.from_id,
        weighed.to_type,
        weighed.to_id,
        from_end.node as from_node,
        to_end.node as to_node,
        weighed.weight,
        case
            when {{ greater_than('weighed.weight_sum', 1) }}
                then weighed.weight_given / cast(weighed.weight_sum as double)
            else weighed.weight_given
        end as effective_weight,
        weighed.weight_sum,
        weighed.lag_days,
        from_end.node is null or to_end.node is null as is_broken
    from weighed
    left join node as from_end on weighed.from_type = from_end.node_type and weighed.from_id = from_end.node_id
    left join node as to_end on weighed.to_type = to_end.node_type and weighed.to_id = to_end.node_id
)

select * from final
