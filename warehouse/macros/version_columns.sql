{#- From assertions to versions, where all deliveries map the same columns (`plain_versions`) and where not. -#}

{#- An assertion holds from when it is known until a greater one is. -#}
{% macro plain_versions(contract) -%}
{%- set overtaken_at -%}
min(assertion._known_from) over (
                {{ in_order(contract) }}
                rows between 1 following and unbounded following
            ) as _overtaken_at
{%- endset -%}
repeated as (
    {{ repeated_assertions(contract, [overtaken_at]) }}
),

repeated_version as (
    select
        {{ version_columns(contract, 'repeated') }},
        repeated._known_from as known_from,
        case when _overtaken_at < _known_from then _known_from else _overtaken_at end as known_to,
        repeated._receipt as _presence
    from repeated
)
{%- endmacro %}

{#- A feed speaks only for the columns it maps. Columns that the same mappings hold are one group. In order of receipt, a
    running maximum finds each group's greatest assertion so far; a version begins where one of them changes, and takes
    each group's values from its own. Where there are snapshots, what a key was last *present* in decides over closing
    it: a delivery's place in time, whatever the row's own `reported_at` says. -#}
{% macro merged_versions(contract, facts) -%}
{%- set groups = column_groups(contract, facts.mappings) -%}
{%- set by_receipt -%}
partition by {{ column_list(history_columns(contract)) }}
            order by _receipt, _rank
{%- endset -%}
{%- set place -%}
row_number() over (
                partition by {{ column_list(history_columns(contract), 'assertion') }}
                order by
                    {{ 'delivered.place' if facts.has_snapshots else 'assertion._effective_at, delivered.standing' }},
                    assertion._row
            ) as _place
{%- endset -%}
{%- set rank = 'row_number() over (' ~ in_order(contract) ~ ') as _rank' -%}
{%- set mapping -%}
case delivered.mapped_columns
                {%- for columns in facts.mappings %}
                when '{{ columns }}' then {{ loop.index0 }}
                {%- endfor %}
            end as _mapping
{%- endset -%}
repeated as (
    {{ repeated_assertions(contract, [rank, place, mapping]) }}
),

heard as (
    select
        *,
        {%- for group in groups %}
        max(case when {{ maps_group(group) }} then _rank end) over ({{ by_receipt }}) as _rank_{{ loop.index }},
        {%- endfor %}
        max(_rank) over ({{ by_receipt }}) as _greatest_rank,
        max(_place) over ({{ by_receipt }}) as _greatest_place
    from repeated
),

turning_point as (
    select
        *,
        lead(_known_from) over ({{ by_receipt }}) as _until
    from heard
    where
        _place = _greatest_place
        or _rank = _greatest_rank
        {%- for group in groups %}
        or _rank = _rank_{{ loop.index }}
        {%- endfor %}
),

repeated_version as (
    {{ merged_turning_points(contract, groups) }}
    union all
    select
        {{ version_columns(contract, 'heard') }},
        heard._known_from as known_from,
        heard._known_from as known_to,
        heard._receipt as _presence
    from heard
    where
        _rank <> _greatest_rank
        {%- for group in groups %}
        and (_rank_{{ loop.index }} is null or _rank <> _rank_{{ loop.index }})
        {%- endfor %}
)
{%- endmacro %}

{#- At each turning point, the values of every group's greatest assertion, and of the greatest of all. -#}
{% macro merged_turning_points(contract, groups) -%}
    select
        {%- for name in contract_columns(contract) %}
        {{ group_alias(groups, name) }}.{{ adapter.quote(name) }},
        {%- endfor %}
        latest._feed,
        latest._batch_id,
        latest._row,
        latest._key,
        latest._receipt,
        latest._effective_at,
        latest._epoch_from,
        turning_point._known_from as known_from,
        turning_point._until as known_to,
        presence._receipt as _presence
    from turning_point
    inner join repeated as latest
        on {{ same_history(contract, 'latest', 'turning_point') }} and turning_point._greatest_rank = latest._rank
    inner join repeated as presence
        on {{ same_history(contract, 'presence', 'turning_point') }} and turning_point._greatest_place = presence._place
    {%- for group in groups %}
    left join repeated as group_{{ loop.index }}
        on
            {{ same_history(contract, 'group_' ~ loop.index, 'turning_point') }}
            and turning_point._rank_{{ loop.index }} = group_{{ loop.index }}._rank
    {%- endfor %}
{%- endmacro %}

{#- Columns by the mappings that hold them: [{'mappings': [their numbers], 'columns': [...]}]; keys belong to all. -#}
{% macro column_groups(contract, mappings) %}
    {%- set groups = {} -%}
    {%- for name in contract_columns(contract) if name not in contract_named(contract)['keys'] -%}
        {%- set holders = [] -%}
        {%- for mapping in mappings if ',' ~ name ~ ',' in mapping -%}
            {%- do holders.append(mappings.index(mapping)) -%}
        {%- endfor -%}
        {%- do groups.setdefault(holders | join('|'), {'mappings': holders, 'columns': []})['columns'].append(name) -%}
    {%- endfor -%}
    {{ return(groups.values() | list) }}
{% endmacro %}

{#- Does the assertion's delivery map the columns of the group? -#}
{% macro maps_group(group) -%}
    {%- for number in group.mappings %}
    {{- ' or ' if not loop.first }}_mapping = {{ number }}
    {%- else %}false{% endfor %}
{%- endmacro %}

{% macro group_alias(groups, name) -%}
    {%- set found = namespace(alias='latest') -%}
    {%- for group in groups -%}
        {%- if name in group['columns'] -%}
            {%- set found.alias = 'group_' ~ loop.index -%}
        {%- endif -%}
    {%- endfor -%}
    {{ return(found.alias) }}
{%- endmacro %}
