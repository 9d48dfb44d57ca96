-- One row per KPI and dimension, by their number, and period that has ended by `as_of` and holds a used reading.
-- 3-benefits.md, 3.1: a period's readings by the KPI's aggregation; below min_coverage a mean or sum is unmeasured.
with several as (
    select
        *,
        {{ period_start('frequency', 'truncated_date') }} as kpi_period_start
    from {{ ref('used_reading') }}
    where reading_frequency is distinct from frequency
),

gathered as (
    select
        series_number,
        frequency,
        aggregation,
        min_coverage,
        kpi_period_start as period_start,
        count(*) as readings_present,
        {{ readings_expected('frequency', 'reading_frequency', 'kpi_period_start') }} as readings_expected,
        case
            when aggregation = 'mean' then avg(value)
            when aggregation = 'sum' then sum(value)
            when aggregation = 'min' then min(value)
            when aggregation = 'max' then max(value)
            else max_by(value, truncated_date)
        end as value,
        max_by(source_number, truncated_date) as source_number,
        max_by(_row, truncated_date) as _row
    from several
    group by series_number, kpi_period_start, frequency, reading_frequency, aggregation, min_coverage
),

bounded as (
    select * from gathered
    union all
    -- Read once a period, a KPI has one used reading in it.
    select
        series_number,
        frequency,
        aggregation,
        min_coverage,
        truncated_date as period_start,
        1 as readings_present,
        1 as readings_expected,
        value,
        source_number,
        _row
    from {{ ref('used_reading') }}
    where reading_frequency = frequency
),

covered as (
    select
        *,
        1.0 * readings_present / readings_expected as coverage,
        aggregation not in ('mean', 'sum')
        or {{ at_least('1.0 * readings_present / readings_expected', 'min_coverage') }} as is_measured
    from bounded
),

final as (
    select
        series_number,
        period_start,
        case when is_measured then value end as value,
        coverage,
        readings_present,
        readings_expected,
        is_measured,
        source_number,
        _row
    from covered
)

select * from final
