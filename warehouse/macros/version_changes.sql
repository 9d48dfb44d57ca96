{#- What changed since a contract's versions were last brought up to date.

    Beside each `<contract>_version` stands `<contract>_versioned`: the deliveries it was made of, with all that the SQL
    reads of them. It is written in the transaction that writes the versions. Deliveries that are not in both as they are
    now have changed; the versions of every key that they hold, or that they could close, are made anew from the raw rows. -#}

{#- Is there something to go on from, and how many deliveries changed? -#}
{% macro version_changes(contract) %}
    {%- set before = versioned_relation(contract) if execute and is_incremental() -%}
    {%- if not before -%}
        {{ return({'is_incremental': false}) }}
    {%- endif -%}
    {%- set query -%}
    select count(*)
    from ({{ changed_deliveries(contract, before) }}) as changed
    {%- endset -%}
    {{ return({'is_incremental': true, 'before': before, 'deliveries': run_query(query).rows[0][0]}) }}
{% endmacro %}

{% macro versioned_relation(contract) %}
    {%- set relation = load_relation(this.incorporate(path={'identifier': contract ~ '_versioned'})) -%}
    {{ return(without_database(relation) if relation else none) }}
{% endmacro %}

{#- The deliveries of a contract as its versions depend on them. Whether there are snapshots at all is part of it: it
    decides how the presence of every key is kept. -#}
{% macro versioned_deliveries(contract) -%}
    select
        delivery.*,
        max(case when delivery.mode = 'snapshot' then 1 else 0 end) over () as has_snapshots
    from (
        {{ deliveries_of(contract) }}
    ) as delivery
{%- endmacro %}

{% macro changed_deliveries(contract, before) -%}
    (
        {{ versioned_deliveries(contract) }}
        except
        select * from {{ before }}
    )
    union all
    (
        select * from {{ before }}
        except
        {{ versioned_deliveries(contract) }}
    )
{%- endmacro %}

{#- The rows of the keys whose versions may be others than before. They are picked out by their `_key` alone and set
    aside first: joined with the deliveries before that, all rows there are would be. -#}
{% macro touched_rows(contract, facts, changes) -%}
changed as (
    {{ changed_deliveries(contract, changes.before) }}
),

touched_key as (
    select delivered_row._key
    from {{ source('raw', contract) }} as delivered_row
    inner join (select distinct feed, batch_id from changed) as delivery
        on delivered_row._feed = delivery.feed and delivered_row._batch_id = delivery.batch_id
    {%- if facts.has_snapshots %}
    union
    select delivered_row._key
    from {{ source('raw', contract) }} as delivered_row
    where delivered_row._feed in (select changed.feed from changed where changed.mode = 'snapshot')
    {%- endif %}
),

touched_row as materialized (
    select delivered_row.*
    from {{ source('raw', contract) }} as delivered_row
    where delivered_row._key in (select touched_key._key from touched_key)
)
{%- endmacro %}

{#- Hook, in the transaction of the versions: note the deliveries they are now made of. -#}
{% macro note_versioned(relation) %}
    {%- set contract = relation.identifier | replace('_version', '') -%}
    {%- if execute and version_changes(contract).deliveries != 0 -%}
    create or replace table {{ relation.incorporate(path={'identifier': contract ~ '_versioned'}) }} as
    {{ versioned_deliveries(contract) }}
    {%- endif -%}
{% endmacro %}
