"""What the example's data tables are made of. Months are counted as `Timeline` does: 0 is the last one that is over."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Frequency = Literal["day", "week", "month", "quarter", "year"]
Stage = Literal["idea", "business_case", "delivery", "closed", "cancelled"]


@dataclass(frozen=True)
class Programme:
    """A programme: its sponsor, its project managers, and who owns its benefits."""

    name: str
    sponsor: str
    managers: tuple[str, ...]
    owners: tuple[str, ...]


@dataclass(frozen=True)
class Project:
    """A project. `ends` is the month of its forecast or actual finish; `budget` in thousands of `currency`.

    `cpi` and `spi` are where its latest status report stands; None leaves them near 1.
    """

    id: str
    name: str
    programme: str
    kind: str
    stage: Stage
    start: int
    finish: int
    ends: int
    budget: float
    currency: str = "GBP"
    cpi: float | None = None
    spi: float | None = None


@dataclass(frozen=True)
class Output:
    """An output due in month `due`. `fate`: '' as planned, or `late:DAYS` (delivered so much later than approved),
    `slip:DAYS` (forecast so much later), `overdue:DAYS` (due in the past, now forecast so many days from `as_of`),
    `never` (no date any more), `lost` (its project was cancelled first).
    """

    id: str
    name: str
    kind: Literal["output", "enabling_change", "business_change"]
    due: int
    fate: str = ""

    @property
    def project_id(self) -> str:
        return f"P-{self.id.split('-')[1]}"


@dataclass(frozen=True)
class Outcome:
    """An outcome and what drives it, in the notation of `Benefit.drivers`."""

    id: str
    name: str
    owner: str
    drivers: str


@dataclass(frozen=True)
class Measure:
    """A KPI. `elsewhere` gives the level at places where no benefit is planned, as `place:level`."""

    id: str
    name: str
    unit: str
    direction: Literal["increase", "decrease"]
    owner: str
    frequency: Frequency = "month"
    readings: Frequency = "month"
    aggregation: Literal["last", "mean", "sum"] = "last"
    elsewhere: tuple[tuple[str, float], ...] = ()
    feed: str = "kpi_monthly"


@dataclass(frozen=True)
class Benefit:
    """A benefit from month `start` (its first day) to its target in month `target` (its last day).

    `drivers`: what it rests on, as `node:weight:lag_days`, separated by blanks; weight and lag may be left out.
    `objectives`: the numbers of the objectives it serves.
    `course`: what really happened. '' as planned; `share:X` that share of the plan; `worse:X` moves by X of the full
    improvement away from the target; `erode:M:X` as planned up to month M, then falling back to X by month 0;
    `unread` no reading from `start` on; `level:X` the measure's true level where the register's baseline is wrong.
    """

    id: str
    project_id: str
    name: str
    type: Literal["cashable", "non_cashable", "quantifiable", "qualitative"]
    measure: str
    place: str
    baseline: float | None
    goal: float | None
    start: int | None
    target: int | None
    drivers: str
    objectives: str
    value: float | None = None
    course: str = ""
    kind: Literal["benefit", "disbenefit"] = "benefit"
    category: str = "Capacity"
    share: float | None = None
    tolerance: float | None = None
    do_nothing: float | None = None
    profile: tuple[tuple[int, float], ...] = ()
    verified: int | None = None
    ends: int | None = None
    currency: str | None = None
    counterfactual: str | None = None
    control_place: str | None = None
    drift: float = 0.0
    owner: str | None = None
    owned: bool = True


@dataclass(frozen=True)
class Story:
    """Why a gap stands in the example: the code, the subject as `marts.realisation_gap` names it, and the reason."""

    code: str
    subject_type: str
    subject_id: str
    why: str
