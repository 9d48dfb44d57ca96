-- One row per benefit with a curve, curve (plan, reference, rephased) and linear segment of it.
-- 3-benefits.md, 3.2: the plan and what would be without the change; 3.4: rephased is the plan, shifted by the delay;
-- 3.3: the reference where every enabling output is lost.
with planned_benefit as (
    select benefit.*, benefit_delivery.delay_days, benefit_delivery.all_lost
    from {{ ref('benefit') }} as benefit
    inner join {{ ref('benefit_plan') }} as benefit_plan on benefit.benefit_id = benefit_plan.benefit_id
    inner join {{ ref('benefit_delivery') }} as benefit_delivery on benefit.benefit_id = benefit_delivery.benefit_id
    where benefit_plan.has_curve
),

plan_knot as (
    select * from {{ ref('plan_knot') }}
),

knot as (
    {{ curve_knots('planned_benefit', 'plan_knot') }}
),

placed as (
    select curve, benefit_id, knot_date, knot_value from knot
    union all
    select
        'rephased' as curve,
        knot.benefit_id,
        case
            when planned_benefit.all_lost then knot.knot_date
            else {{ add_days('knot.knot_date', 'planned_benefit.delay_days') }}
        end as knot_date,
        knot.knot_value
    from knot
    inner join planned_benefit on knot.benefit_id = planned_benefit.benefit_id
    where knot.curve = case when planned_benefit.all_lost then 'reference' else 'plan' end
),

final as (
    {{ curve_segments('planned_benefit', 'placed') }}
)

select * from final
