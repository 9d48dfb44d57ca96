{#- Row versions of a contract (2-contracts.md, 'What happens to a delivery').

    An *assertion* is a row of an accepted delivery; a batch delivered again asserts its rows again. The assertions
    of a key are in order of (reported_at, else the delivery's as-at time, else its receipt; then receipt; then
    line). At any moment each column shows the greatest assertion received by then among those whose feed maps the
    column. A version is what a key showed from `known_from` until `known_to` (null: it still does). An assertion
    that others had overtaken when it arrived is kept with `known_from = known_to`, so that no `known_at` ever
    selects it.

    Most keys are asserted once and need no sorting: they are told apart first. Where all deliveries map the same
    columns, the others take one window; where not, `merged_versions` puts the columns together. -#}
{% macro versions(contract) %}
{%- set facts = delivery_facts(contract) -%}
{%- set is_merged = facts.mappings | length > 1 or (facts.has_snapshots and contract_named(contract).effective) -%}
with {{ assertions(contract) }},

repeated_key as (
    select {{ column_list(contract_named(contract)['keys']) }}
    from assertion
    group by all
    having count(*) > 1
),

single_version as (
    select
        {{ version_columns(contract, 'assertion') }},
        assertion._received_at as known_from,
        cast(null as timestamp) as known_to,
        assertion._receipt as _presence
    from assertion
    where not exists (select 1 from repeated_key where {{ same_key(contract, 'repeated_key', 'assertion') }})
),

{{ merged_versions(contract, facts) if is_merged else plain_versions(contract) }},

version as (
    select * from single_version
    union all
    select * from repeated_version
),

final as (
    {%- if facts.has_snapshots %}
    {{ closed_versions(contract, facts.has_spared) }}
    {%- else %}
    select *, false as is_closed from version
    {%- endif %}
)

select
    {{ column_list(contract_columns(contract), 'final') }},
    final.known_from,
    final.known_to,
    final.is_closed,
    final._feed,
    final._batch_id,
    final._row,
    delivered.delivery_id as _delivery_id,
    final._effective_at
from final
inner join delivered on final._receipt = delivered.receipt
{%- endmacro %}

{#- What the SQL of a contract's versions depends on: the distinct sets of columns that its deliveries map, whether
    any of them is a snapshot, and whether a snapshot holds rejected rows (whose keys it does not close). -#}
{% macro delivery_facts(contract) %}
    {%- set query -%}
    select
        delivery_contract.mapped_columns,
        max(case when delivery.mode = 'snapshot' then 1 else 0 end) as snapshots,
        max(case when delivery.mode = 'snapshot' and delivery_contract.rejected > 0 then 1 else 0 end) as spared
    from {{ source('meta', 'delivery') }} as delivery
    inner join {{ source('meta', 'delivery_contract') }} as delivery_contract
        on delivery.delivery_id = delivery_contract.delivery_id
    where delivery.status = 'accepted' and delivery_contract.contract = '{{ contract }}'
    group by delivery_contract.mapped_columns
    order by delivery_contract.mapped_columns
    {%- endset -%}
    {%- if not execute -%}
        {#- While dbt parses, every branch is taken, so that it sees every source. -#}
        {{ return({'mappings': [',a,', ',b,'], 'has_snapshots': true, 'has_spared': true}) }}
    {%- endif -%}
    {%- set found = run_query(query) -%}
    {{ return({
        'mappings': found.columns[0].values() | list,
        'has_snapshots': found.columns[1].values() | sum > 0,
        'has_spared': found.columns[2].values() | sum > 0,
    }) }}
{% endmacro %}

{#- The columns every step carries: the contract's and where the row came from. -#}
{% macro version_columns(contract, alias) -%}
    {{ column_list(contract_columns(contract), alias) }},
        {{ alias }}._feed,
        {{ alias }}._batch_id,
        {{ alias }}._row,
        {{ alias }}._receipt,
        {{ alias }}._effective_at
{%- endmacro %}

{#- Accepted deliveries of the contract, numbered by receipt and by their place among their feed's, and their rows. -#}
{% macro assertions(contract) -%}
{%- set effective = contract_named(contract).effective -%}
delivered as (
    select
        delivery.delivery_id,
        delivery.feed,
        delivery.batch_id,
        delivery.received_at,
        delivery_contract.mapped_columns,
        coalesce(delivery.as_at, delivery.received_at) as positioned_at,
        delivery.mode = 'snapshot' and coalesce(delivery_contract.unreadable_keys, 0) = 0 as closes,
        row_number() over (order by delivery.received_at, delivery.delivery_id) as receipt,
        row_number() over (
            partition by delivery.feed
            order by coalesce(delivery.as_at, delivery.received_at), delivery.received_at, delivery.delivery_id
        ) as position
    from {{ source('meta', 'delivery') }} as delivery
    inner join {{ source('meta', 'delivery_contract') }} as delivery_contract
        on delivery.delivery_id = delivery_contract.delivery_id
    where delivery.status = 'accepted' and delivery_contract.contract = '{{ contract }}'
),

assertion as (
    select
        {{ column_list(contract_columns(contract), 'delivered_row') }},
        delivered_row._feed,
        delivered_row._batch_id,
        delivered_row._row,
        delivered.receipt as _receipt,
        delivered.received_at as _received_at,
        {% if effective -%}
        coalesce(delivered_row.{{ effective }}, delivered.positioned_at) as _effective_at
        {%- else -%}
        delivered.positioned_at as _effective_at
        {%- endif %}
    from {{ source('raw', contract) }} as delivered_row
    inner join delivered on delivered_row._feed = delivered.feed and delivered_row._batch_id = delivered.batch_id
)
{%- endmacro %}

{#- A key's assertions in their order. -#}
{% macro in_order(contract) -%}
    partition by {{ column_list(contract_named(contract)['keys'], 'assertion') }}
            order by assertion._effective_at, assertion._receipt, assertion._row
{%- endmacro %}

{#- Assertions of the keys that have several. Identical rows of one delivery are neighbours in the order and count
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
        where exists (select 1 from repeated_key where {{ same_key(contract, 'repeated_key', 'assertion') }})
    ) as ordered
    where _next_receipt is null or _next_receipt <> _receipt or _next_effective_at <> _effective_at
{%- endmacro %}

{#- All deliveries map the same columns: an assertion holds from its receipt until a greater one is received. -#}
{% macro plain_versions(contract) -%}
{%- set overtaken_at -%}
min(assertion._received_at) over (
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
        repeated._received_at as known_from,
        case when _overtaken_at < _received_at then _received_at else _overtaken_at end as known_to,
        repeated._receipt as _presence
    from repeated
)
{%- endmacro %}
