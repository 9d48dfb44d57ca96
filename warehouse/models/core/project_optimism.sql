-- One row per running project: what it will cost, in its currency, and when it will finish if it fares like the finished ones.
-- 3-benefits.md, 3.7: by projects of its type; with fewer than 5, by all; with fewer again, as budgeted and as planned.
-- A mistyped year among few makes ratios of thousands: a finish that no calendar holds is unknown.
{%- set calendar_days = 1000000 %}
with running as (
    select
        project_id,
        project_type,
        cast(budget as double) as budget,
        coalesce(actual_start, baseline_start) as started_on,
        {{ days_between('baseline_start', 'baseline_finish') }} as baseline_days
    from {{ ref('project') }}
    where stage = 'delivery'
),

candidate as (
    select
        running.project_id,
        class.measure,
        case when class.is_all then 'all' else 'type' end as basis,
        class.p50,
        class.p80
    from running
    inner join {{ ref('project_class') }} as class
        on class.is_all or running.project_type is not distinct from class.project_type
    where class.n >= 5
    qualify row_number() over (partition by running.project_id, class.measure order by class.is_all) = 1
),

cost as (
    select * from candidate where measure = 'cost'
),

duration as (
    select * from candidate where measure = 'duration'
),

final as (
    select
        running.project_id,
        coalesce(cost.basis, 'none') as cost_basis,
        coalesce(duration.basis, 'none') as duration_basis,
        running.budget * coalesce(cost.p50, 1.0) as cost_p50,
        running.budget * coalesce(cost.p80, 1.0) as cost_p80,
        {%- for level in ['p50', 'p80'] %}
        {%- set days = 'running.baseline_days * coalesce(duration.' ~ level ~ ', 1.0)' %}
        {{ add_days(
            'running.started_on',
            'cast(case when ' ~ days ~ ' < ' ~ calendar_days ~ ' then round(' ~ days ~ ') end as integer)'
        ) }} as finish_{{ level }},
        {%- endfor %}
        running.baseline_days
    from running
    left join cost on running.project_id = cost.project_id
    left join duration on running.project_id = duration.project_id
)

select * from final
