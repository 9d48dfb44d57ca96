-- One row per benefit with a start and a known frequency, and KPI period of its life.
-- 3-benefits.md, 3.5: from the one holding start_date to the one holding its end, whatever `as_of` is.
with benefit_plan as (
    select * from {{ ref('benefit_plan') }}
),

spanned as (
    select
        benefit_id,
        frequency,
        end_date,
        {{ period_start('frequency', 'start_date') }} as first_start,
        {{ period_ordinal('frequency', 'start_date') }} as first_ordinal,
        {{ period_ordinal('frequency', 'end_date') }} as last_ordinal
    from benefit_plan
),

numbered as (
    select
        benefit_id,
        frequency,
        end_date,
        first_start,
        first_ordinal,
        {{ each_number('first_ordinal', 'last_ordinal') }} as running_ordinal
    from spanned
    where first_ordinal <= last_ordinal
),

started as (
    select
        benefit_id,
        frequency,
        end_date,
        cast(running_ordinal as integer) as period_ordinal,
        {{ period_shift('frequency', 'first_start', 'running_ordinal - first_ordinal') }} as period_start
    from numbered
),

ended as (
    select
        *,
        {{ period_last_day('frequency', 'period_start') }} as period_end
    from started
),

final as (
    select
        benefit_id,
        period_start,
        period_end,
        period_ordinal,
        period_end <= {{ as_of() }} as counts,
        case
            when end_date >= period_end then 1.0
            else (
                cast({{ days_between('period_start', 'end_date') }} + 1 as double)
                / ({{ days_between('period_start', 'period_end') }} + 1)
            )
        end as amount_share
    from ended
)

select * from final
