-- One row per gap whose code is not the name of the model that found it.
{% for code in gap_codes() -%}
select
    '{{ code }}' as model_name,
    gap_code
from {{ ref(code) }}
where lower(gap_code) <> '{{ code }}'
{{ 'union all' if not loop.last }}
{% endfor %}
