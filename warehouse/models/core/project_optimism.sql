-- One row per running project: what it will cost, in its currency, and when it will finish if it fares like the finished ones.
-- 3-benefits.md, 3.7: by projects of its type; with fewer than 5, by all; with fewer again, as budgeted and as planned.
with running as (
    select
        project_id,
        project_type,
        cast(budget as double) as budget,
        coalesce(actual_start, baseline_start) as started_on,
        {{ days_between('baseline_start', 'baseline_finish') }} as baseline_days
    from {{ ref('project') }}
    where stage = 'delivery'
),

class as (
    select * from {{ ref('project_class') }} where n >= 5
),

resolved as (
    select
        running.*,
        {%- for measure in ['cost', 'duration'] %}
        {%- for quantile in ['p50', 'p80'] %}
        coalesce({{ measure }}_type.{{ quantile }}, {{ measure }}_all.{{ quantile }}, 1.0) as {{ measure }}_ratio_{{ quantile }},
        {%- endfor %}
        case
            when {{ measure }}_type.n is not null then 'type'
            when {{ measure }}_all.n is not null then 'all'
            else 'none'
        end as {{ measure }}_basis{{ ',' if not loop.last }}
        {%- endfor %}
    from running
    {%- for measure in ['cost', 'duration'] %}
    left join class as {{ measure }}_type
        on
            {{ measure }}_type.measure = '{{ measure }}'
            and not {{ measure }}_type.is_all
            and running.project_type is not distinct from {{ measure }}_type.project_type
    left join class as {{ measure }}_all on {{ measure }}_all.measure = '{{ measure }}' and {{ measure }}_all.is_all
    {%- endfor %}
),

final as (
    select
        project_id,
        cost_basis,
        duration_basis,
        {%- for quantile in ['p50', 'p80'] %}
        budget * cost_ratio_{{ quantile }} as cost_{{ quantile }},
        {{ add_days('started_on', 'cast(round(baseline_days * duration_ratio_' ~ quantile ~ ') as integer)') }}
            as finish_{{ quantile }}{{ ',' if not loop.last }}
        {%- endfor %}
    from resolved
)

select * from final
