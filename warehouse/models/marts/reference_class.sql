-- One row per measure and reference class, and one for all classes: of a kind, of a measure of projects.
-- 3-benefits.md, 3.7: how actual ÷ rephased improvement is distributed over matured benefits, final cost ÷ budget and actual ÷
-- baseline duration over finished projects.
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
    union all
    select
        measure,
        cast(null as {{ dbt.type_string() }}) as kind,
        project_type as reference_class,
        is_all,
        n,
        p10,
        p50,
        p80,
        p90
    from {{ ref('project_class') }}
)

select * from final
