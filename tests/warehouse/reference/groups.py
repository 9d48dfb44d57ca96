"""What the projects of a programme or a portfolio cost and bring together (3.7)."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from fractions import Fraction

from tests.warehouse.reference.distribution import Spread
from tests.warehouse.reference.earned import EarnedValue
from tests.warehouse.reference.facts import Project
from tests.warehouse.reference.flows import Balance
from tests.warehouse.reference.money import total
from tests.warehouse.reference.value import Cells, Value, present_values


def group_value(value: Value, projects: Sequence[Project]) -> Cells:
    """`marts.programme_value` and `marts.portfolio_value`, by column; all flows discounted to the earliest base date."""
    names = [project.project_id for project in projects]
    planned, expected = (
        together(value.planned[name] for name in names),
        together(value.expected[name] for name in names),
    )
    base = min((day for day in map(value.base_date, projects) if day is not None), default=None)
    earned = _earned_together(value, projects).figures()
    return {
        "projects": len(projects),
        "base_date": base,
        "budget": _sum_known((project.budget is not None, value.budget(project)) for project in projects),
        "cost_to_date": _sum_known((_has_cost_to_date(value, p), value.cost_to_date(p)) for p in projects),
        "forecast_cost": _sum_known((one.costs is not None, one.cost) for one in map(value.expected.get, names) if one),
        **{name: earned[name] for name in ("pv", "ev", "ac", "sv", "cv", "spi", "cpi")},
        "planned_benefit": planned.benefit,
        "realised_benefit": _sum_known((True, value.realised(project)) for project in projects),
        "forecast_benefit": expected.benefit,
        **present_values(planned, expected, base),
        "time_to_market_days": _median(map(value.time_to_market, projects)),
        "time_to_benefit_days": _median(map(value.time_to_benefit, projects)),
    }


def together(balances: Iterable[Balance]) -> Balance:
    """All flows of several projects; the costs are not known where those of one are not."""
    every = list(balances)
    benefits = [flow for one in every for flow in one.benefits]
    if any(one.costs is None for one in every):
        return Balance(None, benefits)
    return Balance([flow for one in every for flow in one.costs or []], benefits)


def _has_cost_to_date(value: Value, project: Project) -> bool:
    costs = value.costs_of(project)
    if costs:
        return any(cost.actual is not None and value.has_ended(cost) for cost in costs)
    return value.earned[project.project_id].ac is not None


def _earned_together(value: Value, projects: Sequence[Project]) -> EarnedValue:
    """In the reporting currency, each at the rate of its status."""

    def added(figure: Callable[[EarnedValue], Fraction | None]) -> Fraction | None:
        parts = []
        for project in projects:
            earned = value.earned[project.project_id]
            amount = figure(earned)
            if amount is not None and earned.status_date is not None:
                parts.append(value.money(project, amount, earned.status_date))
        return total(parts) if parts else None

    return EarnedValue(None, None, added(lambda one: one.pv), added(lambda one: one.ev), added(lambda one: one.ac))


def _sum_known(parts: Iterable[tuple[bool, Fraction | None]]) -> Fraction | None:
    """The sum of what is known; null where that cannot be converted, or nothing is known."""
    known = [amount for is_known, amount in parts if is_known]
    if not known or None in known:
        return None
    return sum((amount for amount in known if amount is not None), Fraction(0))


def _median(days: Iterable[int | None]) -> Fraction | None:
    known = tuple(Fraction(day) for day in days if day is not None)
    return Spread(known).percentile(50) if known else None
