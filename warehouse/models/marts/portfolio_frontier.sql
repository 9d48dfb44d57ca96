-- One row per step of the budget, from nothing to what all candidates that could be selected cost together.
-- 3-benefits.md, 3.7: the best set of ideas and business cases within each, solved in core.selection_solved.
with solved as (
    select * from {{ ref('selection_solved') }} where is_step
),

candidate as (
    select * from {{ ref('selection_candidate') }}
),

summed as (
    select
        solved.budget,
        solved.is_asked,
        solved.bound,
        coalesce(sum(case when solved.is_selected then candidate.value end), 0.0) as value,
        coalesce(sum(case when solved.is_selected then candidate.forecast_cost end), 0.0) as cost,
        count(case when solved.is_selected then 1 end) as projects,
        {{ joined_text('case when solved.is_selected then solved.project_id end', 'solved.project_id') }} as selected
    from solved
    left join candidate on solved.project_id = candidate.project_id
    group by solved.budget, solved.is_asked, solved.bound
),

final as (
    select
        budget,
        value,
        cost,
        projects,
        selected,
        value - lag(value) over (order by budget) as added_value,
        greatest(value, bound) as value_bound,
        is_asked
    from summed
)

select * from final
