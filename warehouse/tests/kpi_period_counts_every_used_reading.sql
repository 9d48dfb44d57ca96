-- The periods of the KPIs hold their used readings, each once (3-benefits.md, 3.1): those that may be used, less those that
-- another one of their reading period stands for.
with counted as (
    select
        (select count(*) from {{ ref('reading_figure') }} where is_usable) as usable,
        (select count(*) from {{ ref('superseded_reading') }}) as superseded,
        (select coalesce(sum(readings_present), 0) from {{ ref('kpi_period') }}) as in_periods
)

select * from counted where usable - superseded <> in_periods
