-- One row per matured benefit: what part of the improvement to be expected it brought when its plan was due.
-- 3-benefits.md, 3.7: in the period holding target_date + delay_days, which has ended and was measured, with something
-- to expect; whether the benefit is still live or not.
with split as (
    select * from {{ ref('benefit_split') }}
    where actual_improvement is not null and {{ greater_than('rephased_improvement', '0', 'value_scale') }}
),

due as (
    select
        benefit.benefit_id,
        benefit.kind,
        benefit.category,
        {{ add_days('benefit.target_date', 'benefit_delivery.delay_days') }} as due_on
    from {{ ref('benefit') }} as benefit
    inner join {{ ref('benefit_delivery') }} as benefit_delivery on benefit.benefit_id = benefit_delivery.benefit_id
),

final as (
    select
        due.benefit_id,
        due.kind,
        due.category,
        split.period_start,
        split.actual_improvement / split.rephased_improvement as realisation_ratio
    from split
    inner join due on split.benefit_id = due.benefit_id and due.due_on between split.period_start and split.period_end
)

select * from final
