{{ config(materialized='view') }}
-- One row per benefit and KPI period of benefit_actual, and what would be without the benefit's outputs.
-- 3-benefits.md, 3.6, from the period on that ends on or after the day they began to work: by the trend, while it is young
-- enough, by the control, where that is measured, else the reference; `margin` is half of the interval that holds it with 95%.
with fits as (
    select * from {{ ref('counterfactual_fit') }}
),

controls as (
    select
        series.benefit_id,
        measured.period_start,
        measured.value
    from {{ ref('counterfactual_series') }} as series
    inner join {{ ref('kpi_period') }} as measured
        on series.control_kpi_id = measured.kpi_id and series.control_dimension = measured.dimension
    where measured.is_measured
),

explained as (
    select
        actuals.*,
        coalesce(actuals.period_end >= deliveries.intervened_on, false) as is_explained,
        fits.counterfactual,
        fits.mean_value + fits.slope * (
            case fits.counterfactual when 'trend' then actuals.period_ordinal else controls.value end
            - fits.mean_explained_by
        ) as explained_value,
        fits.quantile * fits.deviation * fits.widening * sqrt(
            1 + 1.0 / fits.periods
            + case fits.counterfactual
                when 'trend' then power(actuals.period_ordinal - fits.mean_explained_by, 2) / fits.sum_of_squares
                else 0.0
            end
        ) as explained_margin,
        coalesce(
            fits.counterfactual = 'trend'
            and actuals.period_ordinal > fits.last_ordinal + (fits.last_ordinal - fits.first_ordinal),
            false
        ) as is_expired
    from {{ ref('benefit_actual') }} as actuals
    left join {{ ref('benefit_delivery') }} as deliveries on actuals.benefit_id = deliveries.benefit_id
    left join fits on actuals.benefit_id = fits.benefit_id
    left join controls
        on actuals.benefit_id = controls.benefit_id and actuals.period_start = controls.period_start
),

final as (
    select
        *,
        case
            when not is_explained then null
            when is_expired then 'expired'
            when explained_value is not null then counterfactual
            else 'baseline'
        end as counterfactual_used,
        case when is_explained and not is_expired then coalesce(explained_value, reference_value) end
            as counterfactual_value,
        case when is_explained and not is_expired and explained_value is not null then explained_margin end as margin
    from explained
)

select * from final
