-- A project's benefits sum to the same, benefit by benefit and date by date, and are unknown in the same cases (3-benefits.md, 3.7).
with flowing as (
    select
        {%- for basis in ['planned', 'forecast'] %}
        coalesce(sum(case when flow.basis = '{{ basis }}' then flow.amount_reporting end), 0) as {{ basis }},
        coalesce(max(case when flow.basis = '{{ basis }}' and flow.is_unconvertible then 1 end) = 1, false)
            as is_{{ basis }}_unknown,
        {%- endfor %}
        project.project_id
    from {{ ref('project') }} as project
    left join {{ ref('project_flow') }} as flow on project.project_id = flow.project_id and flow.flow = 'benefit'
    group by project.project_id
),

scale as (
    select project_id, sum(abs(amount_reporting)) as moved
    from {{ ref('project_flow') }}
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
    > 1e-9 * coalesce(scale.moved, 0)
    {%- endfor %}
