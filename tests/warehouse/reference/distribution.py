"""How ratios are spread over a reference class (3.7)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from math import floor

ENOUGH = 5
"""Members without which a class says nothing."""


@dataclass(frozen=True)
class Spread:
    """The ratios of a class."""

    ratios: tuple[Fraction, ...]

    @property
    def n(self) -> int:
        return len(self.ratios)

    def at(self, share: Fraction) -> Fraction:
        """The quantile, by linear interpolation between members."""
        ordered, place = sorted(self.ratios), share * (self.n - 1)
        below = floor(place)
        above = min(below + 1, self.n - 1)
        return ordered[below] + (ordered[above] - ordered[below]) * (place - below)

    def percentile(self, percent: int) -> Fraction:
        return self.at(Fraction(percent, 100))


def settled(category: Sequence[Fraction], everyone: Sequence[Fraction]) -> tuple[str, Spread]:
    """A class, or all of them where it is too small, or 1; and which of these it is."""
    for basis, ratios in (("category", category), ("all", everyone)):
        if len(ratios) >= ENOUGH:
            return basis, Spread(tuple(ratios))
    return "none", Spread((Fraction(1),))
