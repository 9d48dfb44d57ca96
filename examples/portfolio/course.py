"""What the example's measures did: the plan as outputs really allowed it, turned by each benefit's own course."""

from __future__ import annotations

import math
from collections.abc import Iterator
from datetime import date, timedelta
from itertools import pairwise

from examples.portfolio.model import Benefit, Measure
from examples.portfolio.timeline import Period, Timeline
from examples.portfolio.world import Plan, World

NOISE = 0.035
"""Largest deviation of a reading from its course, as a share of the full improvement: well within the tolerance."""
FINER_NOISE = 2.5
"""How much livelier readings are that are taken more often than the KPI is judged."""
LONG_AGO_NOISE = 2.5
"""How much livelier readings were before the one that became the baseline."""
ELSEWHERE_NOISE = 0.02
SAMPLES = 24
Knots = tuple[tuple[date, float], ...]


def places(measure: Measure, world: World) -> dict[str, Plan | float]:
    """Where a measure is read: with the plan of the benefit that moves it, or with its level where none does."""
    found: dict[str, Plan | float] = dict(measure.elsewhere)
    for plan in world.plans.values():
        if plan.benefit.measure == measure.id:
            found.setdefault(plan.benefit.place, plan)
    return found


def readings(measure: Measure, place: str, moved_by: Plan | float, world: World) -> Iterator[tuple[Period, float]]:
    """The measure's true readings at a place, the oldest first, rounded as its source rounds them."""
    chance = world.chance("reading", measure.id, place)
    luck = chance.uniform(0.98, 1.03)
    for number, period in world.periods(measure):
        noise = world.chance("noise", measure.id, place, number).uniform(-1, 1)
        if isinstance(moved_by, float):
            yield period, round(moved_by * (1 + ELSEWHERE_NOISE * noise), _decimals(moved_by / 2))
        elif _is_read(moved_by, period):
            yield period, _reading(measure, moved_by, period, luck, noise, world.timeline)


def _reading(measure: Measure, plan: Plan, period: Period, luck: float, noise: float, time: Timeline) -> float:
    days = [period.end] if measure.aggregation == "last" else _spread(period)
    value = sum(_course(plan, day, luck, time) for day in days) / len(days)
    span = _span(plan.benefit)
    scale = abs(value) if plan.benefit.baseline == 0 else span
    livelier = FINER_NOISE if measure.readings != measure.frequency else 1.0
    if period.end < plan.baseline_on - timedelta(days=62):
        livelier *= LONG_AGO_NOISE
    return round(value + NOISE * livelier * noise * scale, _decimals(span))


def _spread(period: Period) -> list[date]:
    count = min(SAMPLES, period.days)
    return [period.start + timedelta(days=period.days * number // count) for number in range(count)]


def _span(benefit: Benefit) -> float:
    """The size of the full improvement, in KPI units; a tenth of the level where none is planned."""
    baseline, goal = _level(benefit), benefit.goal
    aim = benefit.do_nothing if benefit.do_nothing is not None else baseline
    return abs(goal - aim) if goal is not None and goal != aim else abs(baseline) / 10


def _level(benefit: Benefit) -> float:
    kind, _, level = benefit.course.partition(":")
    if kind == "level":
        return float(level)
    return benefit.baseline if benefit.baseline is not None else (benefit.goal or 0.0) * 0.8


def _decimals(span: float) -> int:
    return max(0, math.ceil(-math.log10(span / 50)))


def _is_read(plan: Plan, period: Period) -> bool:
    """A measure that nobody reads any more was read for a year, until its benefit began."""
    if plan.benefit.course != "unread" or plan.start is None:
        return True
    return plan.start - timedelta(days=400) < period.start and period.end < plan.start


def _course(plan: Plan, day: date, luck: float, time: Timeline) -> float:
    """The measure on a day: the reference, and of the plan's improvement the part that came."""
    benefit, start, target = plan.benefit, plan.start, plan.target
    level = _level(benefit)
    if start is None or target is None or benefit.goal is None:
        return level
    if day < start:
        return level + benefit.drift * (start - day).days / 30.44
    reference = _reference(plan, day)
    if plan.delay_days is None:
        return reference
    shifted = _on_curve(_curve(plan, start, target, time), day - timedelta(days=plan.delay_days))
    return reference + _part(benefit, day, luck, time) * (shifted - reference) + _against(plan, day, start)


def _part(benefit: Benefit, day: date, luck: float, time: Timeline) -> float:
    """Which part of the plan's improvement came about."""
    kind, _, rest = benefit.course.partition(":")
    if kind == "share":
        return float(rest)
    if kind == "worse":
        return 0.0
    if kind == "erode":
        month, _, floor = rest.partition(":")
        lost = (day - time.last(int(month))).days / (time.last(0) - time.last(int(month))).days
        return luck + (float(floor) - luck) * min(1.0, max(0.0, lost))
    return luck


def _against(plan: Plan, day: date, start: date) -> float:
    """How far a measure moved away from its target: in four months to where its course says, then no further."""
    kind, _, rest = plan.benefit.course.partition(":")
    if kind != "worse" or plan.benefit.goal is None:
        return 0.0
    away = float(rest) * min(1.0, (day - start).days / 120)
    return -away * (plan.benefit.goal - _level(plan.benefit))


def _reference(plan: Plan, day: date) -> float:
    """Section 3.2: what would be without the change."""
    level, end = _level(plan.benefit), plan.benefit.do_nothing
    if end is None or plan.start is None or plan.target is None:
        return level
    return _on_curve(((plan.start, level), (plan.target, end)), day)


def _curve(plan: Plan, start: date, target: date, time: Timeline) -> Knots:
    benefit = plan.benefit
    begin = (start, _level(benefit))
    if benefit.profile:
        return (begin, *((time.last(month), value) for month, value in benefit.profile))
    return (begin, (target, benefit.goal or 0.0))


def _on_curve(knots: Knots, day: date) -> float:
    """Linear between knots, level before the first and after the last."""
    if day <= knots[0][0]:
        return knots[0][1]
    for (left, low), (right, high) in pairwise(knots):
        if day <= right:
            return low + (high - low) * (day - left).days / (right - left).days
    return knots[-1][1]
