-- One row per KPI and dimension that was ever measured: its latest measured period, and the row that says so.
with newest as (
    select
        series_number,
        max(period_start) as period_start
    from {{ ref('period_figure') }}
    where is_measured
    group by series_number
),

latest as (
    select figures.*
    from {{ ref('period_figure') }} as figures
    inner join newest
        on figures.series_number = newest.series_number and figures.period_start = newest.period_start
),

final as (
    select
        series.kpi_id,
        series.dimension,
        latest.period_end,
        source._feed,
        source._batch_id,
        latest._row
    from latest
    inner join {{ ref('kpi_series') }} as series on latest.series_number = series.series_number
    left join {{ ref('reading_source') }} as source on latest.source_number = source.source_number
)

select * from final
