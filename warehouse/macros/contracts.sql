{#- What the models know of the contracts: expectations/*.yml, handed over in the variable `contracts` as JSON. -#}

{% macro contract_named(name) %}
    {{ return(fromjson(var("contracts")).get(name)) }}
{% endmacro %}

{% macro contract_columns(name) %}
    {{ return(contract_named(name)['columns'] | map(attribute='name') | list) }}
{% endmacro %}

{#- `left_alias.key = right_alias.key and …` over the contract's business key, whose columns are never null. -#}
{% macro same_key(name, left_alias, right_alias) -%}
    {%- for key in contract_named(name)['keys'] %}
    {{- ' and ' if not loop.first -}}
    {{ left_alias }}.{{ adapter.quote(key) }} = {{ right_alias }}.{{ adapter.quote(key) }}
    {%- endfor %}
{%- endmacro %}

{#- The columns, quoted since `date` and `rate` are words of SQL, each after an alias where one is given. -#}
{% macro column_list(names, alias=none) -%}
    {%- for name in names %}
    {{- ', ' if not loop.first }}{{ alias ~ '.' if alias }}{{ adapter.quote(name) }}
    {%- endfor %}
{%- endmacro %}

{#- The business key as one text, as meta.rejected_row.key_text writes it. -#}
{% macro key_text(name, alias) -%}
    {%- for key in contract_named(name)['keys'] %}
    {{- ' || chr(31) || ' if not loop.first }}cast({{ alias }}.{{ adapter.quote(key) }} as {{ dbt.type_string() }})
    {%- endfor %}
{%- endmacro %}
