{% macro generate_schema_name(custom_schema_name, node) -%}
    {#- Schemas are named exactly as configured: staging, core, gaps, marts, meta; no target's name comes before. -#}
    {{ return((custom_schema_name or target.schema) | trim) }}
{%- endmacro %}
