-- One row per benefit with a curve and KPI period of its life: the three curves, in KPI units.
-- 3-benefits.md, 3.2: at the period's end for last, min and max; the exact mean over the period for mean and sum.
with life_period as (
    select * from {{ ref('life_period') }}
),

benefit_plan as (
    select * from {{ ref('benefit_plan') }}
),

curve_segment as (
    select * from {{ ref('curve_segment') }}
),

part as (
    select
        life_period.benefit_id,
        life_period.period_start,
        curve_segment.curve,
        case
            when benefit_plan.aggregation in ('mean', 'sum')
                then {{ mean_of_curve('curve_segment', 'life_period.period_start', 'life_period.period_end') }}
            else {{ point_of_curve('curve_segment', 'life_period.period_end') }}
        end as part_value
    from life_period
    inner join benefit_plan on life_period.benefit_id = benefit_plan.benefit_id
    inner join curve_segment
        on
            life_period.benefit_id = curve_segment.benefit_id
            and (curve_segment.from_date is null or life_period.period_end >= curve_segment.from_date)
            and (curve_segment.to_date is null or life_period.period_start < curve_segment.to_date)
),

final as (
    select
        benefit_id,
        period_start,
        sum(case when curve = 'plan' then part_value end) as planned_value,
        sum(case when curve = 'rephased' then part_value end) as rephased_value,
        sum(case when curve = 'reference' then part_value end) as reference_value
    from part
    group by benefit_id, period_start
)

select * from final
