"""The facts: raw rows with defaults applied and dated facts after `as_of` taken away (3, introduction)."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from fractions import Fraction
from typing import Any, TypeVar

Row = Mapping[str, Any]
Tables = Mapping[str, Sequence[Row]]
Node = tuple[str, str]
T = TypeVar("T")

EPSILON = Fraction(1, 10**9)


@dataclass(frozen=True)
class Settings:
    """The inputs of a build."""

    as_of: date
    currency: str = "GBP"
    fiscal_year_start: int = 1
    enabling_share: Fraction = Fraction(5, 100)


@dataclass(frozen=True)
class Project:
    project_id: str
    stage: str
    budget: Fraction | None


@dataclass(frozen=True)
class Status:
    project_id: str
    status_date: date
    planned_value: Fraction | None
    earned_value: Fraction | None
    actual_cost: Fraction | None


@dataclass(frozen=True)
class Gate:
    project_id: str
    gate: str
    planned_date: date | None
    actual_date: date | None


@dataclass(frozen=True)
class Output:
    output_id: str
    project_id: str
    baseline_date: date
    forecast_date: date | None
    delivered_date: date | None


@dataclass(frozen=True)
class Edge:
    origin: Node
    target: Node
    weight: Fraction | None
    lag_days: int


@dataclass(frozen=True)
class Kpi:
    kpi_id: str
    unit: str
    frequency: str
    reading_frequency: str
    aggregation: str
    min_coverage: Fraction
    direction: str | None
    grace_days: int


@dataclass(frozen=True)
class Reading:
    kpi_id: str
    period_start: date
    dimension: str
    value: Fraction
    unit: str | None
    order: tuple[datetime, str, int]
    """When it was reported (else the delivery's as-at or receipt), then receipt, then line."""
    batch_id: str
    row: int


@dataclass(frozen=True)
class Benefit:
    benefit_id: str
    kind: str
    type: str | None
    category: str | None
    owner: str | None
    kpi_id: str | None
    dimension: str
    kpi_share: Fraction
    baseline_value: Fraction | None
    baseline_date: date | None
    target_value: Fraction | None
    target_date: date | None
    do_nothing_value: Fraction | None
    start_date: date | None
    end_date: date | None
    unit_value: Fraction | None
    currency: str
    tolerance: Fraction
    approved_date: date | None
    verified_date: date | None


@dataclass(frozen=True)
class Risk:
    """An open risk."""

    subject: Node
    probability: Fraction | None
    impact: Fraction | None
    currency: str


@dataclass(frozen=True)
class Promise:
    """What one delivery said of a benefit's plan."""

    received_at: datetime
    placed_at: datetime
    """The delivery's as-at, else its receipt."""
    baseline_value: Fraction | None
    target_value: Fraction | None
    target_date: date | None
    do_nothing_value: Fraction | None


@dataclass(frozen=True)
class Arrival:
    """A reading coming in, whatever became of it."""

    kpi_id: str
    dimension: str
    period_start: date
    received_at: datetime


@dataclass(frozen=True)
class World:
    """All facts of a build, by key."""

    settings: Settings
    projects: dict[str, Project]
    statuses: list[Status]
    gates: list[Gate]
    outputs: dict[str, Output]
    outcomes: set[str]
    objectives: set[str]
    benefits: dict[str, Benefit]
    profiles: dict[str, list[tuple[date, Fraction]]]
    edges: list[Edge]
    kpis: dict[str, Kpi]
    readings: list[Reading]
    rates: dict[str, list[tuple[date, Fraction]]]
    promises: dict[str, list[Promise]]
    """Of each benefit everything that was sent, in order of receipt."""
    arrivals: list[Arrival]
    risks: list[Risk]

    def stage_of(self, output: Output) -> str | None:
        """The stage of the output's project; null where the project never came."""
        project = self.projects.get(output.project_id)
        return project.stage if project else None


def exact(value: Decimal | float | int | None) -> Fraction | None:
    """A double stands for the decimal it is written as: 0.8 is four fifths."""
    return None if value is None else Fraction(str(value))


def required(value: Decimal | float | int) -> Fraction:
    """As `exact`, for what cannot be null."""
    return Fraction(str(value))


def at_least(left: Fraction, right: Fraction) -> bool:
    """left >= right, within an epsilon relative to the larger side."""
    return left >= right - EPSILON * max(abs(left), abs(right))


def more_than(left: Fraction, right: Fraction) -> bool:
    """left > right by more than an epsilon relative to the larger side."""
    return not at_least(right, left)


def read_world(tables: Tables, settings: Settings) -> World:
    """The current rows of each contract (one a key) as facts known on `as_of`.

    A column that a row leaves out is null. Reading rows also carry `_batch_id`, `_row`, `_received_at`, `_as_at` and
    `_delivery_id`. Where the tables hold more than the current rows, `benefit_history` and `kpi_reading_history` are all
    that were ever sent, stamped in the same way.
    """
    rows = {name: [defaultdict(_null, row) for row in tables.get(name, ())] for name in (*CONTRACTS, *HISTORIES)}
    return World(
        settings=settings,
        projects={r["project_id"]: Project(r["project_id"], r["stage"], exact(r["budget"])) for r in rows["project"]},
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
        risks=[_risk(r, settings) for r in rows["risk"] if _is_open(r, settings)],
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
    "risk",
)
HISTORIES = ("benefit_history", "kpi_reading_history")


def _null() -> None:
    return None


def _until(day: date | None, settings: Settings) -> date | None:
    return day if day is not None and day <= settings.as_of else None


def _or(value: T | None, default: T) -> T:
    return default if value is None else value


def _by_date(rows: Iterable[Row], key: str, value: str) -> dict[str, list[tuple[date, Fraction]]]:
    found: dict[str, list[tuple[date, Fraction]]] = {}
    for row in rows:
        found.setdefault(row[key], []).append((row["date"], required(row[value])))
    return {name: sorted(points) for name, points in found.items()}


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
        category=row["category"],
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
    )


def _is_open(row: Row, settings: Settings) -> bool:
    return row["status"] == "open" and _until(row["closed_date"], settings) is None


def _risk(row: Row, settings: Settings) -> Risk:
    return Risk(
        (row["subject_type"], row["subject_id"]),
        exact(row["probability"]),
        exact(row["impact"]),
        _or(row["currency"], settings.currency),
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
