-- One row per role a gap can be given to and subject for which a person is named in it.
-- 3-benefits.md, 3.8: `accountable`; the roles are those the gap catalogue may name.
{%- set roles = [
    ('benefit owner', 'benefit', 'owner'),
    ('outcome owner', 'outcome', 'owner'),
    ('KPI owner', 'kpi', 'owner'),
    ('output owner', 'output', 'owner'),
    ('project manager', 'project', 'manager'),
    ('project sponsor', 'project', 'sponsor'),
] %}
with final as (
    {% for role, subject, column in roles -%}
    select
        '{{ role }}' as accountable,
        '{{ subject }}' as subject_type,
        {{ subject }}_id as subject_id,
        {{ column }} as person
    from {{ ref(subject) }}
    where {{ column }} is not null
    {{ 'union all' if not loop.last }}
    {% endfor -%}
)

select * from final
