-- One row per currency and rate, from its date until the day before the next one's.
-- 3-benefits.md, 3.5: amounts are reported at the latest rate on or before a date; one after `as_of` does not exist
-- yet.
with dated as (
    select
        fx_rate.currency,
        fx_rate.date as valid_from,
        lead(fx_rate.date) over (partition by fx_rate.currency order by fx_rate.date) as next_from,
        fx_rate.rate
    from {{ ref('fx_rate') }} as fx_rate
    where fx_rate.date <= {{ as_of() }}
),

final as (
    select
        currency,
        valid_from,
        {{ add_days('next_from', -1) }} as valid_to,
        rate
    from dated
)

select * from final
