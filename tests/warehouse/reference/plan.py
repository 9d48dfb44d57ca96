"""What was planned, and what would be without the change (3.2)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from fractions import Fraction
from itertools import pairwise

from tests.warehouse.reference.bounds import more_than
from tests.warehouse.reference.calendar import add_months
from tests.warehouse.reference.facts import Benefit, Point


@dataclass(frozen=True)
class Curve:
    """`before` up to the first knot, straight lines between knots, the last knot's value from there on."""

    before: Fraction
    knots: tuple[tuple[date, Fraction], ...]

    def at(self, day: Fraction) -> Fraction:
        """The value at a point in time: whole numbers are the beginnings of days (`date.toordinal`)."""
        value = self.before
        for index, (knot, level) in enumerate(self.knots):
            if day < knot.toordinal():
                if index:
                    earlier, start = self.knots[index - 1]
                    share = (day - earlier.toordinal()) / Fraction((knot - earlier).days)
                    value = start + (level - start) * share
                return value
            value = level
        return value

    def mean(self, first: date, last: date) -> Fraction:
        """The exact integral from the beginning of `first` to the end of `last`, by the days between."""
        begin, end = first.toordinal(), last.toordinal() + 1
        inner = [knot.toordinal() for knot, _ in self.knots if begin < knot.toordinal() < end]
        marks = [begin, *inner, end]
        pieces = (self.at(Fraction(a + b, 2)) * (b - a) for a, b in pairwise(marks))
        return sum(pieces, Fraction(0)) / (end - begin)

    def over(self, first: date, last: date, aggregation: str) -> Fraction:
        """The curve's figure for a period: its mean for `mean` and `sum`, else its value on the last day."""
        if aggregation in ("mean", "sum"):
            return self.mean(first, last)
        return self.at(Fraction(last.toordinal()))

    def shifted(self, days: int) -> Curve:
        """The same curve so many days later."""
        return Curve(self.before, tuple((knot + timedelta(days=days), level) for knot, level in self.knots))


@dataclass(frozen=True)
class Plan:
    """A benefit's curve; only where s is not 0 and no part is missing."""

    sign: int
    full_improvement: Fraction
    slack: Fraction
    curve: Curve
    reference: Curve

    @property
    def ramp_end(self) -> date:
        return self.curve.knots[-1][0]


def improvement_sign(benefit: Benefit) -> int | None:
    """s: the direction of the improvement; null where a part is missing."""
    parts = _parts(benefit)
    if parts is None:
        return None
    _, target, without, _, _ = parts
    return more_than(target, without) - more_than(without, target)


def _parts(benefit: Benefit) -> tuple[Fraction, Fraction, Fraction, date, date] | None:
    """Baseline, target, what would be at the target date without the change, start and target date."""
    baseline, target, start, finish = (
        benefit.baseline_value,
        benefit.target_value,
        benefit.start_date,
        benefit.target_date,
    )
    if baseline is None or target is None or start is None or finish is None:
        return None
    without = baseline if benefit.do_nothing_value is None else benefit.do_nothing_value
    return baseline, target, without, start, finish


def plan_of(benefit: Benefit, points: Sequence[Point]) -> Plan | None:
    """The plan with its profile points, in order of date; null where there is no curve."""
    sign, parts = improvement_sign(benefit), _parts(benefit)
    if not sign or parts is None:
        return None
    baseline, target, without, start, finish = parts
    if not points:
        knots = _ramp(start, baseline, finish, target)
    elif points[0][0] <= start:
        knots = tuple(points)
    else:
        knots = ((start, baseline), *points)
    full = sign * (target - without)
    return Plan(
        sign=sign,
        full_improvement=full,
        slack=benefit.tolerance * full,
        curve=Curve(baseline, knots),
        reference=Curve(baseline, _ramp(start, baseline, finish, without)),
    )


def _ramp(start: date, low: Fraction, finish: date, high: Fraction) -> tuple[tuple[date, Fraction], ...]:
    if finish <= start:
        return ((finish, high),)
    return ((start, low), (finish, high))


def last_day(benefit: Benefit) -> date | None:
    """The end of a benefit: `end_date`, else the day before the tenth anniversary of `start_date`."""
    if benefit.end_date is not None:
        return benefit.end_date
    if benefit.start_date is None:
        return None
    return add_months(benefit.start_date, 120) - timedelta(days=1)
