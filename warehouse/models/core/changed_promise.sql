-- One row per benefit of which the plan is no longer the one that was promised.
-- 3-benefits.md, 3.7: only these are computed anew, the others' planned amounts are those of today's plan.
{%- set figures = [
    'baseline_value', 'target_value', 'target_date', 'do_nothing_value', 'start_date', 'end_date', 'kpi_id', 'kpi_share',
    'unit_value', 'currency'
] %}
with changed_figures as (
    select benefit_promise.benefit_id
    from {{ ref('benefit_promise') }} as benefit_promise
    inner join {{ ref('benefit') }} as benefit on benefit_promise.benefit_id = benefit.benefit_id
    where
        false
        {%- for figure in figures %}
        or benefit_promise.{{ figure }} is distinct from benefit.{{ figure }}
        {%- endfor %}
),

changed_points as (
    select coalesce(promised.benefit_id, current_point.benefit_id) as benefit_id
    from {{ ref('promised_profile') }} as promised
    full outer join {{ ref('benefit_profile') }} as current_point
        on promised.benefit_id = current_point.benefit_id and promised.date = current_point.date
    where promised.planned_value is distinct from current_point.planned_value
),

final as (
    select benefit_id from changed_figures
    union
    select benefit_id from changed_points
)

select * from final
