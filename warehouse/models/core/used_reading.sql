{{ config(materialized='view') }}
-- One row per reading that counts: of each reading period that has ended by `as_of`, the latest reported (3-benefits.md, 3.1).
with final as (
    select
        reading.*,
        series.frequency,
        series.reading_frequency,
        series.aggregation,
        series.min_coverage
    from {{ ref('reading_figure') }} as reading
    inner join {{ ref('kpi_series') }} as series on reading.series_number = series.series_number
    left join {{ ref('superseded_reading') }} as superseded
        on reading.series_number = superseded.series_number and reading.period_start = superseded.period_start
    where reading.is_usable and superseded.series_number is null
)

select * from final
