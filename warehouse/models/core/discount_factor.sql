-- One row per period end in any benefit's life: the factor that discounts an amount to as_of, 1 up to as_of.
-- 3-benefits.md, 3.7: the schedule in force on as_of, its bands chained, years of 365.25 days.
with dates as (
    select distinct
        period_end,
        greatest(0, {{ days_between(as_of(), 'period_end') }}) / 365.25 as years
    from {{ ref('schedule_figure') }}
),

bands as (
    select * from {{ ref('discount_band') }}
    where {{ as_of() }} between valid_from and valid_to
),

final as (
    select
        dates.period_end,
        exp(-sum({{ discount_exponent('dates.years', 'bands') }})) as discount_factor
    from dates
    cross join bands
    group by dates.period_end
)

select * from final
