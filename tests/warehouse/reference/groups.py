"""What the projects of a programme or a portfolio cost and bring together (3.7)."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from fractions import Fraction

from tests.warehouse.reference.distribution import Spread
from tests.warehouse.reference.earned import EarnedValue
from tests.warehouse.reference.facts import Project
from tests.warehouse.reference.flows import Balance
from tests.warehouse.reference.money import whole
from tests.warehouse.reference.value import Cells, Value, paybacks, present_values


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
        **earned,
        "planned_benefit": planned.benefit,
        "realised_benefit": _sum_known((True, value.realised(project)) for project in projects),
        "forecast_benefit": expected.benefit,
        **present_values(planned, expected, base),
        **paybacks(planned, expected),
        "time_to_market_days": _median(map(value.time_to_market, projects)),
        "time_to_benefit_days": _median(map(value.time_to_benefit, projects)),
    }


def together(balances: Iterable[Balance]) -> Balance:
    """All flows of several projects; the costs are not known where those of none are, or of one that brings something."""
    every = list(balances)
    benefits = [flow for one in every for flow in one.benefits]
    costs = [one.costs for one in every if one.costs is not None]
    if not costs or any(one.costs is None and one.benefits for one in every):
        return Balance(None, benefits)
    return Balance([flow for flows in costs for flow in flows], benefits)


def _has_cost_to_date(value: Value, project: Project) -> bool:
    return bool(value.costs_of(project)) or value.earned[project.project_id].ac is not None


def _earned_together(value: Value, projects: Sequence[Project]) -> EarnedValue:
    """In the reporting currency, each at the rate of its status; of the projects whose latest status says it all."""
    complete = [
        (project, earned, earned.status_date)
        for project in projects
        if (earned := value.earned[project.project_id]).status_date is not None
        and None not in (earned.pv, earned.ev, earned.ac)
    ]

    def added(figure: Callable[[EarnedValue], Fraction | None]) -> Fraction | None:
        amounts = [(project, figure(earned), day) for project, earned, day in complete]
        return whole(
            None if amount is None else value.money(project, amount, day).reporting for project, amount, day in amounts
        )

    if not complete:
        return EarnedValue(None, None, None, None, None)
    return EarnedValue(
        status_date=None,
        bac=added(lambda one: one.bac),
        pv=added(lambda one: one.pv),
        ev=added(lambda one: one.ev),
        ac=added(lambda one: one.ac),
    )


def _sum_known(parts: Iterable[tuple[bool, Fraction | None]]) -> Fraction | None:
    """The sum of what is known; null where that cannot be converted, or nothing is known."""
    known = [amount for is_known, amount in parts if is_known]
    if not known or None in known:
        return None
    return sum((amount for amount in known if amount is not None), Fraction(0))


def _median(days: Iterable[int | None]) -> Fraction | None:
    known = tuple(Fraction(day) for day in days if day is not None)
    return Spread(known).percentile(50) if known else None
