-- One row per scope_number (of value_member), basis (planned, forecast) and date: costs and benefits, as of then and at present value.
-- 3-benefits.md, 3.7: discounted by the schedule in force on the base date, at each flow's date.
with member as (
    select * from {{ ref('value_member') }}
),

dated as (
    select
        member.scope_number,
        member.base_date,
        flow.basis,
        flow.flow_date,
        {{ whole_sum("case flow.flow when 'cost' then flow.amount_reporting else 0.0 end") }} as cost,
        {{ whole_sum("case flow.flow when 'benefit' then flow.amount_reporting else 0.0 end") }} as benefit
    from {{ ref('project_flow') }} as flow
    inner join member on flow.project_id = member.project_id
    group by member.scope_number, member.base_date, flow.basis, flow.flow_date
),

schedule as (
    select distinct valid_from, valid_to from {{ ref('discount_band') }}
),

final as (
    select
        dated.*,
        dated.cost * curve.discount_factor as present_cost,
        dated.benefit * curve.discount_factor as present_benefit,
        sum(dated.benefit - dated.cost) over (
            partition by dated.scope_number, dated.basis order by dated.flow_date
        ) as cumulative,
        sum(abs(dated.benefit) + abs(dated.cost)) over (
            partition by dated.scope_number, dated.basis order by dated.flow_date
        ) as turnover
    from dated
    left join schedule on dated.base_date between schedule.valid_from and schedule.valid_to
    left join {{ ref('discount_curve') }} as curve
        on
            schedule.valid_from = curve.valid_from
            and {{ days_between('dated.base_date', 'dated.flow_date') }} = curve.days
)

select * from final
