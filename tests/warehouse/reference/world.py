"""Reading the facts: raw rows with defaults applied, and dated facts after `as_of` taken away (3, introduction)."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from datetime import date
from decimal import Decimal
from fractions import Fraction
from typing import Any, TypeVar

from tests.warehouse.reference.facts import (
    Allocation,
    Arrival,
    Benefit,
    Claim,
    Cost,
    Edge,
    Gate,
    Kpi,
    Output,
    Point,
    PointVersion,
    Project,
    Promise,
    Reading,
    Risk,
    Settings,
    Status,
    Version,
    World,
)

Row = Mapping[str, Any]
Tables = Mapping[str, Sequence[Row]]
T = TypeVar("T")


def exact(value: Decimal | float | int | None) -> Fraction | None:
    """A double stands for the decimal it is written as: 0.8 is four fifths."""
    return None if value is None else Fraction(str(value))


def required(value: Decimal | float | int) -> Fraction:
    """As `exact`, for what cannot be null."""
    return Fraction(str(value))


def read_world(tables: Tables, settings: Settings) -> World:
    """The current rows of each contract (one a key) as facts known on `as_of`.

    A column that a row leaves out is null. Reading rows also carry `_batch_id`, `_row`, `_received_at`, `_as_at` and
    `_delivery_id`. Where the tables hold more than the current rows, `benefit_history` and `kpi_reading_history` are all
    that were ever sent, stamped in the same way.
    """
    rows = {name: [defaultdict(_null, row) for row in tables.get(name, ())] for name in (*CONTRACTS, *HISTORIES)}
    return World(
        settings=settings,
        projects={r["project_id"]: _project(r, settings) for r in rows["project"]},
        statuses=[_status(r) for r in rows["project_status"] if r["status_date"] <= settings.as_of],
        gates=[
            Gate(r["project_id"], r["gate"], r["planned_date"], _until(r["actual_date"], settings))
            for r in rows["stage_gate"]
        ],
        outputs={r["output_id"]: _output(r, settings) for r in rows["output"]},
        outcomes={r["outcome_id"] for r in rows["outcome"]},
        objectives={r["objective_id"] for r in rows["objective"]},
        benefits={r["benefit_id"]: _benefit(r, settings) for r in rows["benefit"]},
        profiles=_by_date(rows["benefit_profile"], "benefit_id", "planned_value"),
        edges=[_edge(r) for r in rows["dependency"]],
        kpis={r["kpi_id"]: _kpi(r) for r in rows["kpi"]},
        readings=[_reading(r) for r in rows["kpi_reading"]],
        rates=_by_date([r for r in rows["fx_rate"] if r["date"] <= settings.as_of], "currency", "rate"),
        promises=_promises(rows["benefit_history"]),
        arrivals=[
            Arrival(r["kpi_id"], _or(r["dimension"], ""), r["period_start"], r["_received_at"])
            for r in rows["kpi_reading_history"]
        ],
        versions=_versions(rows["benefit_history"], settings),
        point_versions=_point_versions(rows["benefit_profile_history"]),
        weights={r["objective_id"]: exact(r["weight"]) for r in rows["objective"]},
        costs=[_cost(r) for r in rows["cost"]],
        risks=[_risk(r, settings) for r in rows["risk"]],
        allocations=[_allocation(r) for r in rows["resource_allocation"]],
        capacities={(r["role"], r["period_start"]): required(r["capacity_fte"]) for r in rows["role_capacity"]},
        claims=[_claim(r) for r in rows["benefit_claim"]],
    )


CONTRACTS = (
    "objective",
    "project",
    "project_status",
    "stage_gate",
    "output",
    "outcome",
    "benefit",
    "benefit_profile",
    "dependency",
    "kpi",
    "kpi_reading",
    "fx_rate",
    "cost",
    "risk",
    "resource_allocation",
    "role_capacity",
    "benefit_claim",
)
HISTORIES = ("benefit_history", "benefit_profile_history", "kpi_reading_history")


def _null() -> None:
    return None


def _until(day: date | None, settings: Settings) -> date | None:
    return day if day is not None and day <= settings.as_of else None


def _or(value: T | None, default: T) -> T:
    return default if value is None else value


def _by_date(rows: Iterable[Row], key: str, value: str) -> dict[str, list[Point]]:
    found: dict[str, list[Point]] = {}
    for row in rows:
        found.setdefault(row[key], []).append((row["date"], required(row[value])))
    return {name: sorted(points) for name, points in found.items()}


def _project(row: Row, settings: Settings) -> Project:
    return Project(
        project_id=row["project_id"],
        stage=row["stage"],
        budget=exact(row["budget"]),
        currency=_or(row["currency"], settings.currency),
        programme=row["programme"],
        portfolio=row["portfolio"],
        project_type=row["project_type"],
        idea_date=row["idea_date"],
        approved_date=row["approved_date"],
        baseline_start=row["baseline_start"],
        baseline_finish=row["baseline_finish"],
        actual_start=row["actual_start"],
        forecast_finish=row["forecast_finish"],
        actual_finish=row["actual_finish"],
    )


def _cost(row: Row) -> Cost:
    return Cost(
        row["project_id"], row["period_start"], exact(row["planned_cost"]), exact(row["actual_cost"]), row["currency"]
    )


def _risk(row: Row, settings: Settings) -> Risk:
    return Risk(
        (row["subject_type"], row["subject_id"]),
        exact(row["probability"]),
        exact(row["impact"]),
        _or(row["currency"], settings.currency),
        is_open=row["status"] == "open" and _until(row["closed_date"], settings) is None,
    )


def _allocation(row: Row) -> Allocation:
    return Allocation(
        row["project_id"], row["role"], row["period_start"], exact(row["planned_fte"]), exact(row["actual_fte"])
    )


def _claim(row: Row) -> Claim:
    return Claim(
        row["benefit_id"],
        row["period_start"],
        exact(row["claimed_improvement"]),
        exact(row["claimed_amount"]),
        row["claimed_on"],
    )


def _status(row: Row) -> Status:
    return Status(
        row["project_id"],
        row["status_date"],
        exact(row["planned_value"]),
        exact(row["earned_value"]),
        exact(row["actual_cost"]),
    )


def _output(row: Row, settings: Settings) -> Output:
    return Output(
        row["output_id"],
        row["project_id"],
        row["baseline_date"],
        row["forecast_date"],
        _until(row["delivered_date"], settings),
    )


def _edge(row: Row) -> Edge:
    return Edge(
        (row["from_type"], row["from_id"]),
        (row["to_type"], row["to_id"]),
        exact(row["weight"]),
        _or(row["lag_days"], 0),
    )


def _kpi(row: Row) -> Kpi:
    return Kpi(
        row["kpi_id"],
        row["unit"],
        row["frequency"],
        _or(row["reading_frequency"], row["frequency"]),
        _or(row["aggregation"], "last"),
        _or(exact(row["min_coverage"]), Fraction(8, 10)),
        row["direction"],
        _or(row["grace_days"], 10),
    )


def _reading(row: Row) -> Reading:
    reported = row["reported_at"] or row["_as_at"] or row["_received_at"]
    return Reading(
        row["kpi_id"],
        row["period_start"],
        _or(row["dimension"], ""),
        required(row["value"]),
        row["unit"],
        (reported, row["_delivery_id"], row["_row"]),
        row["_batch_id"],
        row["_row"],
    )


def _benefit(row: Row, settings: Settings) -> Benefit:
    return Benefit(
        benefit_id=row["benefit_id"],
        kind=row["kind"],
        type=row["type"],
        owner=row["owner"],
        kpi_id=row["kpi_id"],
        dimension=_or(row["dimension"], ""),
        kpi_share=_or(exact(row["kpi_share"]), Fraction(1)),
        baseline_value=exact(row["baseline_value"]),
        baseline_date=row["baseline_date"],
        target_value=exact(row["target_value"]),
        target_date=row["target_date"],
        do_nothing_value=exact(row["do_nothing_value"]),
        start_date=row["start_date"],
        end_date=row["end_date"],
        unit_value=exact(row["unit_value"]),
        currency=_or(row["currency"], settings.currency),
        tolerance=_or(exact(row["tolerance"]), Fraction(1, 10)),
        approved_date=row["approved_date"],
        verified_date=_until(row["verified_date"], settings),
        category=row["category"],
        counterfactual=_or(row["counterfactual"], "baseline"),
        control_kpi_id=row["control_kpi_id"],
        control_dimension=row["control_dimension"],
    )


def _promises(rows: Iterable[Row]) -> dict[str, list[Promise]]:
    found: dict[str, list[Promise]] = {}
    for row in sorted(rows, key=lambda row: (row["_received_at"], row["_delivery_id"])):
        promise = Promise(
            received_at=row["_received_at"],
            placed_at=row["_as_at"] or row["_received_at"],
            baseline_value=exact(row["baseline_value"]),
            target_value=exact(row["target_value"]),
            target_date=row["target_date"],
            do_nothing_value=exact(row["do_nothing_value"]),
        )
        found.setdefault(row["benefit_id"], []).append(promise)
    return found


def _versions(rows: Iterable[Row], settings: Settings) -> dict[str, list[Version]]:
    found: dict[str, list[Version]] = {}
    for row in rows:
        version = Version(row["_as_at"] or row["_received_at"], row["_received_at"], _benefit(row, settings))
        found.setdefault(row["benefit_id"], []).append(version)
    return {name: sorted(sent, key=lambda v: (v.placed_at, v.received_at)) for name, sent in found.items()}


def _point_versions(rows: Iterable[Row]) -> dict[str, list[PointVersion]]:
    found: dict[str, list[PointVersion]] = {}
    for row in rows:
        placed_at = row["_as_at"] or row["_received_at"]
        version = PointVersion(placed_at, row["_received_at"], row["date"], required(row["planned_value"]))
        found.setdefault(row["benefit_id"], []).append(version)
    return {name: sorted(sent, key=lambda v: (v.placed_at, v.received_at)) for name, sent in found.items()}
