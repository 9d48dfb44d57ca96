{#
    The evidence of a gap: one JSON object, escaped by the engine, of figures by name and, under `rows`, of the rows
    they came from: `[{"contract": "benefit", "feed": "vmo", "batch_id": "…", "row": 12}, …]`.
#}

{# JSON text of the named columns and of `source_rows`, the list that the macro of that name made. #}
{% macro gap_evidence(columns, source_rows='source_rows') -%}
    {%- set pairs = {} -%}
    {%- for column in columns -%}{%- do pairs.update({column: column}) -%}{%- endfor -%}
    {%- do pairs.update({'rows': source_rows}) -%}
    {{ json_text(record(pairs)) }}
{%- endmacro %}

{#
    Where one row of a contract came from: its pipeline columns `_feed`, `_batch_id` and `_row`, of `relation` where
    there are several; where a joined row's were carried along under another name, `<prefix>feed` and so on.
#}
{% macro source_row(contract, relation=none, prefix='_') -%}
    {{ any_source_row("'" ~ contract ~ "'", relation, prefix) }}
{%- endmacro %}

{# The same of a contract that is an SQL expression. #}
{% macro any_source_row(contract, relation=none, prefix='_') -%}
    {%- set place = (relation ~ '.' if relation else '') ~ prefix -%}
    {{ record({
        'contract': contract,
        'feed': 'cast(' ~ place ~ 'feed as ' ~ dbt.type_string() ~ ')',
        'batch_id': 'cast(' ~ place ~ 'batch_id as ' ~ dbt.type_string() ~ ')',
        'row': 'cast(' ~ place ~ 'row as ' ~ dbt.type_bigint() ~ ')',
    }) }}
{%- endmacro %}

{#
    A named record. The engines differ in how one is written; `pairs` is name -> expression.
#}
{% macro record(pairs) -%}
    {{ return(adapter.dispatch('record', 'fruition')(pairs)) }}
{%- endmacro %}

{% macro duckdb__record(pairs) -%}
    struct_pack(
        {%- for name, expression in pairs.items() %}
        "{{ name }}" := {{ expression }}{{ ', ' if not loop.last }}
        {%- endfor %}
    )
{%- endmacro %}

{% macro spark__record(pairs) -%}
    named_struct(
        {%- for name, expression in pairs.items() %}
        '{{ name }}', {{ expression }}{{ ', ' if not loop.last }}
        {%- endfor %}
    )
{%- endmacro %}

{#
    The records given as a list, those of rows that are not there (an outer join) left out, and behind them the list
    `more`, which may be null.
#}
{% macro source_rows(records, more=none) -%}
    {{ return(adapter.dispatch('source_rows', 'fruition')(records, more)) }}
{%- endmacro %}

{% macro duckdb__source_rows(records, more) -%}
    {%- set rows = 'list_filter([' ~ records | join(', ') ~ '], lambda entry: entry.batch_id is not null)' -%}
    {{ 'list_concat(' ~ rows ~ ', ' ~ more ~ ')' if more else rows }}
{%- endmacro %}

{% macro spark__source_rows(records, more) -%}
    {%- set rows = 'filter(array(' ~ records | join(', ') ~ '), entry -> entry.batch_id is not null)' -%}
    {{ 'concat(' ~ rows ~ ', coalesce(' ~ more ~ ', filter(' ~ rows ~ ', entry -> false)))' if more else rows }}
{%- endmacro %}

{# Aggregate: the group's records as a list in the order of their fields, the first first; nulls left out. #}
{% macro record_list(record) -%}
    {{ return(adapter.dispatch('record_list', 'fruition')(record)) }}
{%- endmacro %}

{% macro duckdb__record_list(record) -%}
    list_sort(coalesce(list({{ record }}) filter (where {{ record }} is not null), []))
{%- endmacro %}

{% macro spark__record_list(record) -%}
    array_sort(collect_list({{ record }}))
{%- endmacro %}

{# Aggregate: the group's records as a list, that of the lowest `place` first. #}
{% macro ordered_list(record, place) -%}
    {{ return(adapter.dispatch('ordered_list', 'fruition')(record, place)) }}
{%- endmacro %}

{% macro duckdb__ordered_list(record, place) -%}
    list({{ record }} order by {{ place }})
{%- endmacro %}

{% macro spark__ordered_list(record, place) -%}
    transform(array_sort(collect_list(struct({{ place }} as place, {{ record }} as record))), entry -> entry.record)
{%- endmacro %}

{# A record, or a list of them, as JSON text; figures that are missing stay, as null. #}
{% macro json_text(record) -%}
    {{ return(adapter.dispatch('json_text', 'fruition')(record)) }}
{%- endmacro %}

{% macro duckdb__json_text(record) -%}
    cast(to_json({{ record }}) as varchar)
{%- endmacro %}

{% macro spark__json_text(record) -%}
    to_json({{ record }}, map('ignoreNullFields', 'false'))
{%- endmacro %}

{# True where a text is JSON. #}
{% macro is_json(text) -%}
    {{ return(adapter.dispatch('is_json', 'fruition')(text)) }}
{%- endmacro %}

{% macro duckdb__is_json(text) -%}
    json_valid({{ text }})
{%- endmacro %}

{% macro spark__is_json(text) -%}
    (get_json_object({{ text }}, '$') is not null)
{%- endmacro %}
