-- One row per benefit: what was promised, resolved.
-- 3-benefits.md, 3.2: s, full improvement, slack and the end; 3.8: live benefits. Without a curve there is no ramp or
-- slack. `benefit_number` stands for the benefit in the tables of a row per period, which are written and joined by it.
with benefit as (
    select * from {{ ref('benefit') }}
),

kpi as (
    select * from {{ ref('kpi') }}
),

curve as (
    select benefit_id, max(knot_date) as ramp_end from {{ ref('plan_knot') }} group by benefit_id
),

cancellation as (
    select
        output_share.benefit_id,
        min(case when output_status.project_stage = 'cancelled' then 1 else 0 end) = 1 as is_solely_cancelled
    from {{ ref('output_share') }} as output_share
    inner join {{ ref('output_status') }} as output_status on output_share.output_id = output_status.output_id
    group by output_share.benefit_id
),

aimed as (
    select
        benefit.*,
        kpi.frequency,
        kpi.aggregation,
        kpi.grace_days,
        curve.ramp_end as last_knot,
        coalesce(cancellation.is_solely_cancelled, false) as is_solely_cancelled,
        {{ plan_last_day('benefit') }} as last_day,
        case
            when curve.benefit_id is null then null
            else {{ intended_change('benefit') }}
        end as intended_change
    from benefit
    left join kpi on benefit.kpi_id = kpi.kpi_id
    left join curve on benefit.benefit_id = curve.benefit_id
    left join cancellation on benefit.benefit_id = cancellation.benefit_id
),

final as (
    select
        benefit_id,
        cast(row_number() over (order by benefit_id) as integer) as benefit_number,
        name as benefit_name,
        kind,
        type as benefit_type,
        kpi_id,
        dimension,
        kpi_share,
        frequency,
        aggregation,
        grace_days,
        currency,
        unit_value,
        start_date,
        last_day as end_date,
        target_date,
        case when intended_change <> 0 then last_knot end as ramp_end,
        cast(sign(intended_change) as integer) as improvement_sign,
        abs(intended_change) as full_improvement,
        case when intended_change <> 0 then tolerance * abs(intended_change) end as slack,
        coalesce(intended_change <> 0, false) as has_curve,
        coalesce(last_day >= {{ as_of() }}, true) and verified_date is null and not is_solely_cancelled as is_live,
        is_solely_cancelled
    from aimed
)

select * from final
