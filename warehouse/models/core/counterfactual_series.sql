-- One row per benefit that asks for a trend or a control and whose outputs have begun to work: the series it is told by,
-- by their numbers, null where there are no readings.
-- 3-benefits.md, 3.6: a control defaults to the benefit's own KPI, or its own dimension; it has the same frequency and is
-- not the measure itself.
with benefit as (
    select
        *,
        coalesce(control_kpi_id, kpi_id) as other_kpi_id,
        coalesce(control_dimension, dimension) as other_dimension
    from {{ ref('benefit') }}
    where counterfactual in ('trend', 'control')
),

kpi as (
    select * from {{ ref('kpi') }}
),

delivery as (
    select * from {{ ref('benefit_delivery') }} where intervened_on is not null
),

final as (
    select
        benefit.benefit_id,
        benefit.counterfactual,
        series.series_number,
        kpi.frequency,
        delivery.intervened_on,
        case when benefit.counterfactual = 'control' then control_series.series_number end as control_series_number
    from benefit
    inner join delivery on benefit.benefit_id = delivery.benefit_id
    inner join kpi on benefit.kpi_id = kpi.kpi_id
    left join kpi as control on benefit.other_kpi_id = control.kpi_id
    left join {{ ref('kpi_series') }} as series
        on benefit.kpi_id = series.kpi_id and benefit.dimension = series.dimension
    left join {{ ref('kpi_series') }} as control_series
        on benefit.other_kpi_id = control_series.kpi_id and benefit.other_dimension = control_series.dimension
    where
        benefit.counterfactual = 'trend'
        or (
            control.frequency = kpi.frequency
            and (benefit.other_kpi_id <> benefit.kpi_id or benefit.other_dimension <> benefit.dimension)
        )
)

select * from final
