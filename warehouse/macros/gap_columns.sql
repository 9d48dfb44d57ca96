{#
    What every model in models/gaps returns, in this order and in these types, so that their plain union has a row per
    open gap. Arguments are SQL expressions; message and evidence come from the macros `sentence` and `gap_evidence`.
#}
{% macro gap_columns(
    gap_code, subject_type, subject_id, subject_name, message, evidence,
    project_id='null', benefit_id='null', output_id='null', severity_steps='0', amount_at_stake='null'
) -%}
    {%- set text = dbt.type_string() -%}
    '{{ gap_code }}' as gap_code,
    cast({{ subject_type }} as {{ text }}) as subject_type,
    cast({{ subject_id }} as {{ text }}) as subject_id,
    cast({{ subject_name }} as {{ text }}) as subject_name,
    cast({{ project_id }} as {{ text }}) as project_id,
    cast({{ benefit_id }} as {{ text }}) as benefit_id,
    cast({{ output_id }} as {{ text }}) as output_id,
    cast({{ severity_steps }} as integer) as severity_steps,
    cast({{ amount_at_stake }} as double) as amount_at_stake,
    {{ message }} as message,
    {{ evidence }} as evidence
{%- endmacro %}

{# The same where the subject is a benefit, from the columns of core.benefit_subject. #}
{% macro benefit_gap_columns(gap_code, message, evidence, amount_at_stake='null') -%}
    {{ gap_columns(
        gap_code, "'benefit'", 'benefit_id', 'benefit_name', message, evidence,
        project_id='project_id', benefit_id='benefit_id', amount_at_stake=amount_at_stake
    ) }}
{%- endmacro %}

{# The same where the subject is an output, from the columns of core.output_status. #}
{% macro output_gap_columns(gap_code, message, evidence, severity_steps='0') -%}
    {{ gap_columns(
        gap_code, "'output'", 'output_id', 'output_name', message, evidence,
        project_id='project_id', output_id='output_id', severity_steps=severity_steps
    ) }}
{%- endmacro %}

{# The same where the subject is a project, from the columns of core.project. #}
{% macro project_gap_columns(gap_code, message, evidence) -%}
    {{ gap_columns(gap_code, "'project'", 'project_id', 'name', message, evidence, project_id='project_id') }}
{%- endmacro %}

{# The catalogue's threshold of a code, as a scalar. #}
{% macro gap_threshold(gap_code) -%}
    (select threshold from {{ ref('gap_catalogue') }} where gap_code = '{{ gap_code }}')
{%- endmacro %}

{#
    The lower-case codes of all models in models/gaps: the build passes them, as JSON, because dbt sees neither files
    nor its graph while it parses. The test gap_catalogue_and_models_are_the_same_set compares them with the folder.
#}
{% macro gap_codes() -%}
    {{ return(fromjson(var('gap_codes'))) }}
{%- endmacro %}

{# Columns of the rows of all models in models/gaps. #}
{% macro gap_rows(columns) -%}
    {% for code in gap_codes() -%}
    select {{ columns | join(', ') }} from {{ ref(code) }}
    {{ 'union all' if not loop.last }}
    {% endfor -%}
{%- endmacro %}

{# The stable name of a gap: the first 16 hex digits of the sha256 of `gap_code|subject_type|subject_id`. #}
{% macro gap_id(gap_code, subject_type, subject_id) -%}
    {%- set text = gap_code ~ " || '|' || " ~ subject_type ~ " || '|' || " ~ subject_id -%}
    left({{ sha256_hex(text) }}, 16)
{%- endmacro %}

{% macro sha256_hex(text) -%}
    {{ return(adapter.dispatch('sha256_hex', 'fruition')(text)) }}
{%- endmacro %}

{% macro duckdb__sha256_hex(text) -%}
    sha256({{ text }})
{%- endmacro %}

{% macro spark__sha256_hex(text) -%}
    sha2({{ text }}, 256)
{%- endmacro %}

{#
    The stable name of an event in a gap's life: the first 16 hex digits of the sha256 of `gap_id|event_type|seq`, where
    seq is the number of the build that saw it first.
#}
{% macro gap_event_id(gap_id, event_type, seq) -%}
    {%- set text = gap_id ~ " || '|' || " ~ event_type ~ " || '|' || cast(" ~ seq ~ " as " ~ dbt.type_string() ~ ")" -%}
    left({{ sha256_hex(text) }}, 16)
{%- endmacro %}

{# The catalogue's severity, `steps` steps higher, critical at the most. #}
{% macro raised_severity(severity, steps) -%}
    {{ severity_of(steps ~ ' + ' ~ severity_level(severity)) }}
{%- endmacro %}

{# How grave a severity is: from 1 (low) to 4 (critical). #}
{% macro severity_level(severity) -%}
    case {{ severity }}
        {%- for severity in severities() %} when '{{ severity }}' then {{ loop.index }} {%- endfor %} end
{%- endmacro %}

{# The severity of a level; critical for any above. #}
{% macro severity_of(level) -%}
    case least({{ severities() | length }}, {{ level }})
        {%- for severity in severities() %} when {{ loop.index }} then '{{ severity }}' {%- endfor %} end
{%- endmacro %}

{% macro severities() -%}
    {{ return(['low', 'medium', 'high', 'critical']) }}
{%- endmacro %}

{# The models that stand in models/gaps, from dbt's graph: known when a query runs, not while dbt parses. #}
{% macro gap_models() -%}
    {%- set names = [] -%}
    {%- for id, node in (graph.nodes.items() if execute else []) if id.startswith('model.') -%}
        {%- if node.path.startswith('gaps/') -%} {%- do names.append(node.name) -%} {%- endif -%}
    {%- endfor -%}
    {{ return(names) }}
{%- endmacro %}

{# Those of them that core.open_gap reads. #}
{% macro united_gap_models() -%}
    {%- set names = [] -%}
    {%- for id, node in (graph.nodes.items() if execute else []) if id.endswith('.open_gap') -%}
        {%- do names.extend(gap_models() | select('in', node.refs | map(attribute='name') | list)) -%}
    {%- endfor -%}
    {{ return(names) }}
{%- endmacro %}

{# A select of the names given, one a row, in the column `code`. #}
{% macro code_rows(names) -%}
    {%- for name in names %}
    select '{{ name }}' as code
    {{- ' union all' if not loop.last }}
    {%- else %}
    select '' as code where false
    {%- endfor %}
{%- endmacro %}
