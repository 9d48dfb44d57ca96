"""Roles that are asked for too much, and money that cannot be converted (3.8, resources, risk, money)."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from fractions import Fraction

from tests.warehouse.reference.calendar import end_of_month
from tests.warehouse.reference.claims import claimed_periods
from tests.warehouse.reference.gaps.forecast import expected_loss
from tests.warehouse.reference.gaps.gap import Gap
from tests.warehouse.reference.reckoning import Reckoning

Use = tuple[str, date, Fraction | None]
"""A currency, the day of its rate, and an amount."""


def overloaded_roles(found: Reckoning) -> Iterator[Gap]:
    """RESOURCE_OVERLOAD: in some month that has not ended yet."""
    roles = {
        role
        for (role, month), load in found.loads.items()
        if load.is_overloaded and end_of_month(month) > found.world.settings.as_of
    }
    yield from (Gap("RESOURCE_OVERLOAD", "role", role) for role in roles)


def missing_rates(found: Reckoning) -> Iterator[Gap]:
    """MISSING_FX_RATE: currencies in which some amount could not be converted."""
    uses = [*_of_benefits(found), *_of_projects(found), *_of_risks(found)]
    currencies = {currency for currency, day, amount in uses if amount and found.rate(currency, day) is None}
    yield from (Gap("MISSING_FX_RATE", "currency", currency) for currency in currencies)


def _of_benefits(found: Reckoning) -> Iterator[Use]:
    for name, benefit in found.world.benefits.items():
        for period in found.whole_life(benefit):
            yield from ((benefit.currency, period.period_end, amount) for amount in period.amounts.values())
        for row in found.forecast.outlooks[name]:
            fan = (row.period.worth(improvement) for improvement in (row.p10, row.p50, row.p90))
            yield from ((benefit.currency, row.period.period_end, worth.amount) for worth in fan if worth)
        for promise in found.value.promises[name]:
            yield promise.currency, promise.period_end, promise.money.amount if promise.money else None
        for claim in claimed_periods(found.world, benefit).values():
            day = claim.period_end or claim.period_start
            yield benefit.currency, day, claim.amount
            if claim.own is not None and benefit.unit_value is not None:
                yield benefit.currency, day, claim.own * benefit.unit_value


def _of_projects(found: Reckoning) -> Iterator[Use]:
    as_of = found.world.settings.as_of
    for name, project in found.world.projects.items():
        finish, earned = project.baseline_finish or as_of, found.value.earned[name]
        yield project.currency, finish, project.budget
        if earned.status_date is not None:
            yield from ((project.currency, earned.status_date, f) for f in (earned.pv, earned.ev, earned.ac))
        costs = [cost for cost in found.world.costs if cost.project_id == name]
        for cost in costs:
            month = end_of_month(cost.month)
            yield cost.currency or project.currency, month, cost.planned
            yield cost.currency or project.currency, month, found.value.spent(cost)
        if not costs:
            yield (
                project.currency,
                project.forecast_finish or finish,
                project.budget if earned.eac is None else earned.eac,
            )


def _of_risks(found: Reckoning) -> Iterator[Use]:
    for risk in found.world.risks:
        loss = expected_loss(found, risk, Fraction(1))
        yield risk.currency, found.world.settings.as_of, loss.amount if loss else None
