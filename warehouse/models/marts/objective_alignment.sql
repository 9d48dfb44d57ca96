-- One row per objective: its weight beside its share of spend and of planned, realised and forecast benefit.
-- 3-benefits.md, 3.7; what reaches no objective counts in the whole that the shares are of. Amounts in the reporting currency.
{%- set totals = ['planned', 'realised', 'forecast'] %}
with objective as (
    select * from {{ ref('objective') }}
),

spend as (
    select scope_id as project_id, cost
    from {{ ref('value_return') }}
    where scope = 'project' and basis = 'forecast' and has_cost
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
        part.objective_id,
        {%- for total in totals %}
        {{ whole_sum('benefit.' ~ total ~ '_reporting * part.part') }} as {{ total }}{{ ',' if not loop.last }}
        {%- endfor %}
    from benefit
    inner join {{ ref('objective_part') }} as part on benefit.benefit_id = part.subject_id and part.subject_type = 'benefit'
    group by part.objective_id
),

whole as (
    select
        (select sum(weight) from objective) as weight,
        (select {{ whole_sum('cost') }} from spend) as spend,
        {%- for total in totals %}
        (select {{ whole_sum(total ~ '_reporting') }} from benefit) as {{ total }}{{ ',' if not loop.last }}
        {%- endfor %}
),

final as (
    select
        objective.objective_id,
        objective.name,
        cast(objective.weight as double) as weight,
        cast(objective.weight as double) / nullif(whole.weight, 0) as weight_share,
        {%- for column, amount in {
            'spend': 'case when spent.objective_id is null then 0.0 else spent.spend end',
            'planned': 'case when brought.objective_id is null then 0.0 else brought.planned end',
            'realised': 'case when brought.objective_id is null then 0.0 else brought.realised end',
            'forecast': 'case when brought.objective_id is null then 0.0 else brought.forecast end',
        }.items() %}
        {{ amount }} as {{ column }}_amount,
        {{ amount }} / nullif(whole.{{ column }}, 0) as {{ column }}_share{{ ',' if not loop.last }}
        {%- endfor %}
    from objective
    cross join whole
    left join spent on objective.objective_id = spent.objective_id
    left join brought on objective.objective_id = brought.objective_id
)

select * from final
