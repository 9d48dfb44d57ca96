{#- The current row of each key as of `as_of` and `known_at`, with the contract's defaults (3-benefits.md, first
    list; the defaults are in 2-contracts.md and come from expectations/*.yml). Dated facts after `as_of` do not
    exist yet: the columns of `not_yet` are null then, and rows whose expression `happened_on` is after it are
    absent.

    `carry` names pipeline columns to hand on besides where the row came from. -#}
{% macro current_rows(contract, not_yet=[], happened_on=none, carry=[]) -%}
select
    {%- for column in contract_named(contract)['columns'] %}
    {{ with_default(column, not_yet) }} as {{ adapter.quote(column.name) }},
    {%- endfor %}
    known_from,
    {%- for name in carry %}
    {{ name }},
    {%- endfor %}
    _feed,
    _batch_id,
    _row
from {{ ref(contract ~ '_version') }} as current_version
where
    known_from <= {{ known_by() }}
    and (known_to is null or known_to > {{ known_by() }})
    and not is_closed
    {%- if happened_on %}
    and {{ happened_on }} <= {{ as_of() }}
    {%- endif %}
{%- endmacro %}

{% macro with_default(column, not_yet) -%}
    {%- set name = adapter.quote(column.name) -%}
    {%- if column.name in not_yet -%}
        case when {{ name }} <= {{ as_of() }} then {{ name }} end
    {%- elif column.default_column -%}
        coalesce({{ name }}, {{ adapter.quote(column.default_column) }})
    {%- elif column.default_setting == 'currency' -%}
        coalesce({{ name }}, {{ reporting_currency() }})
    {%- elif column.default is not none -%}
        coalesce({{ name }}, cast('{{ column.default }}' as {{ column.type }}))
    {%- else -%}
        {{ name }}
    {%- endif -%}
{%- endmacro %}
