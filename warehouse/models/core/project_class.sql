-- One row per measure (cost, duration) and type of finished projects, and one per measure for all types.
-- 3-benefits.md, 3.7: own optimism. Projects without a type are a class of their own.
with ratio as (
    {%- for measure in ['cost', 'duration'] %}
    select '{{ measure }}' as measure, project_type, {{ measure }}_ratio as ratio
    from {{ ref('project_ratio') }}
    where {{ measure }}_ratio is not null
    {{ 'union all' if not loop.last }}
    {%- endfor %}
),

final as (
    select
        measure,
        project_type,
        grouping(project_type) = 1 as is_all,
        count(*) as n,
        {{ quantile('ratio', 0.1) }} as p10,
        {{ quantile('ratio', 0.5) }} as p50,
        {{ quantile('ratio', 0.8) }} as p80,
        {{ quantile('ratio', 0.9) }} as p90
    from ratio
    group by grouping sets ((measure, project_type), (measure))
)

select * from final
