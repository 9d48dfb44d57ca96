-- One row per benefit and KPI period that ends on or after the day its outputs began to work: what would be without them.
-- 3-benefits.md, 3.6: by the trend, while it is young enough, by the control, where that is measured, else the reference;
-- `margin` is half of the interval that holds it with 95%.
with actuals as (
    select * from {{ ref('benefit_actual') }}
),

fits as (
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
        actuals.benefit_id,
        actuals.period_start,
        actuals.reference_value,
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
    from actuals
    inner join {{ ref('benefit_delivery') }} as deliveries on actuals.benefit_id = deliveries.benefit_id
    left join fits on actuals.benefit_id = fits.benefit_id
    left join controls
        on actuals.benefit_id = controls.benefit_id and actuals.period_start = controls.period_start
    where actuals.period_end >= deliveries.intervened_on
),

final as (
    select
        benefit_id,
        period_start,
        case
            when is_expired then 'expired'
            when explained_value is not null then counterfactual
            else 'baseline'
        end as counterfactual_used,
        case when not is_expired then coalesce(explained_value, reference_value) end as counterfactual_value,
        case when not is_expired and explained_value is not null then explained_margin end as margin
    from explained
)

select * from final
