"""The way from outputs to benefits: nodes with their names, links with weights and lags."""

from __future__ import annotations

import re
from itertools import pairwise

from pipelines.explain.sources import Sources
from pipelines.published import Published, Row

NODE_TYPES = ("output", "outcome", "benefit", "objective")
STEP = re.compile(rf" > (?=(?:{'|'.join(NODE_TYPES)}):)")
EDGE = re.compile(rf"({'|'.join(NODE_TYPES)}):(.*)>({'|'.join(NODE_TYPES)}):(.*)", re.DOTALL)

LINKS = """
select * from core.dependency
where (to_type = $type and to_id = $id) or (from_type = $type and from_id = $id)
order by to_type = $type and to_id = $id desc, from_type, from_id, to_type, to_id
"""
DOWNSTREAM = """
with recursive reached as (
    select $type as node_type, $id as node_id
    union
    select link.to_type, link.to_id
    from reached
    inner join core.dependency as link on reached.node_type = link.from_type and reached.node_id = link.from_id
)
select node_id from reached where node_type = 'benefit' order by node_id
"""


def node_name(warehouse: Published, node_type: str, node_id: str) -> str | None:
    """What a node is called; None where nothing is known of it."""
    if node_type not in NODE_TYPES:
        return None
    row = warehouse.row(f"select name from core.{node_type} where {node_type}_id = $id", id=node_id)
    return row["name"] if row else None


def benefits_after(warehouse: Published, node_type: str, node_id: str) -> list[str]:
    """The benefits that hang on a node, through any links, whether or not these carry anything."""
    return [row["node_id"] for row in warehouse.rows(DOWNSTREAM, type=node_type, id=node_id)]


def links_of(warehouse: Published, sources: Sources, node_type: str, node_id: str) -> list[Row]:
    """The links into a node, then those out of it."""
    return [
        _named(warehouse, sources.fact("dependency", row)) for row in warehouse.rows(LINKS, type=node_type, id=node_id)
    ]


def link(warehouse: Published, sources: Sources, from_end: tuple[str, str], to_end: tuple[str, str]) -> Row | None:
    """One link with its ends' names; None where no dependency says so."""
    row = warehouse.row(
        "select * from core.dependency where from_type = $from_type and from_id = $from_id "
        "and to_type = $to_type and to_id = $to_id",
        from_type=from_end[0],
        from_id=from_end[1],
        to_type=to_end[0],
        to_id=to_end[1],
    )
    return _named(warehouse, sources.fact("dependency", row)) if row else None


def path_of(warehouse: Published, sources: Sources, text: str | None) -> list[Row]:
    """The links along a path as `marts.output_benefit` writes it, from the output to the benefit."""
    nodes = [part.partition(":")[::2] for part in STEP.split(text or "")]
    found = (link(warehouse, sources, *ends) for ends in pairwise(nodes))
    return [step for step in found if step]


def ends_of(edge: str) -> tuple[tuple[str, str], tuple[str, str]] | None:
    """The two ends that the subject of an edge names: `from_type:from_id>to_type:to_id`."""
    match = EDGE.fullmatch(edge)
    return ((match[1], match[2]), (match[3], match[4])) if match else None


def _named(warehouse: Published, row: Row) -> Row:
    return row | {
        "from_name": node_name(warehouse, row["from_type"], row["from_id"]),
        "to_name": node_name(warehouse, row["to_type"], row["to_id"]),
    }
