-- One row per reading that another one of its reading period stands for: the latest reported.
-- 3-benefits.md, 3.1. The rows of a key are one, so that of several readings with one truncated date all but one lie after it.
with contested as (
    select distinct series_number, truncated_date
    from {{ ref('reading_figure') }}
    where is_usable and period_start <> truncated_date
),

ranked as (
    select
        reading.series_number,
        reading.period_start,
        row_number() over (
            partition by reading.series_number, reading.truncated_date
            order by reading._effective_at desc, reading._delivery_id desc, reading._row desc
        ) as place
    from {{ ref('dated_reading') }} as reading
    inner join contested
        on reading.series_number = contested.series_number and reading.truncated_date = contested.truncated_date
    where
        reading.first_status = 'used'
        and reading.series_number in (select one.series_number from contested as one)
),

final as (
    select series_number, period_start from ranked where place > 1
)

select * from final
