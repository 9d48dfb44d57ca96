{{ config(materialized='view') }}
-- One row per benefit, by its number, and KPI period from the one holding start_date to its end or the last that counts:
-- what came, beside what was planned.
with figure as (
    select * from {{ ref('schedule_figure') }} where counts
),

benefit as (
    select
        benefit_plan.benefit_id,
        benefit_plan.benefit_number,
        series.series_number
    from {{ ref('benefit_plan') }} as benefit_plan
    left join {{ ref('kpi_series') }} as series
        on benefit_plan.kpi_id = series.kpi_id and benefit_plan.dimension = series.dimension
),

final as (
    select
        benefit.benefit_id,
        figure.*,
        measured.value as actual_value,
        coalesce(measured.coverage, 0.0) as coverage,
        coalesce(measured.is_measured, false) as is_measured,
        measured.source_number,
        measured._row
    from figure
    inner join benefit on figure.benefit_number = benefit.benefit_number
    left join {{ ref('period_figure') }} as measured
        on benefit.series_number = measured.series_number and figure.period_start = measured.period_start
)

select * from final
