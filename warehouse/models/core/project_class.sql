-- One row per measure (cost, duration) and type of finished projects, and one per measure for all types.
-- 3-benefits.md, 3.7: own optimism. Projects without a type are a class of their own.
with ratio as (
    select 'cost' as measure, project_type, cost_ratio as ratio
    from {{ ref('project_ratio') }}
    where cost_ratio is not null
    union all
    select 'duration' as measure, project_type, duration_ratio as ratio
    from {{ ref('project_ratio') }}
    where duration_ratio is not null
),

member as (
    select measure, project_type, false as is_all, ratio from ratio
    union all
    select measure, null as project_type, true as is_all, ratio from ratio
),

final as (
    select
        measure,
        project_type,
        is_all,
        {{ distribution('ratio') }}
    from member
    group by measure, project_type, is_all
)

select * from final
