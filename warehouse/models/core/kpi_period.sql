{{ config(materialized='view') }}
-- One row per KPI, dimension and period that has ended by `as_of` and holds a used reading: period_figure, named.
with final as (
    select
        series.kpi_id,
        series.dimension,
        figure.*,
        source._feed,
        source._batch_id
    from {{ ref('period_figure') }} as figure
    inner join {{ ref('kpi_series') }} as series on figure.series_number = series.series_number
    left join {{ ref('reading_source') }} as source on figure.source_number = source.source_number
)

select * from final
