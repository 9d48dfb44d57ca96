-- One row per knot of a benefit's plan curve, for benefits with baseline, target, target date and start.
-- 3-benefits.md, 3.2: through the profile's points where there are any, else from start to target; linear between
-- knots.
with benefit as (
    select *
    from {{ ref('benefit') }}
    where
        baseline_value is not null
        and target_value is not null
        and target_date is not null
        and start_date is not null
),

profile as (
    select
        profile.benefit_id,
        profile.date as knot_date,
        profile.planned_value
    from {{ ref('benefit_profile') }} as profile
),

first_point as (
    select benefit_id, min(knot_date) as first_date from profile group by benefit_id
),

start as (
    select benefit.benefit_id, benefit.start_date as knot_date, benefit.baseline_value as planned_value
    from benefit
    left join first_point on benefit.benefit_id = first_point.benefit_id
    where coalesce(first_point.first_date, benefit.target_date) > benefit.start_date
),

target as (
    select benefit.benefit_id, benefit.target_date as knot_date, benefit.target_value as planned_value
    from benefit
    where benefit.benefit_id not in (select profile.benefit_id from profile)
),

final as (
    select * from start
    union all
    select * from target
    union all
    select profile.benefit_id, profile.knot_date, profile.planned_value
    from profile
    inner join benefit on profile.benefit_id = benefit.benefit_id
)

select * from final
