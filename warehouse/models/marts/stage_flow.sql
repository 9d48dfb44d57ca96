-- One row per stage of a project's life.
-- 3-benefits.md, 3.7 (stage flow): entered is left plus what is there now; medians are continuous.
with stages as (
    {% for stage in ['idea', 'business_case', 'delivery', 'closed', 'cancelled'] -%}
    select
        '{{ stage }}' as stage,
        {{ loop.index }} as stage_order
    {{ 'union all' if not loop.last }}
    {% endfor -%}
),

stays as (
    select * from {{ ref('project_stay') }}
),

final as (
    select
        stages.stage,
        cast(stages.stage_order as integer) as stage_order,
        count(case when stays.left_on is null then stays.stage end) as projects_now,
        count(stays.stage) as entered,
        count(stays.left_on) as {{ adapter.quote('left') }},
        percentile_cont(0.5) within group (order by case when stays.left_on is not null then stays.days end)
            as median_days,
        percentile_cont(0.5) within group (order by case when stays.left_on is null then stays.days end)
            as ageing_days,
        max(case when stays.left_on is null then stays.days end) as oldest_days
    from stages
    left join stays on stages.stage = stays.stage
    group by stages.stage, stages.stage_order
)

select * from final
