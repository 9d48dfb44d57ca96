{#- Versions where deliveries map different columns (2-contracts.md: a feed speaks only for the columns it maps).
    Columns that the same mappings hold are one group. In order of receipt, a running maximum finds each group's
    greatest assertion so far; a version begins where one of them changes, and takes each group's values from its
    own. Where there are snapshots, what a key was last *present* in decides over closing it: a delivery's place is
    its as-at time, else its receipt, whatever the row's own `reported_at` says. -#}
{% macro merged_versions(contract, facts) -%}
{%- set groups = column_groups(contract, facts.mappings) -%}
{%- set by_receipt -%}
partition by {{ column_list(contract_named(contract)['keys']) }}
            order by _receipt, _rank
{%- endset -%}
{%- set place -%}
row_number() over (
                partition by {{ column_list(contract_named(contract)['keys'], 'assertion') }}
                order by
                    {{ 'delivered.positioned_at' if facts.has_snapshots else 'assertion._effective_at' }},
                    assertion._receipt,
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
        lead(_received_at) over ({{ by_receipt }}) as _until
    from heard
    where
        _place = _greatest_place
        or _rank = _greatest_rank
        {%- for group in groups %}
        or _rank = _rank_{{ loop.index }}
        {%- endfor %}
),

repeated_version as (
    select
        {%- for name in contract_columns(contract) %}
        {{ group_alias(groups, name) }}.{{ adapter.quote(name) }},
        {%- endfor %}
        latest._feed,
        latest._batch_id,
        latest._row,
        latest._receipt,
        latest._effective_at,
        turning_point._received_at as known_from,
        turning_point._until as known_to,
        presence._receipt as _presence
    from turning_point
    inner join repeated as latest
        on {{ same_key(contract, 'latest', 'turning_point') }} and turning_point._greatest_rank = latest._rank
    inner join repeated as presence
        on {{ same_key(contract, 'presence', 'turning_point') }} and turning_point._greatest_place = presence._place
    {%- for group in groups %}
    left join repeated as group_{{ loop.index }}
        on
            {{ same_key(contract, 'group_' ~ loop.index, 'turning_point') }}
            and turning_point._rank_{{ loop.index }} = group_{{ loop.index }}._rank
    {%- endfor %}
    union all
    select
        {{ version_columns(contract, 'heard') }},
        heard._received_at as known_from,
        heard._received_at as known_to,
        heard._receipt as _presence
    from heard
    where
        _rank <> _greatest_rank
        {%- for group in groups %}
        and (_rank_{{ loop.index }} is null or _rank <> _rank_{{ loop.index }})
        {%- endfor %}
)
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

{#- A snapshot closes the keys that are absent from it, but only keys last present in a delivery of the same feed,
    never one among its rejected rows, and none at all where a rejected row's key could not be read. A version that
    is closed while it holds becomes two: open until then, `is_closed` from then on. -#}
{% macro closed_versions(contract, has_spared) -%}
    {%- set columns = column_list(contract_columns(contract)) ~ ', _feed, _batch_id, _row, _receipt, _effective_at' -%}
    {%- set has_closed = 'closed_from is not null and (known_to is null or closed_from < known_to)' -%}
    with closing as (
        select
            receipt,
            min(case when closes then received_at end) over (
                partition by feed
                order by position
                rows between 1 following and unbounded following
            ) as closes_at
        from delivered
    ),

    {%- if has_spared %}
    {{ spared_keys(contract) }},
    {%- endif %}

    closed_version as (
        select
            version.*,
            {%- set closes_at = 'case when spared_key.key_text is null then closing.closes_at else spared.closes_at end'
                if has_spared else 'closing.closes_at' %}
            case
                when {{ closes_at }} < version.known_from then version.known_from
                else {{ closes_at }}
            end as closed_from
        from version
        inner join closing on version._presence = closing.receipt
        {%- if has_spared %}
        left join (select distinct key_text from rejected_key) as spared_key
            on {{ key_text(contract, 'version') }} = spared_key.key_text
        left join spared
            on spared_key.key_text = spared.key_text and version._presence = spared._presence
        {%- endif %}
    )

    select
        {{ columns }},
        known_from,
        case when {{ has_closed }} then closed_from else known_to end as known_to,
        false as is_closed
    from closed_version
    union all
    select
        {{ columns }},
        closed_from as known_from,
        known_to,
        true as is_closed
    from closed_version
    where {{ has_closed }}
{%- endmacro %}

{#- When a key that some snapshot holds among its rejected rows is closed: by the first later one that does not hold
    it. -#}
{% macro spared_keys(contract) -%}
    rejected_key as (
        select distinct rejected_row.key_text, delivered.receipt
        from {{ source('meta', 'rejected_row') }} as rejected_row
        inner join delivered on rejected_row.feed = delivered.feed and rejected_row.batch_id = delivered.batch_id
        where delivered.closes and rejected_row.contract = '{{ contract }}' and rejected_row.key_text is not null
    ),

    present_key as (
        select distinct {{ key_text(contract, 'version') }} as key_text, version._presence
        from version
        where {{ key_text(contract, 'version') }} in (select rejected_key.key_text from rejected_key)
    ),

    spared as (
        select present_key.key_text, present_key._presence, min(later.received_at) as closes_at
        from present_key
        inner join delivered as present on present_key._presence = present.receipt
        inner join delivered as later
            on present.feed = later.feed and later.closes and later.position > present.position
        left join rejected_key
            on present_key.key_text = rejected_key.key_text and later.receipt = rejected_key.receipt
        where rejected_key.key_text is null
        group by present_key.key_text, present_key._presence
    )
{%- endmacro %}
