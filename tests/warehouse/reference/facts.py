"""The facts of a build, as the mathematics takes them (2, contracts)."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from fractions import Fraction

Node = tuple[str, str]
Point = tuple[date, Fraction]


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
    currency: str
    programme: str | None
    portfolio: str | None
    project_type: str | None
    idea_date: date | None
    approved_date: date | None
    baseline_start: date | None
    baseline_finish: date | None
    actual_start: date | None
    forecast_finish: date | None
    actual_finish: date | None


@dataclass(frozen=True)
class Cost:
    """One per project, month and type of cost."""

    project_id: str
    month: date
    planned: Fraction | None
    actual: Fraction | None
    currency: str | None


@dataclass(frozen=True)
class Risk:
    subject: Node
    probability: Fraction | None
    impact: Fraction | None
    currency: str
    is_open: bool


@dataclass(frozen=True)
class Allocation:
    """One per project, role and month."""

    project_id: str
    role: str
    month: date
    planned: Fraction | None
    actual: Fraction | None


@dataclass(frozen=True)
class Claim:
    benefit_id: str
    day: date
    """The first day of what is claimed for, as the claim states it."""
    improvement: Fraction | None
    amount: Fraction | None
    claimed_on: date | None


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
    category: str | None
    counterfactual: str
    control_kpi_id: str | None
    control_dimension: str | None


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
class Version:
    """A benefit as one delivery told it."""

    placed_at: datetime
    received_at: datetime
    benefit: Benefit


@dataclass(frozen=True)
class PointVersion:
    """A profile point as one delivery told it."""

    placed_at: datetime
    received_at: datetime
    day: date
    value: Fraction


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
    profiles: dict[str, list[Point]]
    edges: list[Edge]
    kpis: dict[str, Kpi]
    readings: list[Reading]
    rates: dict[str, list[Point]]
    promises: dict[str, list[Promise]]
    """Of each benefit everything that was sent, in order of receipt."""
    arrivals: list[Arrival]
    versions: dict[str, list[Version]]
    """Of each benefit everything that was sent, in order of place."""
    point_versions: dict[str, list[PointVersion]]
    """Of each benefit's profile everything that was sent, in order of place."""
    weights: dict[str, Fraction | None]
    """Of the objectives."""
    costs: list[Cost]
    risks: list[Risk]
    allocations: list[Allocation]
    capacities: dict[tuple[str, date], Fraction]
    """By role and month."""
    claims: list[Claim]

    def stage_of(self, output: Output) -> str | None:
        """The stage of the output's project; null where the project never came."""
        project = self.projects.get(output.project_id)
        return project.stage if project else None
