-- One row per benefit with a curve, curve (plan, reference, rephased) and linear segment of it.
-- 3-benefits.md, 3.2: the plan and what would be without the change; 3.4: rephased is the plan, shifted by the delay;
-- 3.3: the reference where every enabling output is lost. Before the first knot every curve is at the baseline.
with benefit as (
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
    select 'plan' as curve, benefit_id, knot_date, planned_value as knot_value from plan_knot
    union all
    select 'reference' as curve, benefit_id, start_date as knot_date, baseline_value as knot_value
    from benefit
    where do_nothing_value is null or target_date > start_date
    union all
    select 'reference' as curve, benefit_id, target_date as knot_date, do_nothing_value as knot_value
    from benefit
    where do_nothing_value is not null
),

placed as (
    select knot.curve, knot.benefit_id, knot.knot_date, knot.knot_value
    from knot
    inner join benefit on knot.benefit_id = benefit.benefit_id
    union all
    select
        'rephased' as curve,
        knot.benefit_id,
        case
            when benefit.all_lost then knot.knot_date
            else {{ add_days('knot.knot_date', 'benefit.delay_days') }}
        end as knot_date,
        knot.knot_value
    from knot
    inner join benefit on knot.benefit_id = benefit.benefit_id
    where knot.curve = case when benefit.all_lost then 'reference' else 'plan' end
),

final as (
    select
        curve,
        benefit_id,
        knot_date as from_date,
        lead(knot_date) over (partition by curve, benefit_id order by knot_date) as to_date,
        knot_value as from_value,
        lead(knot_value) over (partition by curve, benefit_id order by knot_date) as to_value
    from placed
    union all
    select
        placed.curve,
        placed.benefit_id,
        cast(null as date) as from_date,
        min(placed.knot_date) as to_date,
        min(benefit.baseline_value) as from_value,
        cast(null as double) as to_value
    from placed
    inner join benefit on placed.benefit_id = benefit.benefit_id
    group by placed.curve, placed.benefit_id
)

select * from final
