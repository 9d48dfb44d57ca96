{#- The inputs of a build as SQL literals. `as_of` is a date, end of day; `known_at` a UTC timestamp.

    They are read from `meta.latest_build`, where pipelines/transform notes them, unless the variable of
    that name says otherwise: a variable that changes each night would have dbt parse the whole project anew each night. -#}

{% macro as_of() -%}
    cast('{{ build_input("as_of") }}' as date)
{%- endmacro %}

{% macro known_at() -%}
    cast('{{ build_input("known_at") }}' as timestamp)
{%- endmacro %}

{#- What the moments of row versions and deliveries are compared with: `known_at`, or any later moment that comes to the same
    (pipelines/transform/standing.py). -#}
{% macro known_by() -%}
    {%- if var("known_by") -%}
        cast('{{ var("known_by") }}' as timestamp)
    {%- else -%}
        {{ known_at() }}
    {%- endif -%}
{%- endmacro %}

{#- The number that the build has, or will get once it is recorded; null for a build that looks back to a moment at
    which no forward build was made. The variable may say 'null'. -#}
{% macro build_seq() -%}
    cast({{ build_input("seq") }} as bigint)
{%- endmacro %}

{% macro build_input(name) -%}
    {%- if var(name) -%}
        {{ var(name) }}
    {%- elif execute -%}
        {%- set found = run_query('select cast(' ~ name ~ ' as varchar) from meta.latest_build').columns[0].values() -%}
        {{ found[0] if found and found[0] is not none else 'null' }}
    {%- else -%}
        null
    {%- endif -%}
{%- endmacro %}

{% macro reporting_currency() -%}
    '{{ var("reporting_currency") }}'
{%- endmacro %}
