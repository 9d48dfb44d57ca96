-- One row per KPI and dimension with a measured period: the latest of them.
with latest as (
    select series_number, max(period_start) as period_start
    from {{ ref('period_figure') }}
    where is_measured
    group by series_number
),

figure as (
    select figure.*
    from {{ ref('period_figure') }} as figure
    inner join latest on figure.series_number = latest.series_number and figure.period_start = latest.period_start
),

final as (
    {{ named_periods('figure') }}
)

select * from final
