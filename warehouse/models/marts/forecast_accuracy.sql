-- One row per kind, category and horizon of forecasts whose period is over and measured, and one for all categories.
-- 3-benefits.md, 3.7: what the recorded builds (4-interfaces.md, 'Builds') forecast, beside what came. A forecast of
-- nothing, or of less, is not judged.
with forecasts as (
    select
        forecast.benefit_id,
        forecast.period_start,
        forecast.period_end,
        forecast.p10_improvement,
        forecast.p50_improvement,
        forecast.p90_improvement,
        case
            when forecast.period_end <= {{ add_months('build.as_of', 3) }} then 'up to 3 months'
            when forecast.period_end <= {{ add_months('build.as_of', 6) }} then '4 to 6 months'
            else '7 to 12 months'
        end as horizon
    from {{ source('meta', 'recorded_forecast') }} as forecast
    inner join {{ ref('gap_build') }} as build on forecast.seq = build.seq
    where forecast.period_end <= {{ as_of() }}
),

outcomes as (
    select
        benefit.kind,
        benefit.category,
        forecasts.horizon,
        split.actual_improvement / forecasts.p50_improvement as ratio,
        abs(split.actual_improvement - forecasts.p50_improvement) / forecasts.p50_improvement as error_pct,
        {{ at_least('split.actual_improvement', 'forecasts.p10_improvement', 'split.value_scale') }}
        and {{ at_least('forecasts.p90_improvement', 'split.actual_improvement', 'split.value_scale') }} as is_within_fan
    from forecasts
    inner join {{ ref('benefit_split') }} as split
        on
            forecasts.benefit_id = split.benefit_id
            and forecasts.period_start = split.period_start
            and forecasts.period_end = split.period_end
    inner join {{ ref('benefit') }} as benefit on forecasts.benefit_id = benefit.benefit_id
    where
        split.actual_improvement is not null
        and {{ greater_than('forecasts.p50_improvement', '0', 'split.value_scale') }}
),

final as (
    select
        kind,
        category,
        grouping(category) = 1 as is_all,
        horizon,
        count(*) as n,
        {{ quantile('ratio', 0.5) }} as median_ratio,
        {{ quantile('ratio', 0.1) }} as p10_ratio,
        {{ quantile('ratio', 0.9) }} as p90_ratio,
        avg(error_pct) as mean_absolute_error_pct,
        avg(case when is_within_fan then 1.0 else 0.0 end) as within_fan_share
    from outcomes
    group by grouping sets ((kind, category, horizon), (kind, horizon))
)

select * from final
