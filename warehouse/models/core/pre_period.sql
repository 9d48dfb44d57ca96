-- One row per benefit with a trend or control and measured period from before its outputs began to work.
-- 3-benefits.md, 3.6: `explained_by` is what the value is read off: the period's ordinal, or the control's value in it;
-- a period in which the control is unmeasured is none.
with series as (
    select * from {{ ref('counterfactual_series') }}
),

measured as (
    select * from {{ ref('kpi_period') }} where is_measured
),

controls as (
    select measured.*
    from measured
    where exists (
        select 1
        from series
        where series.control_kpi_id = measured.kpi_id and series.control_dimension = measured.dimension
    )
),

final as (
    select
        series.benefit_id,
        series.counterfactual,
        series.frequency,
        measured.period_start,
        measured.period_ordinal,
        measured.value,
        case
            when series.counterfactual = 'trend' then cast(measured.period_ordinal as double) else control.value
        end as explained_by
    from series
    inner join measured
        on
            series.kpi_id = measured.kpi_id
            and series.dimension = measured.dimension
            and series.intervened_on > measured.period_end
    left join controls as control
        on
            series.control_kpi_id = control.kpi_id
            and series.control_dimension = control.dimension
            and measured.period_start = control.period_start
    where series.counterfactual = 'trend' or control.kpi_id is not null
)

select * from final
