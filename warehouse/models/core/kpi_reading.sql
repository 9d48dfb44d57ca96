{{ config(materialized='view') }}
-- One row per current accepted reading: KPI, date and dimension; none is left out, whatever is wrong with it.
-- 3-benefits.md, 3.1: of the usable readings of one reading period, the latest reported is used. A view: it is as large as
-- what it is made of, and publishing makes it a table.
with final as (
    select
        {{ column_list(contract_columns('kpi_reading'), 'reading') }},
        reading.truncated_date,
        case when superseded.series_number is null then reading.first_status else 'superseded_in_period' end
            as reading_status,
        reading.known_from,
        reading._feed,
        reading._batch_id,
        reading._row
    from {{ ref('dated_reading') }} as reading
    left join {{ ref('superseded_reading') }} as superseded
        on reading.series_number = superseded.series_number and reading.period_start = superseded.period_start
)

select * from final
