-- One row per project: whether it is selected within the budget of the question, and why not.
-- 3-benefits.md, 3.7: the best set of ideas and business cases, solved in core.selection_solved.
with candidate as (
    select * from {{ ref('selection_candidate') }}
),

question as (
    select * from {{ ref('selection_question') }}
),

solved as (
    select * from {{ ref('selection_solved') }}
),

asked as (
    select * from solved where is_asked
),

step as (
    select
        project_id,
        min(budget) as first_budget
    from solved
    where is_step and is_selected
    group by project_id
),

final as (
    select
        candidate.project_id,
        candidate.project_name,
        candidate.stage,
        candidate.forecast_npv,
        candidate.forecast_cost,
        candidate.alignment,
        candidate.value,
        candidate.value / nullif(candidate.forecast_cost, 0) as value_per_cost,
        candidate.is_candidate,
        coalesce(asked.is_selected, false) as is_selected,
        case
            when candidate.is_candidate then asked.reason
            else {{ sentence('Its stage is {candidate.stage}: only ideas and business cases are selected from.') }}
        end as reason,
        step.first_budget,
        question.budget
    from candidate
    cross join question
    left join asked on candidate.project_id = asked.project_id
    left join step on candidate.project_id = step.project_id
)

select * from final
