-- One row per discount schedule and number of days from a base date: the factor that discounts an amount of then to it.
-- 3-benefits.md, 3.7: the schedule's bands chained, years of 365.25 days; the first band compounds what came before. It covers
-- the days between any project's base date and any flow.
with flow as (
    select min(flow_date) as first_flow, max(flow_date) as last_flow from {{ ref('project_flow') }}
),

base as (
    select min(base_date) as first_base, max(base_date) as last_base from {{ ref('value_member') }}
),

day as (
    select {{ each_number(days_between('last_base', 'first_flow'), days_between('first_base', 'last_flow')) }} as days
    from flow
    cross join base
    where first_flow is not null and first_base is not null
),

bands as (
    select * from {{ ref('discount_band') }}
),

final as (
    select
        bands.valid_from,
        day.days,
        exp(-sum({{ discount_exponent('(day.days / 365.25)', 'bands') }})) as discount_factor
    from day
    cross join bands
    group by bands.valid_from, day.days
)

select * from final
