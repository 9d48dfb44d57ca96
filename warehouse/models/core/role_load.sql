-- One row per role and month with an allocation or a capacity.
-- 3-benefits.md, 3.7 and 3.8: cancelled projects are left out; committed is what projects in delivery plan, and the
-- quarter is the one that 3.7's free capacity is counted in.
with allocations as (
    select
        resource_allocation.*,
        project.stage
    from {{ ref('resource_allocation') }} as resource_allocation
    left join {{ ref('project') }} as project on resource_allocation.project_id = project.project_id
),

asked as (
    select
        role,
        period_start,
        sum(planned_fte) as planned_fte,
        sum(case when stage = 'delivery' then planned_fte end) as committed_fte,
        sum(actual_fte) as actual_fte
    from allocations
    where coalesce(stage, '') <> 'cancelled'
    group by role, period_start
),

offered as (
    select * from {{ ref('role_capacity') }}
),

joined as (
    select
        coalesce(asked.role, offered.role) as role,
        coalesce(asked.period_start, offered.period_start) as period_start,
        coalesce(asked.planned_fte, 0.0) as planned_fte,
        coalesce(asked.committed_fte, 0.0) as committed_fte,
        asked.actual_fte,
        offered.capacity_fte,
        offered._feed,
        offered._batch_id,
        offered._row
    from asked
    full outer join offered on asked.role = offered.role and asked.period_start = offered.period_start
),

final as (
    select
        role,
        period_start,
        {{ period_last_day("'month'", 'period_start') }} as period_end,
        {{ period_start("'quarter'", 'period_start') }} as quarter_start,
        {{ period_end("'quarter'", 'period_start') }} as quarter_end,
        planned_fte,
        committed_fte,
        actual_fte,
        capacity_fte,
        _feed,
        _batch_id,
        _row
    from joined
)

select * from final
