"""What projects cost and how long they took, beside what was said (3.7)."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import date, timedelta
from fractions import Fraction
from math import floor

from tests.warehouse.reference.distribution import Spread, settled
from tests.warehouse.reference.facts import Project

Ratio = Callable[[Project], Fraction | None]


@dataclass(frozen=True)
class Optimism:
    """The ratios of the finished projects by type; projects without a type are a class of their own."""

    by_type: dict[str | None, list[Fraction]]

    def spread(self, project_type: str | None) -> Spread:
        return settled(self.by_type.get(project_type, []), self.everyone())[1]

    def everyone(self) -> list[Fraction]:
        return [ratio for ratios in self.by_type.values() for ratio in ratios]


def optimism(projects: Iterable[Project], ratio_of: Ratio) -> Optimism:
    """Over the closed projects of which the ratio is known."""
    found: dict[str | None, list[Fraction]] = {}
    for project in projects:
        ratio = ratio_of(project) if project.stage == "closed" else None
        if ratio is not None:
            found.setdefault(project.project_type, []).append(ratio)
    return Optimism(found)


def positive_ratio(above: Fraction | None, below: Fraction | None) -> Fraction | None:
    """Null where a part is missing, or not above 0."""
    return above / below if above is not None and below is not None and above > 0 and below > 0 else None


def duration_ratio(project: Project) -> Fraction | None:
    """Actual over baseline days."""
    return positive_ratio(
        _days(project.actual_start, project.actual_finish), _days(project.baseline_start, project.baseline_finish)
    )


def likely_finish(project: Project, ratio: Fraction) -> date | None:
    """From the start, the baseline's days times a ratio."""
    start, days = project.actual_start or project.baseline_start, _days(project.baseline_start, project.baseline_finish)
    if start is None or days is None:
        return None
    return start + timedelta(days=floor(days * ratio + Fraction(1, 2)))


def _days(first: date | None, last: date | None) -> Fraction | None:
    return None if first is None or last is None else Fraction((last - first).days)
