{{ config(materialized='view') }}
-- One row per current accepted reading: KPI, date and dimension; none is left out, whatever is wrong with it.
-- 3-benefits.md, 3.1: `truncated_date` starts its reading period; `first_status` is `used` where it is in the KPI's unit and
-- the period of the KPI that it belongs to has ended by `as_of`.
with reading as (
    {{ current_rows('kpi_reading', carry=['_delivery_id', '_effective_at']) }}
),

-- A period has ended by `as_of` where it is before the one that holds the next day.
series as (
    select
        *,
        {{ period_start('frequency', add_days(as_of(), 1)) }} as open_from
    from {{ ref('kpi_series') }}
),

dated as (
    select
        reading.*,
        series.series_number,
        source.source_number,
        series.frequency,
        series.reading_frequency,
        series.aggregation,
        series.min_coverage,
        series.unit as kpi_unit,
        series.open_from,
        {{ period_start('series.reading_frequency', 'reading.period_start') }} as truncated_date
    from reading
    left join series
        on reading.kpi_id = series.kpi_id and reading.dimension = series.dimension
    left join {{ ref('reading_source') }} as source
        on reading._feed = source._feed and reading._batch_id = source._batch_id
),

final as (
    select
        *,
        case
            when truncated_date is null then 'unknown_kpi'
            when truncated_date >= open_from then 'after_as_of'
            when unit <> kpi_unit then 'unit_mismatch'
            else 'used'
        end as first_status
    from dated
)

select * from final
