-- One row per KPI, dimension and period that has ended by `as_of` and holds a used reading.
-- 3-benefits.md, 3.1: a period's readings by the KPI's aggregation; below min_coverage a mean or sum is unmeasured.
with reading as (
    select * from {{ ref('kpi_reading') }} where reading_status = 'used'
),

kpi as (
    select * from {{ ref('kpi') }}
),

-- Read once a period, a KPI has one used reading in it.
single as (
    select
        reading.kpi_id,
        reading.dimension,
        reading.truncated_date as period_start,
        1 as readings_present,
        1 as readings_expected,
        reading.value as latest_value,
        reading.value as mean_value,
        reading.value as sum_value,
        reading.value as least_value,
        reading.value as greatest_value,
        reading._feed,
        reading._batch_id,
        reading._row
    from reading
    inner join kpi on reading.kpi_id = kpi.kpi_id
    where kpi.reading_frequency = kpi.frequency
),

several as (
    select
        reading.*,
        kpi.frequency,
        kpi.reading_frequency,
        {{ period_start('kpi.frequency', 'reading.truncated_date') }} as kpi_period_start
    from reading
    inner join kpi on reading.kpi_id = kpi.kpi_id
    where kpi.reading_frequency is distinct from kpi.frequency
),

gathered as (
    select
        kpi_id,
        dimension,
        kpi_period_start as period_start,
        count(*) as readings_present,
        {{ readings_expected('frequency', 'reading_frequency', 'kpi_period_start') }} as readings_expected,
        max_by(value, truncated_date) as latest_value,
        avg(value) as mean_value,
        sum(value) as sum_value,
        min(value) as least_value,
        max(value) as greatest_value,
        max_by(_feed, truncated_date) as _feed,
        max_by(_batch_id, truncated_date) as _batch_id,
        max_by(_row, truncated_date) as _row
    from several
    group by kpi_id, dimension, kpi_period_start, frequency, reading_frequency
    union all
    select * from single
),

bounded as (
    select
        gathered.*,
        kpi.aggregation,
        kpi.min_coverage,
        {{ period_last_day('kpi.frequency', 'gathered.period_start') }} as period_end,
        {{ period_ordinal('kpi.frequency', 'gathered.period_start') }} as period_ordinal
    from gathered
    inner join kpi on gathered.kpi_id = kpi.kpi_id
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
        kpi_id,
        dimension,
        period_start,
        period_end,
        period_ordinal,
        case
            when not is_measured then null
            when aggregation = 'mean' then mean_value
            when aggregation = 'sum' then sum_value
            when aggregation = 'min' then least_value
            when aggregation = 'max' then greatest_value
            else latest_value
        end as value,
        coverage,
        readings_present,
        readings_expected,
        is_measured,
        _feed,
        _batch_id,
        _row
    from covered
)

select * from final
