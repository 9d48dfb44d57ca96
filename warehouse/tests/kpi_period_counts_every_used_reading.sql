-- The periods of the KPIs hold their used readings, each once (3-benefits.md, 3.1).
with reading as (
    select count(*) as readings from {{ ref('kpi_reading') }} where reading_status = 'used'
),

period as (
    select coalesce(sum(readings_present), 0) as readings from {{ ref('kpi_period') }}
)

select reading.readings, period.readings as readings_in_periods
from reading
inner join period on reading.readings <> period.readings
