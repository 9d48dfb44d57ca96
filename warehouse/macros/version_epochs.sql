{#- Deliveries withdrawn because a later attempt at their bytes took their place (4-interfaces.md, `replay`).

    Nearly always the later attempt says the same keys again, in the same place: that is a correction like any other. It
    is not where a key is missing from it, is reported earlier, or loses a column, or where a snapshot no longer closes.
    Then the history of such a key is cut at the withdrawal: each *epoch*, from one such moment to the next, is worked
    out as a history of its own, of what still counts in it; and they are joined again. -#}
{% macro epochs(contract, facts) -%}
{%- set keys = contract_named(contract)['keys'] -%}
{{ withdrawn_deliveries(facts) }},

{{ lost_keys(contract, facts) }},

epoch as (
    select
        *,
        lead(_epoch_from) over (partition by {{ column_list(keys) }} order by _epoch_from) as _epoch_until
    from (
        select {{ column_list(keys) }}, lost_at as _epoch_from
        from lost
        union
        select {{ column_list(keys) }}, {{ beginning() }} as _epoch_from
        from lost
    ) as epoch_start
),

assertion as (
    select asserted.*, coalesce(epoch._epoch_from, {{ beginning() }}) as _epoch_from
    from asserted
    inner join delivered on asserted._receipt = delivered.receipt
    left join epoch on {{ same_key(contract, 'asserted', 'epoch') }}
    where
        delivered.counts
        and (
            epoch._epoch_from is null
            or (
                (delivered.withdrawn_at is null or delivered.withdrawn_at > epoch._epoch_from)
                and (epoch._epoch_until is null or delivered.known_from < epoch._epoch_until)
            )
        )
)
{%- endmacro %}

{#- Before all epochs. -#}
{% macro beginning() -%}
    cast('0001-01-01' as timestamp)
{%- endmacro %}

{#- Each withdrawn delivery, and what the attempt that took its place goes on with. -#}
{% macro withdrawn_deliveries(facts) -%}
withdrawn as (
    select
        earlier.receipt,
        earlier.feed,
        earlier.place,
        earlier.closes,
        earlier.withdrawn_at as lost_at,
        later.receipt as next_receipt,
        coalesce(later.closes, false) as still_closes,
        case
            {%- for narrow in facts.mappings %}
            when earlier.mapped_columns = '{{ narrow }}' then later.mapped_columns in (
                {%- for wide in facts.mappings if holds_all(wide, narrow) %}
                {{- ', ' if not loop.first }}'{{ wide }}'
                {%- endfor -%}
            )
            {%- endfor %}
        end as still_maps,
        coalesce(later.place < earlier.place, false) as is_moved_back
    from delivered as earlier
    left join delivered as later
        on
            earlier.root_id = later.root_id
            and earlier.withdrawn_at = later.known_from
            and earlier.delivery_id < later.delivery_id
            and later.counts
    where earlier.counts and earlier.withdrawn_at is not null
)
{%- endmacro %}

{#- Does one mapping hold all columns of another? -#}
{% macro holds_all(wide, narrow) -%}
    {%- set missing = narrow.split(',') | reject('in', wide.split(',')) | list -%}
    {{ return(missing | length == 0) }}
{%- endmacro %}

{#- The keys whose history is cut, and when. -#}
{% macro lost_keys(contract, facts) -%}
{%- set keys = contract_named(contract)['keys'] -%}
said as (
    select {{ column_list(keys) }}, _receipt, max(_effective_at) as _effective_at
    from asserted
    where _receipt in (select receipt from withdrawn union all select next_receipt from withdrawn)
    group by all
),

lost as (
    select {{ column_list(keys, 'said') }}, withdrawn.lost_at
    from said
    inner join withdrawn on said._receipt = withdrawn.receipt
    left join said as said_next
        on {{ same_key(contract, 'said_next', 'said') }} and withdrawn.next_receipt = said_next._receipt
    where
        not coalesce(withdrawn.still_maps, false)
        or withdrawn.is_moved_back
        or said_next._effective_at is null
        or said_next._effective_at < said._effective_at
    {%- if facts.has_snapshots %}
    union all
    {{ lost_closings(contract) }}
    {%- endif %}
    {%- if facts.has_spared %}
    union all
    {{ newly_spared(contract) }}
    {%- endif %}
)
{%- endmacro %}

{#- The keys that a withdrawn snapshot had closed, where the attempt that took its place closes none or speaks of an
    earlier moment. -#}
{% macro lost_closings(contract) -%}
{%- set keys = contract_named(contract)['keys'] -%}
select {{ column_list(keys, 'present') }}, withdrawn.lost_at
    from (
        select {{ column_list(keys, 'asserted') }}, asserted._feed, min(delivered.place) as place
        from asserted
        inner join delivered on asserted._receipt = delivered.receipt
        group by all
    ) as present
    inner join withdrawn on present._feed = withdrawn.feed and present.place < withdrawn.place
    left join said
        on
            {{ same_key(contract, 'said', 'present') }}
            and said._receipt in (withdrawn.receipt, withdrawn.next_receipt)
    where
        withdrawn.closes
        and (not withdrawn.still_closes or withdrawn.is_moved_back)
        and said._receipt is null
{%- endmacro %}

{#- The keys that the attempt that took a snapshot's place holds among its rejected rows, and so closes no longer. -#}
{% macro newly_spared(contract) -%}
{%- set keys = contract_named(contract)['keys'] -%}
select distinct {{ column_list(keys, 'asserted') }}, withdrawn.lost_at
    from asserted
    inner join (
        {{ rejected_keys(contract) }}
    ) as rejected_key on {{ key_text(contract, 'asserted') }} = rejected_key.key_text
    inner join withdrawn on rejected_key.receipt = withdrawn.next_receipt
{%- endmacro %}

{#- The epochs' versions, each held to its epoch, neighbours that say the same joined; and the rows of deliveries that
    never counted. A version of no length stands in the epoch in which its assertion arrived. -#}
{% macro joined_epochs(contract) -%}
    with held as (
        select
            {{ row_columns(contract, 'span') }},
            greatest(span.known_from, span._epoch_from) as known_from,
            least(span.known_to, epoch._epoch_until) as known_to,
            span.is_closed,
            epoch._epoch_from is not null as is_cut
        from span
        left join epoch on {{ same_history(contract, 'span', 'epoch') }}
        where
            (span.known_to is null or span.known_to > span._epoch_from or span.known_from >= span._epoch_from)
            and (epoch._epoch_until is null or span.known_from < epoch._epoch_until)
    ),

    numbered as (
        select
            *,
            row_number() over (partition by {{ column_list(contract_named(contract)['keys']) }} order by known_from)
            - row_number() over (
                partition by
                    {{ row_columns(contract, 'held') }},
                    is_closed
                order by known_from
            ) as _run
        from held
        where is_cut and (known_to is null or known_to > known_from)
    )

    select
        {{ row_columns(contract, 'held') }},
        known_from,
        known_to,
        is_closed
    from held
    where not is_cut or known_to = known_from
    union all
    select
        {{ row_columns(contract, 'numbered') }},
        min(known_from) as known_from,
        case when count(*) = count(known_to) then max(known_to) end as known_to,
        is_closed
    from numbered
    group by
        {{ row_columns(contract, 'numbered') }},
        is_closed,
        _run
    union all
    select
        {{ row_columns(contract, 'asserted') }},
        asserted._known_from as known_from,
        asserted._known_from as known_to,
        false as is_closed
    from asserted
    inner join delivered on asserted._receipt = delivered.receipt
    where not delivered.counts
{%- endmacro %}
