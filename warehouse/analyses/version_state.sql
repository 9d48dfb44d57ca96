-- One row per contract and accepted delivery: what the contract's row versions depend on besides the rows themselves.
-- pipelines/transform asks it which versions must be brought up to date, and what their SQL has to know.
{% for contract in fromjson(var('contracts')) -%}
select
    '{{ contract }}' as contract,
    state.*
from (
    {{ versioned_deliveries(contract) }}
) as state
{{ 'union all' if not loop.last }}
{% endfor %}
