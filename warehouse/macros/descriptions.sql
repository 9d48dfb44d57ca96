{#- Table and column comments of the core contract models, from the contracts themselves: a post-hook of models/core.
    Other models have none of this; marts are described in their own .yml. -#}
{% macro describe_contract(relation) %}
    {{ return(adapter.dispatch('describe_contract', 'fruition')(relation)) }}
{% endmacro %}

{% macro default__describe_contract(relation) %}
    {{ return('') }}
{% endmacro %}

{% macro duckdb__describe_contract(relation) %}
    {%- set contract = contract_named(relation.identifier) -%}
    {%- if not contract -%}
        {{ return('') }}
    {%- endif -%}
    comment on table {{ relation }} is '{{ (contract.grain ~ ' ' ~ contract.description) | replace("'", "''") }}';
    {%- for column in contract['columns'] %}
    comment on column {{ relation }}.{{ adapter.quote(column.name) }}
        is '{{ column.description | replace("'", "''") }}';
    {%- endfor %}
{% endmacro %}
