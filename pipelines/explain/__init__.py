"""Why a gap stands: the sentence, the figures and the chain output → outcome → benefit → reading → file and line."""

from __future__ import annotations

import csv
import json
from dataclasses import dataclass

from pipelines.contracts import load_contract
from pipelines.errors import ConfigError
from pipelines.explain.chains import Chain, chain_of
from pipelines.explain.figures import ROWS, Figure, evidence_of, figures
from pipelines.explain.sources import Source, Sources
from pipelines.explain.subjects import Subject, subject_of
from pipelines.published import Published, Row, published
from pipelines.settings import Settings
from pipelines.sql import quoted

__all__ = ["Chain", "Explanation", "Figure", "Source", "explain"]

SHORTEST_PREFIX = 4
LISTED = 8
SPELLS = "select * from marts.gap_history where gap_id = $id order by spell"


@dataclass(frozen=True)
class Explanation:
    """Everything that is published about one gap.

    `gap` is the row of `marts.realisation_gap` without its evidence and lessons, with the catalogue's `title`; of a gap
    that is closed, what its history keeps. `lessons` are what was learnt of such gaps, the latest first, `facts` the
    current rows that say what its subject is, `links` the dependencies around it, `rows` those that its figures came
    from, `spells` every time that it has stood open.
    """

    gap: Row
    is_open: bool
    figures: list[Figure]
    lessons: list[Row]
    rows: list[Row]
    facts: list[Row]
    links: list[Row]
    chains: list[Chain]
    spells: list[Row]


def explain(settings: Settings, gap_id: str) -> Explanation:
    """Everything about the gap with this id, or the one whose id begins so.

    Raises `ConfigError` where there is none, or more than one.
    """
    with published(settings) as warehouse:
        gap, is_open = _find(warehouse, gap_id.strip().lower())
        sources = Sources(settings, warehouse)
        evidence = evidence_of(gap)
        subject = subject_of(warehouse, sources, gap)
        found = (chain_of(warehouse, sources, name) for name in dict.fromkeys(subject.benefits))
        return Explanation(
            gap={name: value for name, value in gap.items() if name not in {"evidence", "lessons"}}
            | {"title": _titles(settings).get(gap["gap_code"])},
            is_open=is_open,
            figures=figures(evidence, _kpi_unit(warehouse, evidence), settings.currency),
            lessons=json.loads(gap.get("lessons") or "[]"),
            rows=_evidence_rows(settings, warehouse, sources, evidence),
            facts=_named_facts(subject),
            links=subject.links,
            chains=[chain for chain in found if chain],
            spells=warehouse.rows(SPELLS, id=gap["gap_id"]) if warehouse.has("marts", "gap_history") else [],
        )


def _find(warehouse: Published, gap_id: str) -> tuple[Row, bool]:
    """The gap whose id this is or begins with, and whether it is open; an open one goes before a closed one."""
    if len(gap_id) < SHORTEST_PREFIX:
        raise ConfigError(f"Give at least {SHORTEST_PREFIX} characters of the gap's id; `fruition gaps` lists them.")
    found = _candidates(warehouse, "marts.realisation_gap", gap_id)
    if len(found) == 1:
        return found[0], True
    closed: list[Row] = []
    if not found and warehouse.has("marts", "gap_history"):
        closed = [
            _closed(row)
            for row in _candidates(
                warehouse,
                "(from marts.gap_history select * qualify row_number() "
                "over (partition by gap_id order by spell desc) = 1)",
                gap_id,
            )
        ]
    if len(closed) == 1:
        return closed[0], False
    several = found or closed
    if several:
        listed = ", ".join(f"{row['gap_id']} ({row['gap_code']} {row['subject_id']})" for row in several[:LISTED])
        rest = f" and {len(several) - LISTED} more" if len(several) > LISTED else ""
        raise ConfigError(f"{len(several)} gaps begin with {gap_id!r}: {listed}{rest}. Give more of the id.")
    raise ConfigError(
        f"There is no gap {gap_id!r}, and there never was one: `fruition gaps` lists the open ones with their ids."
    )


def _candidates(warehouse: Published, relation: str, gap_id: str) -> list[Row]:
    """The rows whose id is the text, or else begins with it."""
    rows = warehouse.rows(f"select * from {relation} where starts_with(gap_id, $id) order by gap_id", id=gap_id)
    return [row for row in rows if row["gap_id"] == gap_id] or rows


def _closed(spell: Row) -> Row:
    """What the history keeps of a gap that is not open, under the names of an open one."""
    kept = ("gap_id", "gap_code", "gap_class", "subject_type", "subject_id", "subject_name", "opened_on", "closed_on")
    named = {name: spell.get(name) for name in (*kept, "project_id", "benefit_id", "output_id")}
    return named | {"severity": spell.get("highest_severity"), "amount_at_stake": spell.get("greatest_amount_at_stake")}


def _titles(settings: Settings) -> dict[str, str]:
    """The catalogue's title of each code; none where there is no catalogue."""
    path = settings.dbt_project / "seeds" / "gap_catalogue.csv"
    if not path.is_file():
        return {}
    with path.open(encoding="utf-8", newline="") as file:
        return {row["gap_code"]: row["title"] for row in csv.DictReader(file)}


def _kpi_unit(warehouse: Published, evidence: Row) -> str | None:
    row = warehouse.row("select unit from core.kpi where kpi_id = $id", id=evidence.get("kpi_id"))
    return row["unit"] if row else None


def _named_facts(subject: Subject) -> list[Row]:
    return [{"fact": name} | row for name, row in subject.facts]


def _evidence_rows(settings: Settings, warehouse: Published, sources: Sources, evidence: Row) -> list[Row]:
    """The rows that a gap's evidence names: contract, key, the row as it stands, and its source.

    `current` is null where the row is none of the current ones: it was corrected since, or its key closed.
    """
    entries = evidence.get(ROWS) or []
    keys = {name: _keys(settings, name) for name in {entry["contract"] for entry in entries}}
    found = []
    for entry in entries:
        contract, current = entry["contract"], _current(warehouse, entry)
        found.append(
            {
                "contract": contract,
                "key": {name: current.get(name) for name in keys[contract]} if current else {},
                "current": current,
                "source": sources.of(contract, entry.get("feed"), entry.get("batch_id"), entry.get("row")),
            }
        )
    return found


def _current(warehouse: Published, entry: Row) -> Row | None:
    if not warehouse.has("core", entry["contract"]):
        return None
    row = warehouse.row(
        f"select * from core.{quoted(entry['contract'])} where _feed = $feed and _batch_id = $batch and _row = $row",
        feed=entry.get("feed"),
        batch=entry.get("batch_id"),
        row=entry.get("row"),
    )
    return {name: value for name, value in row.items() if not name.startswith("_")} if row else None


def _keys(settings: Settings, contract: str) -> list[str]:
    """The key columns of a contract; none where its file cannot be read, which `fruition doctor` reports."""
    try:
        return [column.name for column in load_contract(settings.contracts / f"{contract}.yml").keys]
    except ConfigError:
        return []
