-- One row per benefit that was promised an amount and is summed: what it was promised to be worth, in the reporting currency.
-- 3-benefits.md, 3.7: over its life; not one that was promised with another benefit that carries a unit_value downstream. A sum
-- of which a part that is not nothing could not be converted is unknown.
with intermediate as (
    select benefit_id from {{ ref('benefit_downstream') }} where is_promised_intermediate
),

final as (
    select
        benefit_id,
        {{ reporting_total('planned_amount', 'planned_amount_reporting') }} as planned
    from {{ ref('promised_amount') }}
    where
        planned_amount is not null
        and benefit_id not in (select intermediate.benefit_id from intermediate)
    group by benefit_id
)

select * from final
