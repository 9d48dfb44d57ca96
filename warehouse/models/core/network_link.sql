-- One row per dependency, with its ends' keys in the network and its effective weight.
-- 3-benefits.md, 3.3: an edge without a weight shares what the others into its end leave of 1; more than 1 is divided
-- by the sum.
with dependency as (
    select
        *,
        from_type || ':' || from_id as from_node,
        to_type || ':' || to_id as to_node
    from {{ ref('dependency') }}
),

node as (
    select * from {{ ref('network_place') }}
),

settled as (
    select
        to_node,
        sum(weight) as weight_sum,
        sum(case when weight is null then 1 else 0 end) as unweighted
    from dependency
    group by to_node
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
    inner join settled on dependency.to_node = settled.to_node
),

final as (
    select
        weighed.from_type,
        weighed.from_id,
        weighed.to_type,
        weighed.to_id,
        weighed.from_node,
        weighed.to_node,
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
    left join node as from_end on weighed.from_node = from_end.node
    left join node as to_end on weighed.to_node = to_end.node
)

select * from final
