"""What the example's projects cost: planned month by month along an S, and spent as their reports say."""

from __future__ import annotations

from dataclasses import dataclass

from examples.portfolio.model import Project
from examples.portfolio.world import World

SPENDING = ("delivery", "closed", "cancelled")
PLANNED = (*SPENDING, "business_case")


@dataclass(frozen=True)
class Position:
    """Where a project stands at the end of a month, cumulative, in its currency."""

    month: int
    planned: float
    earned: float
    spent: float


def planned_by(project: Project, month: int) -> float:
    """The planned cost to the end of a month: half straight, half along an S."""
    share = min(1.0, max(0.0, (month - project.start + 1) / (project.finish - project.start + 1)))
    return project.budget * 1000 * (share + share * share * (3 - 2 * share)) / 2


def positions(project: Project, world: World) -> list[Position]:
    """The reported months of a project that spends money, the oldest first."""
    if project.stage not in SPENDING:
        return []
    chance = world.chance("money", project.id)
    final_spi = project.spi if project.spi is not None else chance.uniform(0.97, 1.02)
    final_cpi = project.cpi if project.cpi is not None else chance.uniform(0.98, 1.05)
    last = min(0, project.ends)
    found: list[Position] = []
    for month in range(project.start, last + 1):
        progress = (month - project.start + 1) / (last - project.start + 1)
        planned = planned_by(project, month)
        earned = _earned(project, planned, month, 1 + (final_spi - 1) * progress)
        spent = earned / (1 + (final_cpi - 1) * progress)
        found.append(Position(month, planned, earned, _kept_within(project, spent, found)))
    return found


def _earned(project: Project, planned: float, month: int, spi: float) -> float:
    """All is earned when a project closes, and never more than there was to do."""
    budget = project.budget * 1000
    if project.stage == "closed" and month == project.ends:
        return budget
    return min(planned * spi, budget * 0.98)


def _kept_within(project: Project, spent: float, earlier: list[Position]) -> float:
    """Spending never falls, and a running project with nothing to report stays within its budget."""
    cap = project.budget * (1000 if project.stage == "closed" else 970)
    return max(min(spent, cap), earlier[-1].spent if earlier else 0.0)


def monthly_costs(project: Project, world: World) -> list[tuple[int, float, float | None]]:
    """Month, planned and actual cost in the month; the actual is None where the month is not over."""
    if project.stage not in PLANNED:
        return []
    spent = {position.month: position.spent for position in positions(project, world)}
    costs = []
    for month in range(project.start, max(project.finish, max(spent, default=project.finish)) + 1):
        planned = planned_by(project, month) - planned_by(project, month - 1)
        actual = spent[month] - spent.get(month - 1, 0.0) if month in spent else None
        costs.append((month, planned, actual))
    return costs
