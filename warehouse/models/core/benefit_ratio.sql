-- One row per benefit with a curve: what part of its rephased plan it is expected to bring.
-- 3-benefits.md, 3.7: its own last 3 measured periods with something to expect, beside its reference class as if that
-- were 3 more.
with split as (
    select * from {{ ref('benefit_split') }}
    where actual_improvement is not null and {{ greater_than('rephased_improvement', '0', 'value_scale') }}
),

since as (
    select
        benefit_id,
        {{ least_of_greatest('period_ordinal', 3) }} as first_ordinal
    from split
    group by benefit_id
),

own as (
    select
        split.benefit_id,
        count(*) as own_periods,
        greatest(0.0, least(2.0, sum(split.actual_improvement) / sum(split.rephased_improvement))) as own_ratio
    from split
    inner join since on split.benefit_id = since.benefit_id and split.period_ordinal >= since.first_ordinal
    group by split.benefit_id
),

weighed as (
    select
        benefit.benefit_id,
        own.own_ratio,
        coalesce(own.own_periods, 0) as own_periods,
        class_ratio.p10 as class_p10,
        class_ratio.p50 as class_p50,
        class_ratio.p90 as class_p90,
        class_ratio.n as class_members,
        class_ratio.basis as forecast_basis,
        coalesce(own.own_periods * own.own_ratio, 0.0) as own_part
    from {{ ref('benefit') }} as benefit
    inner join {{ ref('benefit_plan') }} as benefit_plan
        on benefit.benefit_id = benefit_plan.benefit_id and benefit_plan.has_curve
    inner join {{ ref('class_ratio') }} as class_ratio
        on benefit.kind = class_ratio.kind and benefit.category is not distinct from class_ratio.category
    left join own on benefit.benefit_id = own.benefit_id
),

final as (
    select
        benefit_id,
        own_ratio,
        own_periods,
        class_p10,
        class_p50,
        class_p90,
        class_members,
        forecast_basis,
        (own_part + 3 * class_p10) / (own_periods + 3) as ratio_p10,
        (own_part + 3 * class_p50) / (own_periods + 3) as ratio,
        (own_part + 3 * class_p90) / (own_periods + 3) as ratio_p90
    from weighed
)

select * from final
