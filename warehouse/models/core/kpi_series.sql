-- One row per KPI and dimension that there are readings of, known or not, with what is asked of the KPI.
-- `series_number` stands for both in the tables of a row per period, which are written and joined by it.
with series as (
    select distinct kpi_id, dimension from {{ ref('kpi_reading_version') }}
),

final as (
    select
        cast(row_number() over (order by series.kpi_id, series.dimension) as integer) as series_number,
        series.kpi_id,
        series.dimension,
        kpi.unit,
        kpi.frequency,
        kpi.reading_frequency,
        kpi.aggregation,
        kpi.min_coverage
    from series
    left join {{ ref('kpi') }} as kpi on series.kpi_id = kpi.kpi_id
)

select * from final
