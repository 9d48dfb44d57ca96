-- One row per benefit: its row as it stood when it was approved, or as it was first known.
-- 3-benefits.md, 3.7: what counts is of which day a version speaks, not when it came. What was stated later is null here,
-- as it was then. `stood_on` is the day that it is seen from.
{%- set figures = ['kpi_id', 'baseline_value', 'target_value', 'target_date', 'start_date', 'unit_value'] %}
with benefits as (
    select benefit_id, approved_date as approved_on from {{ ref('benefit') }}
),

read_aright as (
    {{ versions_read_aright('benefit') }}
),

versions as (
    select
        read_aright.*,
        benefits.approved_on,
        cast(read_aright._effective_at as date) as stated_on,
        coalesce(cast(read_aright._effective_at as date) <= benefits.approved_on, false) as is_before_approval,
        -- A version without any of the figures is an empty entry, or comes from a feed that says nothing of the plan.
        false
        {%- for figure in figures %}
        or read_aright.{{ figure }} is not null
        {%- endfor %} as states_plan
    from read_aright
    inner join benefits on read_aright.benefit_id = benefits.benefit_id
    where not read_aright.is_closed
),

promised as (
    select *
    from versions
    qualify row_number() over (
        partition by benefit_id
        order by
            states_plan desc,
            is_before_approval desc,
            case when is_before_approval then _effective_at end desc nulls last,
            case when is_before_approval then known_from end desc nulls last,
            _effective_at asc,
            known_from asc
    ) = 1
),

final as (
    select
        {%- for column in contract_named('benefit')['columns'] %}
        {{ with_default(column, []) }} as {{ adapter.quote(column.name) }},
        {%- endfor %}
        stated_on,
        case when is_before_approval then approved_on else stated_on end as stood_on,
        _feed,
        _batch_id,
        _row
    from promised
)

select * from final
