{#
    The wording of a gap: every figure in every message is written by these macros, so that the same number
    looks the same wherever it stands.
#}

{#
    One sentence from a template, as an SQL text expression that is never null.

    `{column}` is the column's text; `{column:kind}` is formatted by kind:
    `number`, `percent` (0.4 is 40%), `weight` (to its six decimals), `date`, `days` (1 day, 12 days),
    `of noun` (1 output, 3 outputs),
    `change` (the unit of a difference: that between two percentages is points),
    `money` (in the reporting currency) and `money column` (in the currency that column holds).
    A figure that is missing reads 'unknown'; a part in square brackets is left out where one of its figures is missing.
#}
{% macro sentence(template) -%}
    {%- set parts = [] -%}
    {%- for piece in modules.re.split('(\[[^\]]*\])', template) if piece -%}
        {%- if piece[0] == '[' -%}
            {%- do parts.append("coalesce(" ~ phrase(piece[1:-1], none) ~ ", '')") -%}
        {%- else -%}
            {%- do parts.append(phrase(piece, 'unknown')) -%}
        {%- endif -%}
    {%- endfor -%}
    {{ parts | join(' || ') }}
{%- endmacro %}

{# The pieces of a template joined; a missing figure reads `missing`, or makes the whole null where that is none. #}
{% macro phrase(template, missing) -%}
    {%- set parts = [] -%}
    {%- for piece in modules.re.split('(\{[^}]*\})', template) if piece -%}
        {%- if piece[0] != '{' -%}
            {%- do parts.append("'" ~ piece | replace("'", "''") ~ "'") -%}
        {%- else -%}
            {%- set column, _, kind = piece[1:-1].partition(':') -%}
            {%- set text = figure_text(column, kind or 'text') | trim -%}
            {%- do parts.append(text if missing is none else "coalesce(" ~ text ~ ", '" ~ missing ~ "')") -%}
        {%- endif -%}
    {%- endfor -%}
    {{ parts | join(' || ') }}
{%- endmacro %}

{% macro figure_text(column, kind) -%}
    {%- set name, _, argument = kind.partition(' ') -%}
    {%- if name == 'text' -%} cast({{ column }} as {{ dbt.type_string() }})
    {%- elif name == 'number' -%} {{ number_text(column) }}
    {%- elif name == 'percent' -%} {{ number_text('100.0 * ' ~ column) }} || '%'
    {%- elif name == 'weight' -%} {{ without_trailing_zeros(fixed_text(column, 6)) }}
    {%- elif name == 'money' -%} {{ money_text(column, argument or "'" ~ var('reporting_currency') ~ "'") }}
    {%- elif name == 'change' -%} case {{ column }} when '%' then 'points' else {{ column }} end
    {%- elif name == 'date' -%} {{ date_text(column) }}
    {%- elif name == 'days' -%} {{ count_text(column, 'day') }}
    {%- elif name == 'of' -%} {{ count_text(column, argument) }}
    {%- else -%} {{ exceptions.raise_compiler_error("No such kind of figure in a sentence: " ~ kind) }}
    {%- endif -%}
{%- endmacro %}

{# A measure as people write it: 43,120 · 86.25 · 0.0042; never more decimals than carry meaning, and noise is 0. #}
{% macro number_text(value) -%}
    case
        when abs({{ value }}) >= 1000 then {{ fixed_text(value, 0) }}
        when abs({{ value }}) < 1e-9 then '0'
        when abs({{ value }}) >= 1 then {{ without_trailing_zeros(fixed_text(value, 2)) }}
        when abs({{ value }}) >= 0.001 then {{ without_trailing_zeros(fixed_text(value, 4)) }}
        else {{ scientific_text(value) }}
    end
{%- endmacro %}

{# Money with its currency first: GBP 43,120 · GBP 12.50. #}
{% macro money_text(value, currency) -%}
    {{ currency }} || ' ' || case
        when abs({{ value }}) >= 10000 or {{ value }} = round({{ value }}) then {{ fixed_text(value, 0) }}
        else {{ fixed_text(value, 2) }}
    end
{%- endmacro %}

{# '1 day', '12 days'. #}
{% macro count_text(value, noun) -%}
    {{ number_text(value) }} || case when {{ value }} = 1 then ' {{ noun }}' else ' {{ noun }}s' end
{%- endmacro %}

{% macro without_trailing_zeros(text) -%}
    trim(trailing '.' from trim(trailing '0' from {{ text }}))
{%- endmacro %}

{# A number with thousands separated by commas and so many decimals. #}
{% macro fixed_text(value, decimals) -%}
    {{ return(adapter.dispatch('fixed_text', 'fruition')(value, decimals)) }}
{%- endmacro %}

{% macro duckdb__fixed_text(value, decimals) -%}
    format('{:,.{{ decimals }}f}', cast({{ value }} as double))
{%- endmacro %}

{% macro spark__fixed_text(value, decimals) -%}
    format_number(cast({{ value }} as double), {{ decimals }})
{%- endmacro %}

{# A very small number with two significant digits. #}
{% macro scientific_text(value) -%}
    {{ return(adapter.dispatch('scientific_text', 'fruition')(value)) }}
{%- endmacro %}

{% macro duckdb__scientific_text(value) -%}
    format('{:.1e}', cast({{ value }} as double))
{%- endmacro %}

{% macro spark__scientific_text(value) -%}
    format_string('%.1e', cast({{ value }} as double))
{%- endmacro %}

{# '30 June 2026'. #}
{% macro date_text(value) -%}
    {{ return(adapter.dispatch('date_text', 'fruition')(value)) }}
{%- endmacro %}

{% macro duckdb__date_text(value) -%}
    strftime({{ value }}, '%-d %B %Y')
{%- endmacro %}

{% macro spark__date_text(value) -%}
    date_format({{ value }}, 'd MMMM yyyy')
{%- endmacro %}
