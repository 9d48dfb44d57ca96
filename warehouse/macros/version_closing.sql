{#- A snapshot closes the keys that are absent from it, but only keys last present in a delivery of the same feed,
    never one among its rejected rows, and none at all where a rejected row's key could not be read. A version that
    is closed while it holds becomes two: open until then, `is_closed` from then on. -#}
{% macro closed_versions(contract, facts) -%}
    {%- set has_closed = 'closed_from is not null and (known_to is null or closed_from < known_to)' -%}
    with {{ closings(facts) }},

    {%- if facts.has_spared %}
    {{ spared_keys(contract) }},
    {%- endif %}

    closed_version as (
        select
            version.*,
            {%- set closes_at = 'case when spared_key.key_text is null then closing.closes_at else spared.closes_at end'
                if facts.has_spared else 'closing.closes_at' %}
            case
                when {{ closes_at }} < version.known_from then version.known_from
                else {{ closes_at }}
            end as closed_from
        from version
        inner join closing on version._presence = closing.receipt and version._epoch_from = closing._epoch_from
        {%- if facts.has_spared %}
        left join (select distinct key_text from rejected_key) as spared_key
            on {{ key_text(contract, 'version') }} = spared_key.key_text
        left join spared
            on
                spared_key.key_text = spared.key_text
                and version._presence = spared._presence
                and version._epoch_from = spared._epoch_from
        {%- endif %}
    )

    select
        {{ version_columns(contract, 'closed_version') }},
        known_from,
        case when {{ has_closed }} then closed_from else known_to end as known_to,
        false as is_closed
    from closed_version
    union all
    select
        {{ version_columns(contract, 'closed_version') }},
        closed_from as known_from,
        known_to,
        true as is_closed
    from closed_version
    where {{ has_closed }}
{%- endmacro %}

{#- When a key last present in a delivery is closed: by the first later snapshot of the feed to become known, of those
    that still count in the epoch. -#}
{% macro closings(facts) -%}
    standing_delivery as (
        select delivered.*, epoch_start._epoch_from
        from delivered
        cross join (
            {%- if facts.has_withdrawn %}
            select distinct _epoch_from from assertion
            {%- else %}
            select {{ beginning() }} as _epoch_from
            {%- endif %}
        ) as epoch_start
        where
            delivered.counts
            and (delivered.withdrawn_at is null or delivered.withdrawn_at > epoch_start._epoch_from)
    ),

    closing as (
        select
            receipt,
            _epoch_from,
            min(case when closes then known_from end) over (
                partition by feed, _epoch_from
                order by place
                rows between 1 following and unbounded following
            ) as closes_at
        from standing_delivery
    )
{%- endmacro %}

{#- When a key that some snapshot holds among its rejected rows is closed: by the first later one that does not hold
    it. -#}
{% macro spared_keys(contract) -%}
    rejected_key as (
        {{ rejected_keys(contract) }}
    ),

    present_key as (
        select distinct {{ key_text(contract, 'version') }} as key_text, version._presence, version._epoch_from
        from version
        where {{ key_text(contract, 'version') }} in (select rejected_key.key_text from rejected_key)
    ),

    spared as (
        select present_key.key_text, present_key._presence, present_key._epoch_from, min(later.known_from) as closes_at
        from present_key
        inner join delivered as present on present_key._presence = present.receipt
        inner join standing_delivery as later
            on
                present.feed = later.feed
                and present_key._epoch_from = later._epoch_from
                and later.closes
                and later.place > present.place
        left join rejected_key
            on present_key.key_text = rejected_key.key_text and later.receipt = rejected_key.receipt
        where rejected_key.key_text is null
        group by present_key.key_text, present_key._presence, present_key._epoch_from
    )
{%- endmacro %}

{#- The keys that a closing snapshot holds among its rejected rows. -#}
{% macro rejected_keys(contract) -%}
    select distinct rejected_row.key_text, delivered.receipt
        from {{ source('meta', 'rejected_row') }} as rejected_row
        inner join delivered on rejected_row.feed = delivered.feed and rejected_row.batch_id = delivered.batch_id
        where delivered.closes and rejected_row.contract = '{{ contract }}' and rejected_row.key_text is not null
{%- endmacro %}

{#- Where the snapshots of a contract that close keys speak, of those that count; `heard_on` is when the first attempt at
    their bytes became known. -#}
{% macro snapshot_places(contract) -%}
    select feed, root_id, placed_at, heard_on
    from (
        select *, min(known_from) over (partition by root_id) as heard_on
        from (
            {{ deliveries_of(contract) }}
        ) as delivery
    ) as attempt
    where
        mode = 'snapshot'
        and coalesce(unreadable_keys, 0) = 0
        and (withdrawn_at is null or withdrawn_at > {{ known_by() }})
{%- endmacro %}

{#- A contract's versions known at `known_at`, apart from what was misread: read again since. `_root_id` is the first attempt
    at the bytes that a version came with. -#}
{% macro versions_read_aright(contract) -%}
    select version.*, coalesce(delivery.root_id, version._delivery_id) as _root_id
    from {{ ref(contract ~ '_version') }} as version
    left join {{ ref('repeated_delivery') }} as delivery on version._delivery_id = delivery.delivery_id
    where
        version.known_from <= {{ known_by() }}
        and (delivery.withdrawn_at is null or delivery.withdrawn_at > {{ known_by() }})
{%- endmacro %}

{#- Such versions in time by what they speak of. A closing has the place of the row that it closes: it stands at that of the
    first snapshot after it, of those heard of by then, which no longer held the row. -#}
{% macro placed_versions(versions, snapshots, columns) -%}
    select
        {{ column_list(columns, versions) }},
        {{ versions }}.is_closed,
        {{ versions }}.known_from,
        coalesce(min({{ snapshots }}.placed_at), {{ versions }}._effective_at) as _effective_at
    from {{ versions }}
    left join {{ snapshots }}
        on
            {{ versions }}.is_closed
            and {{ versions }}._feed = {{ snapshots }}.feed
            and {{ versions }}.known_from >= {{ snapshots }}.heard_on
            and (
                {{ versions }}._effective_at < {{ snapshots }}.placed_at
                or ({{ versions }}._effective_at = {{ snapshots }}.placed_at and {{ versions }}._root_id < {{ snapshots }}.root_id)
            )
    group by {{ column_list(columns, versions) }}, {{ versions }}.is_closed, {{ versions }}.known_from, {{ versions }}._effective_at
{%- endmacro %}
