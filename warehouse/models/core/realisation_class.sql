-- One row per kind and category of matured benefits, and one per kind for all its categories.
-- 3-benefits.md, 3.7: reference classes and how the ratios of actual to rephased improvement are distributed in them.
-- Benefits without a category are a class of their own.
with matured as (
    select * from {{ ref('matured_benefit') }}
),

members as (
    select
        kind,
        category,
        false as is_all,
        realisation_ratio
    from matured
    union all
    select
        kind,
        cast(null as {{ dbt.type_string() }}) as category,
        true as is_all,
        realisation_ratio
    from matured
),

final as (
    select
        kind,
        category,
        is_all,
        {{ distribution('realisation_ratio') }}
    from members
    group by kind, category, is_all
)

select * from final
