-- One row per KPI of which a current reading carries another unit.
-- 3-benefits.md, 3.8: UNIT_MISMATCH (measurement); such readings carry nothing (3.1).
with kpis as (
    select * from {{ ref('kpi') }}
),

readings as (
    select
        reading.*,
        row_number() over (
            partition by reading.kpi_id order by reading.period_start desc, reading.dimension asc
        ) as newest
    from {{ ref('dated_reading') }} as reading
    inner join {{ ref('reading_figure') }} as figure
        on reading.series_number = figure.series_number and reading.period_start = figure.period_start
    where figure.is_in_another_unit
),

units as (
    select
        kpi_id,
        count(*) as readings_ignored,
        min(unit) as wrong_unit,
        min(period_start) as first_period_start,
        max(period_start) as last_period_start,
        -- The newest twenty stand for the rest.
        {{ record_list(
            'case when newest <= 20 then ' ~ source_row('kpi_reading') ~ ' end'
        ) }} as reading_rows
    from readings
    group by kpi_id
),

flagged as (
    select
        kpis.kpi_id,
        kpis.name as kpi_name,
        kpis.unit,
        units.readings_ignored,
        units.wrong_unit,
        units.first_period_start,
        units.last_period_start,
        {{ source_rows([source_row('kpi', 'kpis')], 'units.reading_rows') }} as source_rows
    from kpis
    inner join units on kpis.kpi_id = units.kpi_id
),

final as (
    select
        {{ gap_columns(
            'UNIT_MISMATCH', "'kpi'", 'kpi_id', 'kpi_name',
            message=sentence(
                '{kpi_name} is counted in {unit}, but {readings_ignored:of reading}, from {first_period_start:date} to'
                ~ ' {last_period_start:date}, came in another unit ({wrong_unit}) and count for nothing.'
            ),
            evidence=gap_evidence(['unit', 'wrong_unit', 'readings_ignored', 'first_period_start', 'last_period_start'])
        ) }}
    from flagged
)

select * from final
