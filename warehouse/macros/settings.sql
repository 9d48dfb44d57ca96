{#- The inputs of a build as SQL literals. `as_of` is a date, end of day; `known_at` a UTC timestamp.

    They are read from `meta.latest_build`, where pipelines/transform notes them, unless the variable of
    that name says otherwise: a variable that changes each night would have dbt parse the whole project anew each night. -#}

{% macro as_of() -%}
    cast('{{ build_input("as_of") }}' as date)
{%- endmacro %}

{% macro known_at() -%}
    cast('{{ build_input("known_at") }}' as timestamp)
{%- endmacro %}

{#- What the moments of row versions and deliveries are compared with: `known_at`; of a forward build, which knows all there
    is, the end of time, so that what rests on them alone is not made anew because a night has passed. -#}
{% macro known_by() -%}
    {%- if var("known_at") and not var("known_by") -%}
        {{ known_at() }}
    {%- else -%}
        cast('{{ build_input("known_by", "case when is_forward then timestamp '9999-12-31' else known_at end") }}' as timestamp)
    {%- endif -%}
{%- endmacro %}

{#- The number that the build has, or will get once it is recorded; null for a build that looks back to a moment at
    which no forward build was made. The variable may say 'null'. -#}
{% macro build_seq() -%}
    cast({{ build_input("seq") }} as bigint)
{%- endmacro %}

{% macro build_input(name, noted=none) -%}
    {%- if var(name) -%}
        {{ var(name) }}
    {%- elif execute -%}
        {%- set found = run_query('select cast(' ~ (noted or name) ~ ' as varchar) from meta.latest_build').columns[0].values() -%}
        {{ found[0] if found and found[0] is not none else 'null' }}
    {%- else -%}
        null
    {%- endif -%}
{%- endmacro %}

{% macro reporting_currency() -%}
    '{{ var("reporting_currency") }}'
{%- endmacro %}
