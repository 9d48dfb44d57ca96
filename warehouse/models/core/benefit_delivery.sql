-- One row per benefit: when its outputs enable it, and how many days that moves its plan.
-- 3-benefits.md, 3.4: slip that the plan's own float absorbs costs nothing; where every enabling output is lost,
-- neither.
with benefit_plan as (
    select * from {{ ref('benefit_plan') }}
),

gathered as (
    select
        benefit_id,
        count(*) as upstream_outputs,
        count(case when is_enabling then 1 end) as enabling_outputs,
        count(case when is_lost then 1 end) as lost_outputs,
        max(case when enables then works_on end) as enabled_on,
        max(case when enables then planned_on end) as baseline_enabled_on,
        count(case when enables and not is_delivered then 1 end) as awaited_outputs,
        min(intervened_on) as intervened_on
    from {{ ref('output_effect') }}
    group by benefit_id
),

expected as (
    select
        benefit_plan.benefit_id as planned_benefit_id,
        benefit_plan.ramp_end,
        gathered.*,
        case
            when gathered.baseline_enabled_on > benefit_plan.start_date then gathered.baseline_enabled_on
            else benefit_plan.start_date
        end as expected_on
    from benefit_plan
    left join gathered on benefit_plan.benefit_id = gathered.benefit_id
),

delayed as (
    select
        *,
        case
            when enabled_on is null or enabled_on <= expected_on then 0
            else {{ days_between('expected_on', 'enabled_on') }}
        end as delay_days
    from expected
),

final as (
    select
        planned_benefit_id as benefit_id,
        coalesce(upstream_outputs, 0) as upstream_outputs,
        coalesce(enabling_outputs, 0) as enabling_outputs,
        coalesce(lost_outputs, 0) as lost_outputs,
        enabled_on,
        coalesce(awaited_outputs = 0 and enabled_on <= {{ as_of() }}, false) as is_enabled,
        baseline_enabled_on,
        delay_days,
        coalesce(enabling_outputs > 0 and enabled_on is null, false) as all_lost,
        intervened_on,
        {{ add_days('ramp_end', 'delay_days') }} as ramp_end_shifted
    from delayed
)

select * from final
