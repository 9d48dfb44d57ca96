{#- What was asserted, and in which order: the rows of accepted deliveries (2-contracts.md, 'What happens to a delivery'). -#}

{#- Accepted deliveries that deliver the contract, with all that its versions depend on besides their rows. -#}
{% macro deliveries_of(contract) -%}
    select
        delivery.delivery_id,
        delivery.root_id,
        delivery.feed,
        delivery.batch_id,
        delivery.mode,
        delivery.placed_at,
        delivery.known_from,
        delivery.withdrawn_at,
        delivery_contract.mapped_columns,
        delivery_contract.rejected,
        delivery_contract.unreadable_keys
    from {{ source('meta', 'delivery') }} as delivery
    inner join {{ source('meta', 'delivery_contract') }} as delivery_contract
        on delivery.delivery_id = delivery_contract.delivery_id
    where delivery.status = 'accepted' and delivery_contract.contract = '{{ contract }}'
{%- endmacro %}

{#- They are numbered in the order in which they became known (`receipt`), in which their bytes were first received
    (`standing`), and in which they speak of the world (`place`). `counts` is false where a delivery was withdrawn before
    it was known. -#}
{% macro delivered(contract) -%}
delivered as (
    select
        delivery.*,
        delivery.mode = 'snapshot' and coalesce(delivery.unreadable_keys, 0) = 0 as closes,
        delivery.withdrawn_at is null or delivery.withdrawn_at > delivery.known_from as counts,
        row_number() over (order by delivery.known_from, delivery.delivery_id) as receipt,
        row_number() over (order by delivery.root_id, delivery.delivery_id) as standing,
        row_number() over (order by delivery.placed_at, delivery.root_id, delivery.delivery_id) as place
    from (
        {{ deliveries_of(contract) }}
    ) as delivery
)
{%- endmacro %}

{#- All assertions, each in the epochs of its key in which it counts; without withdrawals there is but one. -#}
{% macro assertions(contract, facts, changes) -%}
asserted as (
    {{ asserted_rows(contract, changes) }}
),

{%- if facts.has_withdrawn %}

{{ epochs(contract, facts) }}
{%- else %}

assertion as (
    select *, {{ beginning() }} as _epoch_from
    from asserted
)
{%- endif %}
{%- endmacro %}

{% macro asserted_rows(contract, changes) -%}
{%- set effective = contract_named(contract).effective -%}
select
        {{ column_list(contract_columns(contract), 'delivered_row') }},
        delivered_row._feed,
        delivered_row._batch_id,
        delivered_row._row,
        delivered_row._key,
        delivered.receipt as _receipt,
        delivered.known_from as _known_from,
        {% if effective -%}
        coalesce(delivered_row.{{ effective }}, delivered.placed_at) as _effective_at
        {%- else -%}
        delivered.placed_at as _effective_at
        {%- endif %}
    from {{ 'touched_row' if changes.is_incremental else source('raw', contract) }} as delivered_row
    inner join delivered on delivered_row._feed = delivered.feed and delivered_row._batch_id = delivered.batch_id
{%- endmacro %}

{#- The order of the assertions of a history. -#}
{% macro in_order(contract) -%}
    partition by {{ column_list(history_columns(contract), 'assertion') }}
            order by assertion._effective_at, delivered.standing, assertion._row
{%- endmacro %}

{#- Assertions of the histories that have several. Identical rows of one delivery are neighbours in the order and count
    once. -#}
{% macro repeated_assertions(contract, expressions) -%}
    select *
    from (
        select
            assertion.*,
            {%- for expression in expressions %}
            {{ expression }},
            {%- endfor %}
            lead(assertion._receipt) over ({{ in_order(contract) }}) as _next_receipt,
            lead(assertion._effective_at) over ({{ in_order(contract) }}) as _next_effective_at
        from assertion
        inner join delivered on assertion._receipt = delivered.receipt
        where exists (select 1 from repeated_key where repeated_key._key is not distinct from assertion._key)
    ) as ordered
    where _next_receipt is null or _next_receipt <> _receipt or _next_effective_at <> _effective_at
{%- endmacro %}
