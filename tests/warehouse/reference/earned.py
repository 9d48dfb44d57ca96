"""Earned value, as standard (3.7)."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from fractions import Fraction

from tests.warehouse.reference.facts import Project, World
from tests.warehouse.reference.realisation import minus, ratio


@dataclass(frozen=True)
class EarnedValue:
    """By the latest status, in the project's currency."""

    status_date: date | None
    bac: Fraction | None
    pv: Fraction | None
    ev: Fraction | None
    ac: Fraction | None

    @property
    def cpi(self) -> Fraction | None:
        return ratio(self.ev, self.ac)

    @property
    def eac(self) -> Fraction | None:
        return ratio(self.bac, self.cpi)

    def figures(self) -> dict[str, Fraction | None]:
        """By column of `project_value`."""
        return {
            "pv": self.pv,
            "ev": self.ev,
            "ac": self.ac,
            "sv": minus(self.ev, self.pv),
            "cv": minus(self.ev, self.ac),
            "spi": ratio(self.ev, self.pv),
            "cpi": self.cpi,
            "eac": self.eac,
            "etc": minus(self.eac, self.ac),
            "vac": minus(self.bac, self.eac),
            "tcpi": ratio(minus(self.bac, self.ev), minus(self.bac, self.ac)),
        }


def earned_value(world: World, project: Project) -> EarnedValue:
    """Null where no status has come."""
    statuses = [status for status in world.statuses if status.project_id == project.project_id]
    if not statuses:
        return EarnedValue(None, project.budget, None, None, None)
    latest = max(statuses, key=lambda status: status.status_date)
    return EarnedValue(
        latest.status_date, project.budget, latest.planned_value, latest.earned_value, latest.actual_cost
    )
