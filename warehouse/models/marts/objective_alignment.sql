-- One row per objective: its weight beside its share of spend and of planned, realised and forecast benefit.
-- 3-benefits.md, 3.7; what reaches no objective counts in the whole that the shares are of. Amounts in the reporting currency.
{%- set totals = ['planned', 'realised', 'forecast'] %}
with objective as (
    select * from {{ ref('objective') }}
),

spend as (
    select scope_id as project_id, cost
    from {{ ref('forecast_return') }}
    where scope = 'project' and has_cost
),

benefit as (
    select * from {{ ref('benefit_value') }}
),

spent as (
    select part.objective_id, {{ whole_sum('spend.cost * part.part') }} as spend
    from spend
    inner join {{ ref('objective_part') }} as part on spend.project_id = part.subject_id and part.subject_type = 'project'
    group by part.objective_id
),

brought as (
    select
        {%- for total in totals %}
        {{ whole_sum('benefit.' ~ total ~ '_reporting * part.part') }} as {{ total }},
        {%- endfor %}
        part.objective_id
    from benefit
    inner join {{ ref('objective_part') }} as part on benefit.benefit_id = part.subject_id and part.subject_type = 'benefit'
    group by part.objective_id
),

whole as (
    select
        {%- for total in totals %}
        (select {{ whole_sum(total ~ '_reporting') }} from benefit) as {{ total }},
        {%- endfor %}
        (select {{ whole_sum('cost') }} from spend) as spend,
        (select sum(weight) from objective) as weight
),

counted as (
    select
        case when spent.objective_id is null then 0.0 else spent.spend end as spend,
        {%- for total in totals %}
        case when brought.objective_id is null then 0.0 else brought.{{ total }} end as {{ total }},
        {%- endfor %}
        objective.objective_id
    from objective
    left join spent on objective.objective_id = spent.objective_id
    left join brought on objective.objective_id = brought.objective_id
),

final as (
    select
        objective.objective_id,
        objective.name,
        cast(objective.weight as double) as weight,
        cast(objective.weight as double) / nullif(whole.weight, 0) as weight_share,
        counted.spend as spend_amount,
        counted.spend / nullif(whole.spend, 0) as spend_share,
        counted.planned as planned_amount,
        counted.planned / nullif(whole.planned, 0) as planned_share,
        counted.realised as realised_amount,
        counted.realised / nullif(whole.realised, 0) as realised_share,
        counted.forecast as forecast_amount,
        counted.forecast / nullif(whole.forecast, 0) as forecast_share
    from objective
    inner join counted on objective.objective_id = counted.objective_id
    cross join whole
)

select * from final
