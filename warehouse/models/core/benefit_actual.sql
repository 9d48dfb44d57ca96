{{ config(materialized='view') }}
-- One row per benefit and KPI period from the one holding start_date to its end or the last that counts: what came.
-- 3-benefits.md, 3.5: actual improvement, beside what was planned. `value_scale` is the greatest of the KPI values
-- that the improvements are differences of: their last bits are noise relative to it.
with schedule as (
    select * from {{ ref('benefit_schedule') }} where counts
),

benefit_plan as (
    select * from {{ ref('benefit_plan') }}
),

kpi_period as (
    select * from {{ ref('kpi_period') }}
),

measured as (
    select
        schedule.*,
        benefit_plan.kind,
        benefit_plan.kpi_id,
        benefit_plan.dimension,
        benefit_plan.has_curve,
        benefit_plan.slack,
        benefit_plan.full_improvement,
        kpi_period.value as actual_value,
        coalesce(kpi_period.coverage, 0.0) as coverage,
        coalesce(kpi_period.is_measured, false) as is_measured,
        schedule.improvement_sign * (kpi_period.value - schedule.reference_value) as actual_improvement,
        kpi_period._feed,
        kpi_period._batch_id,
        kpi_period._row
    from schedule
    inner join benefit_plan on schedule.benefit_id = benefit_plan.benefit_id
    left join kpi_period
        on
            benefit_plan.kpi_id = kpi_period.kpi_id
            and benefit_plan.dimension = kpi_period.dimension
            and schedule.period_start = kpi_period.period_start
),

final as (
    select
        *,
        rephased_improvement - actual_improvement as realisation_gap,
        planned_improvement - actual_improvement as total_gap,
        greatest(abs(planned_value), abs(rephased_value), abs(reference_value), coalesce(abs(actual_value), 0.0))
            as value_scale
    from measured
)

select * from final
