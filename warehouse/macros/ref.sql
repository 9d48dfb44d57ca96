{#- Relations by schema and name, without the database: a view that names its file is lost when that is renamed, or
    attached under another name, as `publish` does. -#}
{% macro ref() -%}
    {{ return(without_database(builtins.ref(*varargs, **kwargs))) }}
{%- endmacro %}

{% macro source() -%}
    {{ return(without_database(builtins.source(*varargs))) }}
{%- endmacro %}

{% macro without_database(relation) -%}
    {{ return(relation if relation.is_cte else relation.include(database=false)) }}
{%- endmacro %}
