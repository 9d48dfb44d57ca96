-- One row per measure and reference class, and one per measure and kind for all classes of it.
-- 3-benefits.md, 3.7: how actual ÷ rephased improvement is distributed over matured benefits.
with final as (
    select
        'realisation' as measure,
        kind,
        category as reference_class,
        is_all,
        n,
        p10,
        p50,
        p80,
        p90
    from {{ ref('realisation_class') }}
)

select * from final
