{{ config(materialized='view') }}
-- One row per benefit and KPI period of benefit_actual, and what would be without the benefit's outputs.
-- 3-benefits.md, 3.6, from the period on that ends on or after the day they began to work: by the trend, while it is young
-- enough, by the control, where that is measured, else the reference; `margin` is half of the interval that holds it with 95%.
with series as (
    select * from {{ ref('counterfactual_series') }}
),

fits as (
    select
        benefit_plan.benefit_number,
        deliveries.intervened_on,
        series.control_series_number,
        fits.*
    from {{ ref('benefit_plan') }} as benefit_plan
    left join {{ ref('benefit_delivery') }} as deliveries on benefit_plan.benefit_id = deliveries.benefit_id
    left join series on benefit_plan.benefit_id = series.benefit_id
    left join {{ ref('counterfactual_fit') }} as fits on benefit_plan.benefit_id = fits.benefit_id
),

controls as (
    select * from {{ ref('period_figure') }}
    where is_measured and series_number in (select series.control_series_number from series)
),

explained as (
    select
        actuals.*,
        coalesce(actuals.period_end >= fits.intervened_on, false) as is_explained,
        fits.counterfactual,
        -- Worked out for the few benefits that have a line.
        case fits.counterfactual
            when 'trend' then fits.mean_value + fits.slope * (actuals.period_ordinal - fits.mean_explained_by)
            when 'control' then fits.mean_value + fits.slope * (controls.value - fits.mean_explained_by)
        end as explained_value,
        case fits.counterfactual
            when 'trend'
                then fits.quantile * fits.deviation * fits.widening * sqrt(
                    1 + 1.0 / fits.periods
                    + power(actuals.period_ordinal - fits.mean_explained_by, 2) / fits.sum_of_squares
                )
            when 'control' then fits.quantile * fits.deviation * fits.widening * sqrt(1 + 1.0 / fits.periods)
        end as explained_margin,
        coalesce(
            fits.counterfactual = 'trend'
            and actuals.period_ordinal > fits.last_ordinal + (fits.last_ordinal - fits.first_ordinal),
            false
        ) as is_expired
    from {{ ref('benefit_actual') }} as actuals
    inner join fits on actuals.benefit_number = fits.benefit_number
    left join controls
        on fits.control_series_number = controls.series_number and actuals.period_start = controls.period_start
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
