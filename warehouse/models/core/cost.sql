-- One row per cost that is current as of `as_of` and `known_at` (3-benefits.md, first list).
-- 3-benefits.md, 3.7: one in no currency is in its project's.
with monthly as (
    {{ current_rows('cost') }}
),

final as (
    select
        {%- for name in contract_columns('cost') %}
        {%- if name == 'currency' %}
        coalesce(monthly.currency, project.currency, {{ reporting_currency() }}) as currency,
        {%- else %}
        monthly.{{ name }},
        {%- endif %}
        {%- endfor %}
        monthly.known_from,
        monthly._feed,
        monthly._batch_id,
        monthly._row
    from monthly
    left join {{ ref('project') }} as project on monthly.project_id = project.project_id
)

select * from final
