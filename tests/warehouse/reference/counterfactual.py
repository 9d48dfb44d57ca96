"""What the change would have been anyway: a trend or a control over what was before it (3.6)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from itertools import pairwise
from math import sqrt
from statistics import mean

from scipy.stats import t as student

from tests.warehouse.reference.bounds import EPSILON

SPANS = {"day": 365, "week": 52, "month": 12, "quarter": 4, "year": 1}
Series = Mapping[int, Fraction]
"""Values by the ordinal of their period."""


@dataclass(frozen=True)
class Expected:
    """A value, and how far it may be off at 95 %; null where that is not known."""

    value: Fraction
    margin: Fraction | None


def is_enough(ordinals: Sequence[int], frequency: str) -> bool:
    """At least 12 periods over at least a year; of years 6."""
    if frequency == "year":
        return len(ordinals) >= 6
    return len(ordinals) >= 12 and max(ordinals) - min(ordinals) + 1 >= SPANS[frequency]


def trend(before: Series, now: int) -> Expected | None:
    """Least squares over the pre-periods, extended; null where that is further than they reach themselves."""
    first, last, n = min(before), max(before), len(before)
    if now > last + (last - first):
        return None
    middle, level = Fraction(mean(before)), Fraction(mean(before.values()))
    spread = sum(((x - middle) ** 2 for x in before), Fraction(0))
    slope = sum(((x - middle) * (y - level) for x, y in before.items()), Fraction(0)) / spread
    residuals = [before[x] - level - slope * (x - middle) for x in sorted(before)]
    variance = _squares(residuals) / (n - 2) * (1 + Fraction(1, n) + (now - middle) ** 2 / spread)
    return Expected(level + slope * (now - middle), _margin(variance, residuals, before, n - 2))


def control(before: Series, beside: Series, now: Fraction) -> Expected:
    """The mean of the pre-periods, moved as the control has moved; `before` and `beside` hold the same periods."""
    n = len(before)
    level, beside_level = Fraction(mean(before.values())), Fraction(mean(beside.values()))
    differences = [before[x] - beside[x] for x in sorted(before)]
    residuals = [difference - (level - beside_level) for difference in differences]
    variance = _squares(residuals) / (n - 1) * (1 + Fraction(1, n))
    return Expected(level + now - beside_level, _margin(variance, residuals, before, n - 1))


def _margin(variance: Fraction, residuals: Sequence[Fraction], before: Series, freedom: int) -> Fraction:
    rho = float(_autocorrelation(residuals, before))
    return Fraction(student.ppf(0.975, freedom) * sqrt(variance) * sqrt((1 + rho) / (1 - rho)))


def _autocorrelation(residuals: Sequence[Fraction], before: Series) -> Fraction:
    """Of each residual with the one before, held to [0, 0.95]; 0 where nothing but noise is left."""
    noise = EPSILON * max(abs(value) for value in before.values())
    if all(abs(residual) <= noise for residual in residuals):
        return Fraction(0)
    rho = sum((e * f for e, f in pairwise(residuals)), Fraction(0)) / _squares(residuals)
    return min(max(rho, Fraction(0)), Fraction(95, 100))


def _squares(residuals: Sequence[Fraction]) -> Fraction:
    return sum((residual**2 for residual in residuals), Fraction(0))
