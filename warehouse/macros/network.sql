{#- Recursions over the network (3-benefits.md, 3.3). Each keeps one row per node, or per origin and node, and step:
    paths are never enumerated, whatever their number. They aggregate inside the recursive term, which not every
    engine can, so that they stand here behind a dispatch and nowhere else. -#}

{#- Nodes with arbitrarily long walks into them, over `edges` from column `origin` to column `target`: those on a
    cycle or after one. The nodes with a walk of n steps into them are a set that only shrinks as n grows; where it
    stops shrinking is the answer, and without a cycle it ends empty after as many steps as the network is deep. -#}
{% macro nodes_after_cycles(edges, origin, target) -%}
    {{ return(adapter.dispatch('nodes_after_cycles', 'fruition')(edges, origin, target)) }}
{%- endmacro %}

{#- Each step reads all edges anew: after so many, those that can still matter are set aside and the rest left. -#}
{% macro shallow_steps() -%} 16 {%- endmacro %}

{% macro duckdb__nodes_after_cycles(edges, origin, target) -%}
    with recursive shallow (node, nodes, nodes_before, steps) as (
        select node, count(*) over (), cast(null as bigint), 0
        from (select {{ origin }} as node from {{ edges }} union select {{ target }} from {{ edges }}) as every_node
        union all
        select node, count(*) over (), nodes_before, steps + 1
        from (
            select distinct {{ edges }}.{{ target }} as node, shallow.nodes as nodes_before, shallow.steps
            from shallow
            inner join {{ edges }} on shallow.node = {{ edges }}.{{ origin }}
            where
                (shallow.nodes_before is null or shallow.nodes < shallow.nodes_before)
                and shallow.steps < {{ shallow_steps() }}
        ) as one_step_further
    ),

    deep_node as materialized (
        select distinct node, nodes from shallow where steps = {{ shallow_steps() }} or nodes = nodes_before
    ),

    deep_edge as materialized (
        select {{ origin }}, {{ target }}
        from {{ edges }}
        where {{ origin }} in (select node from deep_node)
    ),

    walked (node, nodes, nodes_before) as (
        select node, nodes, cast(null as bigint) from deep_node
        union all
        select node, count(*) over (), nodes_before
        from (
            select distinct deep_edge.{{ target }} as node, walked.nodes as nodes_before
            from walked
            inner join deep_edge on walked.node = deep_edge.{{ origin }}
            where walked.nodes_before is null or walked.nodes < walked.nodes_before
        ) as one_step_further
    )

    select distinct node from walked where nodes = nodes_before
{%- endmacro %}

{#- For each node of `nodes` the least of the nodes from which it is reached, itself included. -#}
{% macro least_origin(nodes, edges, origin, target) -%}
    {{ return(adapter.dispatch('least_origin', 'fruition')(nodes, edges, origin, target)) }}
{%- endmacro %}

{% macro duckdb__least_origin(nodes, edges, origin, target) -%}
    with recursive labelled (node, label) using key (node) as (
        select node, node from {{ nodes }}
        union
        select {{ edges }}.{{ target }}, min(labelled.label)
        from labelled
        inner join {{ edges }} on labelled.node = {{ edges }}.{{ origin }}
        inner join recurring.labelled as known on {{ edges }}.{{ target }} = known.node
        where labelled.label < known.label
        group by {{ edges }}.{{ target }}
    )

    select node, label from labelled
{%- endmacro %}

{#- Pairs of origin and node with a path from the one to the other over `edges`; origins are those of `starts`. -#}
{% macro reached_nodes(starts, edges, origin='from_node', target='to_node') -%}
    {{ return(adapter.dispatch('reached_nodes', 'fruition')(starts, edges, origin, target)) }}
{%- endmacro %}

{% macro duckdb__reached_nodes(starts, edges, origin, target) -%}
    with recursive reached (start, node) as (
        select {{ starts }}.start, {{ edges }}.{{ target }}
        from {{ starts }}
        inner join {{ edges }} on {{ starts }}.node = {{ edges }}.{{ origin }}
        union
        select reached.start, {{ edges }}.{{ target }}
        from reached
        inner join {{ edges }} on reached.node = {{ edges }}.{{ origin }}
    )

    select start, node from reached
{%- endmacro %}

{#- Per origin, node and number of steps: the sum over paths of the product of weights, the greatest sum of lags,
    the number of paths, and the least of the nodes that come before. `edges` has no cycle; `starts` are nodes. -#}
{% macro propagated_shares(starts, edges) -%}
    {{ return(adapter.dispatch('propagated_shares', 'fruition')(starts, edges)) }}
{%- endmacro %}

{% macro duckdb__propagated_shares(starts, edges) -%}
    with recursive shallow (origin, node, share, lag_days, path_count, previous_node, steps) as (
        select
            {{ edges }}.from_node,
            {{ edges }}.to_node,
            {{ edges }}.effective_weight,
            {{ edges }}.lag_days,
            cast(1 as double),
            {{ edges }}.from_node,
            1
        from {{ edges }}
        inner join {{ starts }} on {{ edges }}.from_node = {{ starts }}.node
        union all
        {{ one_step_further('shallow', edges) }}
        where shallow.steps < {{ shallow_steps() }}
        group by shallow.origin, {{ edges }}.to_node
    ),

    deep_node (node, steps) as (
        select distinct {{ edges }}.to_node, 1 from {{ edges }}
        union all
        select distinct {{ edges }}.to_node, deep_node.steps + 1
        from deep_node
        inner join {{ edges }} on deep_node.node = {{ edges }}.from_node
        where deep_node.steps < {{ shallow_steps() }}
    ),

    deep_edge as materialized (
        select *
        from {{ edges }}
        where from_node in (select node from deep_node where steps = {{ shallow_steps() }})
    ),

    deep (origin, node, share, lag_days, path_count, previous_node, steps) as (
        select * from shallow where steps = {{ shallow_steps() }}
        union all
        {{ one_step_further('deep', 'deep_edge') }}
        group by deep.origin, deep_edge.to_node
    )

    select * from shallow
    union all
    select * from deep where steps > {{ shallow_steps() }}
{%- endmacro %}

{% macro one_step_further(share, edges) -%}
        select
            {{ share }}.origin,
            {{ edges }}.to_node,
            sum({{ share }}.share * {{ edges }}.effective_weight),
            max({{ share }}.lag_days + {{ edges }}.lag_days),
            sum({{ share }}.path_count),
            min({{ share }}.node),
            max({{ share }}.steps) + 1
        from {{ share }}
        inner join {{ edges }} on {{ share }}.node = {{ edges }}.from_node
{%- endmacro %}
