-- One row per current accepted reading: KPI, date and dimension; none is left out, whatever is wrong with it.
-- 3-benefits.md, 3.1: `truncated_date` starts its reading period; of those with the same one, the latest reported is
-- used, if the period of the KPI that it belongs to has ended by `as_of`.
with reading as (
    {{ current_rows('kpi_reading', carry=['_delivery_id', '_effective_at']) }}
),

kpi as (
    select * from {{ ref('kpi') }}
),

dated as (
    select
        reading.*,
        kpi.frequency,
        kpi.unit as kpi_unit,
        {{ period_start('kpi.reading_frequency', 'reading.period_start') }} as truncated_date
    from reading
    left join kpi on reading.kpi_id = kpi.kpi_id
),

judged as (
    select
        *,
        case
            when truncated_date is null then 'unknown_kpi'
            when {{ period_end('frequency', 'truncated_date') }} > {{ as_of() }} then 'after_as_of'
            when unit <> kpi_unit then 'unit_mismatch'
            else 'used'
        end as first_status
    from dated
),

-- The rows of a key are one, so that of several readings with one truncated date all but one lie after it.
contested as (
    select distinct kpi_id, dimension, truncated_date
    from judged
    where first_status = 'used' and period_start <> truncated_date
),

latest as (
    select judged.kpi_id, judged.dimension, judged.truncated_date, judged.period_start
    from judged
    inner join contested
        on
            judged.kpi_id = contested.kpi_id
            and judged.dimension = contested.dimension
            and judged.truncated_date = contested.truncated_date
    where judged.first_status = 'used'
    qualify
        row_number() over (
            partition by judged.kpi_id, judged.dimension, judged.truncated_date
            order by judged._effective_at desc, judged._delivery_id desc, judged._row desc
        ) = 1
),

final as (
    select
        {{ column_list(contract_columns('kpi_reading'), 'judged') }},
        judged.truncated_date,
        case
            when judged.first_status = 'used' and latest.period_start <> judged.period_start then 'superseded_in_period'
            else judged.first_status
        end as reading_status,
        judged.known_from,
        judged._feed,
        judged._batch_id,
        judged._row
    from judged
    left join latest
        on
            judged.kpi_id = latest.kpi_id
            and judged.dimension = latest.dimension
            and judged.truncated_date = latest.truncated_date
)

select * from final
