-- A project's benefits sum to the same, benefit by benefit and date by date, and are unknown in the same cases (3-benefits.md, 3.7).
-- The last bits of what cancels out, date by date or benefit by benefit, are no difference; nor is what a double cannot hold.
with flowing as (
    select
        {%- for basis in ['planned', 'forecast'] %}
        coalesce(sum(case when flow.basis = '{{ basis }}' then flow.benefit end), 0) as {{ basis }},
        coalesce(max(case when flow.basis = '{{ basis }}' and flow.benefit is null then 1 end) = 1, false)
            as is_{{ basis }}_unknown,
        {%- endfor %}
        project.project_id
    from {{ ref('project') }} as project
    left join {{ ref('project_flow') }} as flow on project.project_id = flow.project_id
    group by project.project_id
),

moved as (
    select project_id, coalesce(abs(cost), 0) + coalesce(abs(benefit), 0) as amount from {{ ref('project_flow') }}
    union all
    select
        share.project_id,
        abs(share.planned_share * coalesce(benefit.planned_reporting, 0))
        + abs(share.forecast_share * coalesce(benefit.forecast_reporting, 0)) as amount
    from {{ ref('project_share') }} as share
    inner join {{ ref('benefit_value') }} as benefit on share.benefit_id = benefit.benefit_id
),

scale as (
    select
        project_id,
        case when coalesce(sum(amount), 0) < 1e300 then 1e-9 * coalesce(sum(amount), 0) end as tolerance
    from moved
    group by project_id
)

select flowing.*, benefit.planned_benefit, benefit.forecast_benefit
from flowing
inner join {{ ref('project_benefit') }} as benefit on flowing.project_id = benefit.project_id
left join scale on flowing.project_id = scale.project_id
where
    false
    {%- for basis in ['planned', 'forecast'] %}
    or (benefit.{{ basis }}_benefit is null) <> flowing.is_{{ basis }}_unknown
    or abs(case when flowing.is_{{ basis }}_unknown then 0 else flowing.{{ basis }} end - coalesce(benefit.{{ basis }}_benefit, 0))
    > case when scale.project_id is null then 0 else scale.tolerance end
    {%- endfor %}
