-- One row per benefit and KPI period whose forecast this build leaves behind, to be looked back on once the period is over.
-- 3-benefits.md, 3.7; the periods that end within a year, once in a calendar month: what an earlier build of the month has
-- recorded stands. Written to the lake where the build is recorded (4-interfaces.md, 'Builds').
with forecasts as (
    select
        benefit_id,
        period_start,
        period_end,
        p10_improvement,
        improvement as p50_improvement,
        p90_improvement
    from {{ ref('benefit_outlook') }}
    where outlook = 'forecast' and period_end <= {{ add_days(as_of(), 366) }}
),

this_month as (
    select seq from {{ ref('gap_build') }}
    where not is_this_build and {{ dbt.date_trunc('month', 'as_of') }} = {{ dbt.date_trunc('month', as_of()) }}
),

recorded as (
    select
        forecast.benefit_id,
        forecast.period_start
    from {{ source('meta', 'recorded_forecast') }} as forecast
    inner join this_month on forecast.seq = this_month.seq
),

final as (
    select forecasts.*
    from forecasts
    left join recorded
        on forecasts.benefit_id = recorded.benefit_id and forecasts.period_start = recorded.period_start
    where recorded.benefit_id is null
)

select * from final
