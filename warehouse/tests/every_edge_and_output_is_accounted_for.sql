-- Joins drop nothing: every current dependency is an edge, every output has a status, every benefit a plan.
{%- set pairs = [
    ('dependency', 'network_edge'),
    ('output', 'output_status'),
    ('benefit', 'benefit_plan'),
    ('benefit', 'benefit_delivery'),
    ('output_share', 'output_benefit'),
    ('schedule_figure', 'benefit_schedule'),
    ('split_figure', 'benefit_period'),
] %}
with counted as (
    {%- for given, kept in pairs %}
    select
        '{{ given }}, {{ kept }}' as tables,
        (select count(*) from {{ ref(given) }}) as given_rows,
        (select count(*) from {{ ref(kept) }}) as kept_rows
    {{ 'union all' if not loop.last }}
    {%- endfor %}
)

select * from counted where given_rows <> kept_rows
