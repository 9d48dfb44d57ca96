-- One row per kind and category that benefits have: how much of what is to be expected such benefits bring.
-- 3-benefits.md, 3.7: by the class; with fewer than 5 members by all categories of the kind; with fewer again, 1.
-- `n` are the members that it rests on.
with classes as (
    select distinct
        kind,
        category
    from {{ ref('benefit') }}
),

distributions as (
    select * from {{ ref('realisation_class') }} where n >= 5
),

final as (
    select
        classes.kind,
        classes.category,
        coalesce(own.p10, everyone.p10, 1.0) as p10,
        coalesce(own.p50, everyone.p50, 1.0) as p50,
        coalesce(own.p90, everyone.p90, 1.0) as p90,
        coalesce(own.n, everyone.n, 0) as n,
        case
            when own.n is not null then 'category'
            when everyone.n is not null then 'all'
            else 'none'
        end as basis
    from classes
    left join distributions as own
        on classes.kind = own.kind and classes.category is not distinct from own.category and not own.is_all
    left join distributions as everyone on classes.kind = everyone.kind and everyone.is_all
)

select * from final
