{#- Row versions of a contract (2-contracts.md, 'What happens to a delivery').

    An *assertion* is a row of an accepted delivery; a batch delivered again asserts its rows again. It counts from the
    moment its delivery is known until that is withdrawn. The assertions of a key are in order of (reported_at, else the
    delivery's place in time; then receipt; then line). At any moment each column shows the greatest assertion that
    counts then among those whose feed maps the column. A version is what a key showed from `known_from` until
    `known_to` (null: it still does). An assertion that others had overtaken when it arrived is kept with
    `known_from = known_to`, so that no `known_at` ever selects it.

    Most keys are asserted once and need no sorting: they are told apart first, by the number that a key's rows share
    (now and then with another key's, which costs a sorting). Where all deliveries map the same
    columns, the others take one window; where not, `merged_versions` puts the columns together. Withdrawals cut the
    history of the keys they touch into epochs, each of which is a history of its own. -#}
{% macro versions(contract) %}
{%- set changes = version_changes(contract) -%}
{%- if changes.is_incremental and not changes.deliveries -%}
select * from {{ this }} where false
{%- else -%}
{{ versions_of(contract, delivery_facts(contract), changes) }}
{%- endif -%}
{% endmacro %}

{% macro versions_of(contract, facts, changes) %}
{%- set is_merged = facts.mappings | length > 1 or (facts.has_snapshots and contract_named(contract).effective) -%}
with {{ delivered(contract) }},

{%- if changes.is_incremental %}
{{ touched_rows(contract, facts, changes) }},
{%- endif %}

{{ assertions(contract, facts, changes) }},

repeated_key as (
    select _key
    from assertion
    group by _key
    having count(*) > 1
),

single_version as (
    select
        {{ version_columns(contract, 'assertion') }},
        assertion._known_from as known_from,
        cast(null as timestamp) as known_to,
        assertion._receipt as _presence
    from assertion
    where not exists (select 1 from repeated_key where repeated_key._key is not distinct from assertion._key)
),

{{ merged_versions(contract, facts) if is_merged else plain_versions(contract) }},

version as (
    select * from single_version
    union all
    select * from repeated_version
),

span as (
    {%- if facts.has_snapshots %}
    {{ closed_versions(contract, facts) }}
    {%- else %}
    select *, false as is_closed from version
    {%- endif %}
),

final as (
    {%- if facts.has_withdrawn %}
    {{ joined_epochs(contract) }}
    {%- else %}
    select * from span
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
    final._effective_at,
    final._key
from final
inner join delivered on final._receipt = delivered.receipt
{%- endmacro %}

{#- What the SQL of a contract's versions depends on: the distinct sets of columns that its deliveries map, whether
    any of them is a snapshot, whether a snapshot holds rejected rows (whose keys it does not close), and whether any
    was withdrawn. -#}
{% macro delivery_facts(contract) %}
    {%- set query -%}
    select
        mapped_columns,
        max(case when mode = 'snapshot' then 1 else 0 end) as snapshots,
        max(case when mode = 'snapshot' and rejected > 0 then 1 else 0 end) as spared,
        max(case when withdrawn_at is not null then 1 else 0 end) as withdrawn
    from ({{ deliveries_of(contract) }}) as delivery
    group by mapped_columns
    order by mapped_columns
    {%- endset -%}
    {%- if not execute -%}
        {#- While dbt parses, every branch is taken, so that it sees every source. -#}
        {{ return({'mappings': [',a,', ',b,'], 'has_snapshots': true, 'has_spared': true, 'has_withdrawn': true}) }}
    {%- endif -%}
    {%- set found = run_query(query) -%}
    {{ return({
        'mappings': found.columns[0].values() | list,
        'has_snapshots': found.columns[1].values() | sum > 0,
        'has_spared': found.columns[2].values() | sum > 0,
        'has_withdrawn': found.columns[3].values() | sum > 0,
    }) }}
{% endmacro %}

{#- A history is a key's, within one epoch. -#}
{% macro history_columns(contract) %}
    {{ return(contract_named(contract)['keys'] + ['_epoch_from']) }}
{% endmacro %}

{% macro same_history(contract, left_alias, right_alias) -%}
    {{ same_key(contract, left_alias, right_alias) }} and {{ left_alias }}._epoch_from = {{ right_alias }}._epoch_from
{%- endmacro %}

{#- The columns every step carries: the contract's and where the row came from. -#}
{% macro row_columns(contract, alias) -%}
    {{ column_list(contract_columns(contract), alias) }},
        {{ alias }}._feed,
        {{ alias }}._batch_id,
        {{ alias }}._row,
        {{ alias }}._key,
        {{ alias }}._receipt,
        {{ alias }}._effective_at
{%- endmacro %}

{% macro version_columns(contract, alias) -%}
    {{ row_columns(contract, alias) }},
        {{ alias }}._epoch_from
{%- endmacro %}
