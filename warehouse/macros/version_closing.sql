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

{#- The places at which snapshots of a contract speak, of those that count. -#}
{% macro snapshot_places(contract) -%}
    select delivery.feed, delivery.placed_at, delivery.known_from
    from {{ source('meta', 'delivery') }} as delivery
    inner join {{ source('meta', 'delivery_contract') }} as delivery_contract
        on delivery.delivery_id = delivery_contract.delivery_id
    where
        delivery_contract.contract = '{{ contract }}'
        and delivery.status = 'accepted'
        and delivery.mode = 'snapshot'
        and (delivery.withdrawn_at is null or delivery.withdrawn_at > {{ known_at() }})
{%- endmacro %}

{#- Versions in time by what they speak of. A closing has the place of the row that it closes: it stands at that of the
    first snapshot after it, which no longer held the row. -#}
{% macro placed_versions(versions, snapshots, columns) -%}
    select
        {{ column_list(columns, versions) }},
        {{ versions }}.is_closed,
        {{ versions }}._effective_at,
        {{ versions }}.known_from
    from {{ versions }}
    where not {{ versions }}.is_closed
    union all
    select
        {{ column_list(columns, versions) }},
        {{ versions }}.is_closed,
        min({{ snapshots }}.placed_at) as _effective_at,
        {{ versions }}.known_from
    from {{ versions }}
    inner join {{ snapshots }}
        on
            {{ versions }}._feed = {{ snapshots }}.feed
            and {{ versions }}._effective_at < {{ snapshots }}.placed_at
            and {{ versions }}.known_from >= {{ snapshots }}.known_from
    where {{ versions }}.is_closed
    group by all
{%- endmacro %}
