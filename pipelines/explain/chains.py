"""The chain behind a gap: output → outcome → benefit → KPI → reading, each with the file and line that says so."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import Any

from pipelines.explain import network
from pipelines.explain.sources import Sources
from pipelines.published import Published, Row

OUTPUTS = """
select link.*, item.kind as output_kind, item.baseline_date, item.forecast_date, item.delivered_date,
    item.accepted_date, item.owner as output_owner, project.name as project_name, project.stage as project_stage,
    project.manager as project_manager, item._feed, item._batch_id, item._row
from marts.output_benefit as link
left join core.output as item on link.output_id = item.output_id
left join core.project as project on link.project_id = project.project_id
where link.benefit_id = $id
order by
    link.is_enabling desc nulls last, link.output_status = 'delivered', link.slip_days desc nulls last,
    link.share desc nulls last, link.output_id
"""
READINGS = """
select * from core.kpi_reading
where kpi_id = $kpi and dimension is not distinct from coalesce($dimension, '')
    and truncated_date between $first and $last and reading_status = 'used'
order by truncated_date desc, period_start desc
"""
LAST_READING = """
select * from core.kpi_reading
where kpi_id = $kpi and dimension is not distinct from coalesce($dimension, '')
order by period_start desc limit 1
"""
CLAIMS = "select * from core.benefit_claim where benefit_id = $id order by period_start desc"
CLAIMED_PERIOD = """
select * from marts.benefit_period where benefit_id = $id and $day between period_start and period_end
"""
DELIVERY_FIGURES = (
    *("is_live", "is_enabled", "enabled_on", "delay_days", "upstream_outputs", "enabling_outputs", "last_day"),
    *("full_improvement", "slack", "ramp_end", "objective", "rag", "open_gap_count"),
)


@dataclass(frozen=True)
class Chain:
    """A benefit, what leads to it, and what is measured of it.

    `outputs` are its upstream outputs, those it waits for first, each with its `path`: the links from it to the
    benefit. `period` is the latest measured period from its start on, `readings` the readings used in it; where there
    is none, `last_reading` is the newest reading of the measure at all, whatever is wrong with it. `claims` are what
    was claimed of it, the latest first, each with the `period` that it is about, where the benefit has it.
    """

    benefit: Row
    outputs: list[Row]
    kpi: Row | None
    period: Row | None
    readings: list[Row]
    last_reading: Row | None
    claims: list[Row]


def chain_of(warehouse: Published, sources: Sources, benefit_id: str) -> Chain | None:
    """The chain of one benefit; None where nothing is known of it."""
    row = warehouse.row("select * from core.benefit where benefit_id = $id", id=benefit_id)
    if row is None:
        return None
    register = warehouse.row("select * from marts.benefit_register where benefit_id = $id", id=benefit_id) or {}
    benefit = sources.fact("benefit", row, benefit_id=benefit_id) | {
        name: register.get(name) for name in DELIVERY_FIGURES
    }
    benefit["profile"] = [
        sources.fact("benefit_profile", point)
        for point in warehouse.rows(
            'select * from core.benefit_profile where benefit_id = $id order by "date"', id=benefit_id
        )
    ]
    period = _period(warehouse, sources, benefit_id, register.get("latest_period_start"))
    readings = _readings(warehouse, sources, row, period) if period else []
    return Chain(
        benefit=benefit,
        outputs=[_output(warehouse, sources, output) for output in warehouse.rows(OUTPUTS, id=benefit_id)],
        kpi=fact(warehouse, sources, "kpi", kpi_id=row["kpi_id"]),
        period=period,
        readings=readings,
        last_reading=None if readings else _last_reading(warehouse, sources, row),
        claims=[_claim(warehouse, sources, claim) for claim in warehouse.rows(CLAIMS, id=benefit_id)],
    )


def fact(warehouse: Published, sources: Sources, contract: str, **key: Any) -> Row | None:
    """The current row of a contract with its source; None where there is none."""
    condition = " and ".join(f"{column} = ${column}" for column in key)
    row = warehouse.row(f"select * from core.{contract} where {condition}", **key)
    return sources.fact(contract, row, **key) if row else None


def _output(warehouse: Published, sources: Sources, row: Row) -> Row:
    return sources.fact("output", row, output_id=row["output_id"]) | {
        "path_links": network.path_of(warehouse, sources, row["path"])
    }


def _period(warehouse: Published, sources: Sources, benefit_id: str, start: date | None) -> Row | None:
    if start is None:
        return None
    row = warehouse.row(
        "select * from marts.benefit_period where benefit_id = $id and period_start = $start",
        id=benefit_id,
        start=start,
    )
    return sources.fact("kpi_reading", row) if row else None


def _claim(warehouse: Published, sources: Sources, row: Row) -> Row:
    period = warehouse.row(CLAIMED_PERIOD, id=row["benefit_id"], day=row["period_start"])
    return sources.fact("benefit_claim", row) | {"period": sources.fact("kpi_reading", period) if period else None}


def _readings(warehouse: Published, sources: Sources, benefit: Row, period: Row) -> list[Row]:
    found = warehouse.rows(
        READINGS,
        kpi=benefit["kpi_id"],
        dimension=benefit["dimension"],
        first=period["period_start"],
        last=period["period_end"],
    )
    return [sources.fact("kpi_reading", row) for row in found]


def _last_reading(warehouse: Published, sources: Sources, benefit: Row) -> Row | None:
    row = warehouse.row(LAST_READING, kpi=benefit["kpi_id"], dimension=benefit["dimension"])
    return sources.fact("kpi_reading", row) if row else None
