"""How many people a role is asked for, and how many it has (3.8, RESOURCE_OVERLOAD)."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from fractions import Fraction

from tests.warehouse.reference.bounds import more_than
from tests.warehouse.reference.facts import World
from tests.warehouse.reference.realisation import ratio


@dataclass(frozen=True)
class Load:
    """One per role and month."""

    planned: Fraction
    actual: Fraction | None
    capacity: Fraction | None

    @property
    def is_overloaded(self) -> bool | None:
        """Null where the capacity is not known."""
        return None if self.capacity is None else more_than(self.planned, self.capacity)

    @property
    def overload(self) -> Fraction | None:
        return None if self.capacity is None else max(Fraction(0), self.planned - self.capacity)

    @property
    def load_pct(self) -> Fraction | None:
        return ratio(self.planned, self.capacity)


def loads(world: World) -> dict[tuple[str, date], Load]:
    """By role and month; what cancelled projects ask for is left out."""
    asked = [
        allocation
        for allocation in world.allocations
        if allocation.project_id not in world.projects or world.projects[allocation.project_id].stage != "cancelled"
    ]
    keys = {(allocation.role, allocation.month) for allocation in asked} | set(world.capacities)
    found = {}
    for key in keys:
        own = [allocation for allocation in asked if (allocation.role, allocation.month) == key]
        used = _known(allocation.actual for allocation in own)
        found[key] = Load(
            planned=sum(_known(allocation.planned for allocation in own), Fraction(0)),
            actual=sum(used, Fraction(0)) if used else None,
            capacity=world.capacities.get(key),
        )
    return found


def _known(figures: Iterable[Fraction | None]) -> list[Fraction]:
    return [figure for figure in figures if figure is not None]
