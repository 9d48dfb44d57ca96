"""What a gap is about: the rows that say so, the links around it and the benefits that hang on it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

from pipelines.explain import network
from pipelines.explain.chains import fact
from pipelines.explain.sources import Sources
from pipelines.published import Published, Row

OF_OUTPUT = (
    "select benefit_id from marts.output_benefit where output_id = $id order by share desc nulls last, benefit_id"
)
OF_PROJECT = """
select benefit_id from marts.output_benefit where project_id = $id
group by benefit_id order by sum(share) desc nulls last, benefit_id
"""
OF_KPI = "select benefit_id from core.benefit where kpi_id = $id order by benefit_id"
PROJECT_OUTPUTS = """
select item.*, any_value(link.output_status) as output_status, any_value(link.slip_days) as slip_days
from core.output as item left join marts.output_benefit as link on item.output_id = link.output_id
where item.project_id = $id group by all order by item.baseline_date nulls last, item.output_id
"""
PROJECT_STATUS = "select * from core.project_status where project_id = $id order by status_date desc limit 1"


@dataclass(frozen=True)
class Subject:
    """What a gap is about: facts by what they are, links by node, and the benefits concerned, the nearest first."""

    facts: list[tuple[str, Row]] = field(default_factory=list)
    links: list[Row] = field(default_factory=list)
    benefits: list[str] = field(default_factory=list)


Finder = Callable[[Published, Sources, Row], Subject]


def subject_of(warehouse: Published, sources: Sources, gap: Row) -> Subject:
    """What is known of a gap's subject, whatever its kind; of a kind nobody knows, the benefit the gap names."""
    find = FINDERS.get(gap["subject_type"])
    return find(warehouse, sources, gap) if find else _other(gap)


def _benefit(warehouse: Published, sources: Sources, gap: Row) -> Subject:
    """A benefit's own rows stand in its chain."""
    links = network.links_of(warehouse, sources, "benefit", gap["subject_id"])
    return Subject(links=links, benefits=[gap["subject_id"]])


def _output(warehouse: Published, sources: Sources, gap: Row) -> Subject:
    found = fact(warehouse, sources, "output", output_id=gap["subject_id"])
    project = fact(warehouse, sources, "project", project_id=found["project_id"]) if found else None
    return Subject(
        facts=_present(("output", found), ("project", project)),
        links=network.links_of(warehouse, sources, "output", gap["subject_id"]),
        benefits=_ids(warehouse, OF_OUTPUT, gap["subject_id"])
        or network.benefits_after(warehouse, "output", gap["subject_id"]),
    )


def _project(warehouse: Published, sources: Sources, gap: Row) -> Subject:
    return Subject(
        _project_facts(warehouse, sources, gap["subject_id"]), [], _ids(warehouse, OF_PROJECT, gap["subject_id"])
    )


def _gate(warehouse: Published, sources: Sources, gap: Row) -> Subject:
    project_id = gap["project_id"] or gap["subject_id"].rpartition("/")[0]
    gate = fact(
        warehouse, sources, "stage_gate", project_id=project_id, gate=gap["subject_id"].removeprefix(f"{project_id}/")
    )
    facts = _present(("stage gate", gate)) + _project_facts(warehouse, sources, project_id)
    return Subject(facts, [], _ids(warehouse, OF_PROJECT, project_id))


def _edge(warehouse: Published, sources: Sources, gap: Row) -> Subject:
    ends = network.ends_of(gap["subject_id"])
    if ends is None:
        return _other(gap)
    found = network.link(warehouse, sources, *ends)
    return Subject(
        facts=_present(*((end[0], _node(warehouse, sources, *end)) for end in ends)),
        links=[found] if found else [],
        benefits=network.benefits_after(warehouse, *ends[1]),
    )


def _place(warehouse: Published, sources: Sources, gap: Row) -> Subject:
    """An outcome or an objective: a place in the network."""
    kind, name = gap["subject_type"], gap["subject_id"]
    benefits = network.benefits_after(warehouse, kind, name)
    links = network.links_of(warehouse, sources, kind, name)
    if kind == "objective":
        benefits = [link["from_id"] for link in links if link["from_type"] == "benefit"]
    return Subject(_present((kind, _node(warehouse, sources, kind, name))), links, benefits)


def _kpi(warehouse: Published, sources: Sources, gap: Row) -> Subject:
    found = fact(warehouse, sources, "kpi", kpi_id=gap["subject_id"])
    return Subject(facts=_present(("KPI", found)), benefits=_ids(warehouse, OF_KPI, gap["subject_id"]))


def _other(gap: Row) -> Subject:
    """A role, a currency, or what a later catalogue adds: its rows stand in the evidence."""
    return Subject(benefits=[gap["benefit_id"]] if gap["benefit_id"] else [])


def _project_facts(warehouse: Published, sources: Sources, project_id: str) -> list[tuple[str, Row]]:
    status = warehouse.row(PROJECT_STATUS, id=project_id)
    outputs = warehouse.rows(PROJECT_OUTPUTS, id=project_id)
    return _present(
        ("project", fact(warehouse, sources, "project", project_id=project_id)),
        ("latest project status", sources.fact("project_status", status) if status else None),
        *(("output", sources.fact("output", output, output_id=output["output_id"])) for output in outputs),
    )


def _node(warehouse: Published, sources: Sources, node_type: str, node_id: str) -> Row | None:
    return fact(warehouse, sources, node_type, **{f"{node_type}_id": node_id})


def _present(*facts: tuple[str, Row | None]) -> list[tuple[str, Row]]:
    return [(name, row) for name, row in facts if row is not None]


def _ids(warehouse: Published, query: str, name: str) -> list[str]:
    return [row["benefit_id"] for row in warehouse.rows(query, id=name)]


FINDERS: dict[str, Finder] = {
    "benefit": _benefit,
    "output": _output,
    "project": _project,
    "gate": _gate,
    "edge": _edge,
    "outcome": _place,
    "objective": _place,
    "kpi": _kpi,
}
