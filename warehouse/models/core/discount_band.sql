-- One row per discount schedule and band of years: the yearly rate, and from when until when the schedule is in force.
-- 3-benefits.md, 3.7: the effective-dated schedule; the first one also serves earlier dates.
with rates as (
    select * from {{ ref('discount_rate') }}
),

schedules as (
    select
        effective_from,
        lead(effective_from) over (order by effective_from) as effective_until,
        row_number() over (order by effective_from) as schedule_number
    from (select distinct effective_from from rates) as dates
),

final as (
    select
        case
            when schedules.schedule_number = 1 then cast('0001-01-01' as date)
            else schedules.effective_from
        end as valid_from,
        coalesce({{ add_days('schedules.effective_until', -1) }}, cast('9999-12-31' as date)) as valid_to,
        rates.from_year,
        lead(rates.from_year) over (partition by rates.effective_from order by rates.from_year) as to_year,
        row_number() over (partition by rates.effective_from order by rates.from_year) = 1 as is_first,
        rates.rate
    from rates
    inner join schedules on rates.effective_from = schedules.effective_from
)

select * from final
