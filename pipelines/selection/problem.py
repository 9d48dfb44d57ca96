"""What a portfolio selection chooses from and within, and what it chose (3-benefits.md, 3.7)."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import date
from typing import NamedTuple

from pipelines.errors import ConfigError

EPSILON = 1e-9  # how sums of doubles compare with their bounds, relative to the larger side (3-benefits.md, opening)


class Slot(NamedTuple):
    """A role in one quarter, named by its first day: what people are counted in."""

    role: str
    quarter: date


@dataclass(frozen=True)
class Capacity:
    """What projects in delivery leave of a role in a quarter: FTE-months, below 0 where they ask too much, over `months`."""

    free: float
    months: int

    @property
    def room(self) -> float:
        """What new projects may use."""
        return max(0.0, self.free)


@dataclass(frozen=True)
class Candidate:
    """A project not yet approved: forecast NPV and cost (reporting currency; None: unknown), alignment, FTE-months asked."""

    project_id: str
    npv: float | None
    cost: float | None
    alignment: float = 1.0
    demand: Mapping[Slot, float] = field(default_factory=dict)

    @property
    def value(self) -> float | None:
        """What the selection maximises the sum of."""
        return None if self.npv is None else self.npv * self.alignment


@dataclass(frozen=True)
class Problem:
    """Candidates, the budget (None: no limit) and the capacity of each role and quarter; where none is stated, no limit.

    `ConfigError` where a figure is no finite number, a budget or demand is below 0, or two candidates share an id.
    """

    candidates: tuple[Candidate, ...]
    budget: float | None = None
    capacity: Mapping[Slot, Capacity] = field(default_factory=dict)
    currency: str = ""

    def __post_init__(self) -> None:
        check_amount("The budget", self.budget, at_least_zero=True)
        for slot, capacity in self.capacity.items():
            check_amount(f"The free capacity of {slot.role}", capacity.free)
        for candidate in self.candidates:
            name = f"of project {candidate.project_id}"
            for what, amount in (("NPV", candidate.npv), ("cost", candidate.cost), ("alignment", candidate.alignment)):
                check_amount(f"The {what} {name}", amount)
            for slot, amount in candidate.demand.items():
                check_amount(f"The demand {name} for {slot.role}", amount, at_least_zero=True)
        twice = [name for name, count in Counter(one.project_id for one in self.candidates).items() if count > 1]
        if twice:
            raise ConfigError(f"Project {min(twice)} is a candidate twice: it can be chosen only once.")

    def within(self, budget: float | None) -> Problem:
        """The same problem with another budget."""
        return replace(self, budget=budget)

    def with_more_of(self, role: str, fte: float) -> Problem:
        """The same problem with so many more full-time equivalents of a role, in every month that counts."""
        more = {
            slot: replace(one, free=one.free + fte * one.months) if slot.role == role else one
            for slot, one in self.capacity.items()
        }
        return replace(self, capacity=more)

    @property
    def roles(self) -> list[str]:
        """The roles of which there is only so much."""
        return sorted({slot.role for slot in self.capacity})


@dataclass(frozen=True)
class Selection:
    """The best set within a budget: its projects in order, what it is worth and what it costs.

    `bound`: no set is worth more; the value itself where it is proven to be the best.
    """

    budget: float | None
    projects: tuple[str, ...]
    value: float
    cost: float
    bound: float


def exceeds(amount: float, limit: float) -> bool:
    """Whether an amount is above its limit by more than the noise of a sum."""
    return amount - limit > EPSILON * max(abs(amount), abs(limit))


def total(amounts: Iterable[float]) -> float:
    """A sum that does not depend on the order."""
    return math.fsum(amounts)


def check_amount(what: str, amount: float | None, *, at_least_zero: bool = False) -> None:
    """`ConfigError` where an amount is no finite number, or is below 0 and must not be."""
    if amount is None:
        return
    if not math.isfinite(amount):
        raise ConfigError(f"{what} is no finite number: give one, such as 1500000 or 2.5.")
    if at_least_zero and amount < 0:
        raise ConfigError(f"{what} is below 0: give 0 or more.")
