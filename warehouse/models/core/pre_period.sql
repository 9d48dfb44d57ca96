-- One row per benefit with a trend or control and measured period from before its outputs began to work.
-- 3-benefits.md, 3.6: `explained_by` is what the value is read off: the period's ordinal, or the control's value in it;
-- a period in which the control is unmeasured is none.
with series as (
    select * from {{ ref('counterfactual_series') }}
),

measured as (
    select series_number, period_start, value
    from {{ ref('period_figure') }}
    where
        is_measured
        and series_number in (
            select series.series_number from series
            union
            select series.control_series_number from series
        )
),

-- A period ended before they began to work where it lies before the one that holds that day.
own as (
    select
        series.*,
        measured.period_start,
        {{ period_ordinal('series.frequency', 'measured.period_start') }} as period_ordinal,
        measured.value
    from series
    inner join measured
        on
            series.series_number = measured.series_number
            and measured.period_start < {{ period_start('series.frequency', 'series.intervened_on') }}
),

final as (
    select
        own.benefit_id,
        own.counterfactual,
        own.frequency,
        own.period_start,
        own.period_ordinal,
        own.value,
        case when own.counterfactual = 'trend' then cast(own.period_ordinal as double) else controls.value end
            as explained_by
    from own
    left join measured as controls
        on own.control_series_number = controls.series_number and own.period_start = controls.period_start
    where own.counterfactual = 'trend' or controls.series_number is not null
)

select * from final
