-- One row per benefit of which the promise differs from today's plan, and KPI period of the life that was promised.
-- 3-benefits.md, 3.7: the plan as promised; curve and amounts by the SQL of today's plan (3.2, 3.5).
with promised as (
    select benefit_promise.*
    from {{ ref('benefit_promise') }} as benefit_promise
    inner join {{ ref('changed_promise') }} as changed_promise on benefit_promise.benefit_id = changed_promise.benefit_id
),

promised_point as (
    select * from {{ ref('promised_profile') }}
),

promised_knot as (
    {{ plan_knots('promised', 'promised_point') }}
),

promised_plan as (
    select
        promised.benefit_id,
        promised.start_date,
        {{ plan_last_day('promised') }} as end_date,
        promised.unit_value,
        promised.kpi_share,
        promised.currency,
        kpi.frequency,
        kpi.aggregation,
        case
            when promised.benefit_id in (select promised_knot.benefit_id from promised_knot)
                then cast(sign({{ intended_change('promised') }}) as integer)
        end as improvement_sign
    from promised
    left join {{ ref('kpi') }} as kpi on promised.kpi_id = kpi.kpi_id
),

curved as (
    select promised.*
    from promised
    inner join promised_plan on promised.benefit_id = promised_plan.benefit_id
    where promised_plan.improvement_sign <> 0
),

curved_knot as (
    {{ curve_knots('curved', 'promised_knot') }}
),

curved_segment as (
    {{ curve_segments('curved', 'curved_knot') }}
),

promised_period as (
    {{ life_periods('promised_plan') }}
),

promised_value as (
    {{ curve_values(
        'promised_period', 'promised_plan', 'curved_segment', {'planned_value': 'plan', 'reference_value': 'reference'}
    ) }}
),

valued as (
    select
        promised_period.benefit_id,
        promised_period.period_start,
        promised_period.period_end,
        promised_plan.currency,
        {{ improvement_of('promised_plan', 'promised_value', 'planned') }}
        * {{ unit_amount_of('promised_plan', 'promised_period') }} as planned_amount
    from promised_period
    inner join promised_plan on promised_period.benefit_id = promised_plan.benefit_id
    left join promised_value
        on
            promised_period.benefit_id = promised_value.benefit_id
            and promised_period.period_start = promised_value.period_start
),

final as (
    select
        valued.*,
        valued.planned_amount * {{ fx_rate('valued.currency') }} as planned_amount_reporting
    from valued
    {{ fx_join('valued.currency', 'valued.period_end') }}
)

select * from final
