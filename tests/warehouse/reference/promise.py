"""What was promised: the benefit as known when it was approved (3.7)."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, time
from fractions import Fraction

from tests.warehouse.reference.calendar import end_of_period
from tests.warehouse.reference.facts import Benefit, Point, World
from tests.warehouse.reference.money import Money
from tests.warehouse.reference.plan import last_day, plan_of
from tests.warehouse.reference.realisation import Realisation, price_of


@dataclass(frozen=True)
class PromisedPeriod:
    """One per period of the benefit's whole life as it was promised."""

    period_start: date
    period_end: date
    currency: str
    money: Money | None
    """Null without a unit value."""


def promised(world: World, benefit: Benefit) -> tuple[Benefit, list[Point]]:
    """The benefit and its profile as they stood on `approved_date`, else as they first came.

    A version without a figure of the plan promises nothing, where there is another.
    """
    every = world.versions.get(benefit.benefit_id)
    if not every:
        return benefit, world.profiles.get(benefit.benefit_id, [])
    versions = [version for version in every if _promises_something(version.benefit)] or every
    approved = benefit.approved_date
    known = [version for version in versions if approved is not None and version.placed_at.date() <= approved]
    version = known[-1] if known else versions[0]
    moment = datetime.combine(approved, time.max) if known and approved is not None else version.placed_at
    return version.benefit, _points_at(world, benefit.benefit_id, moment)


def _promises_something(benefit: Benefit) -> bool:
    figures = (benefit.kpi_id, benefit.baseline_value, benefit.target_value, benefit.target_date, benefit.start_date)
    return any(figure is not None for figure in (*figures, benefit.unit_value))


def _points_at(world: World, benefit_id: str, moment: datetime) -> list[Point]:
    """The profile as it stood at a moment, or when its first points came, if that was later."""
    versions = world.point_versions.get(benefit_id, [])
    if not versions:
        return []
    latest = max(moment, versions[0].placed_at)
    return sorted({version.day: version.value for version in versions if version.placed_at <= latest}.items())


def promised_periods(found: Realisation, benefit: Benefit) -> list[PromisedPeriod]:
    """The planned improvements of the promise in money; none where it had no curve."""
    promise, points = promised(found.world, benefit)
    plan, kpi, end = plan_of(promise, points), found.world.kpis.get(promise.kpi_id or ""), last_day(promise)
    if plan is None or kpi is None or end is None or promise.start_date is None:
        return []
    rows = []
    for start in found.starts(kpi, promise.start_date, end):
        finish = end_of_period(start, kpi.frequency)
        planned, reference = (curve.over(start, finish, kpi.aggregation) for curve in (plan.curve, plan.reference))
        price, rate = price_of(promise, start, finish, end), found.rate(promise.currency, finish)
        money = None if price is None else Money(plan.sign * (planned - reference) * Fraction(price), rate)
        rows.append(PromisedPeriod(start, finish, promise.currency, money))
    return rows
