"""Money over time: present values and payback (3.7)."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from fractions import Fraction

from tests.warehouse.reference.bounds import EPSILON
from tests.warehouse.reference.money import whole
from tests.warehouse.reference.realisation import ratio

BANDS = ((0, 0.035), (30, 0.03), (75, 0.025))
"""The Green Book: from which year on which rate."""


@dataclass(frozen=True)
class Flow:
    """Money on a day, in the reporting currency; null where it cannot be converted."""

    day: date
    amount: Fraction | None


@dataclass(frozen=True)
class Balance:
    """What is spent and what comes of it, on one basis; costs are null where they are not known."""

    costs: list[Flow] | None
    benefits: list[Flow]

    @property
    def days(self) -> list[date]:
        return [flow.day for flow in [*(self.costs or []), *self.benefits]]

    @property
    def cost(self) -> Fraction | None:
        return None if self.costs is None else whole(flow.amount for flow in self.costs)

    @property
    def benefit(self) -> Fraction | None:
        return whole(flow.amount for flow in self.benefits)

    def npv(self, base: date | None) -> Fraction | None:
        gained, spent = self._present(base)
        return None if gained is None or spent is None else gained - spent

    def bcr(self, base: date | None) -> Fraction | None:
        return ratio(*self._present(base))

    def roi(self, base: date | None) -> Fraction | None:
        return ratio(self.npv(base), self._present(base)[1])

    def is_npv_beyond_noise(self, base: date | None) -> bool:
        """Whether the net present value differs from 0 by more than the noise of what it is a difference of."""
        gained, spent = self._present(base)
        if gained is None or spent is None:
            return False
        return abs(gained - spent) > EPSILON * max(abs(gained), abs(spent))

    def payback_date(self) -> date | None:
        """The first day on which all that came makes up for all that was spent, after a day on which it did not."""
        if self.costs is None or self.cost is None or self.benefit is None:
            return None
        signed: list[tuple[date, Fraction]] = [(f.day, f.amount or Fraction(0)) for f in self.benefits]
        signed += [(f.day, -(f.amount or Fraction(0))) for f in self.costs]
        balance, moved, was_negative = Fraction(0), Fraction(0), False
        for day in sorted({day for day, _ in signed}):
            today = [amount for when, amount in signed if when == day]
            balance += sum(today, Fraction(0))
            moved += sum((abs(amount) for amount in today), Fraction(0))
            if balance < -EPSILON * moved:
                was_negative = True
            elif was_negative:
                return day
        return None

    def _present(self, base: date | None) -> tuple[Fraction | None, Fraction | None]:
        if base is None or self.costs is None:
            return None, None
        return present(self.benefits, base), present(self.costs, base)


def present(flows: Iterable[Flow], base: date) -> Fraction | None:
    """The flows discounted to a day; null where one cannot be converted."""
    return whole(None if flow.amount is None else flow.amount * factor(base, flow.day) for flow in flows)


def factor(base: date, day: date) -> Fraction:
    """What 1 on a day is worth on the base date: each band's rate for the years that lie in it.

    What came before the base date grows at the first band's rate.
    """
    years, grown = (day - base).days / 365.25, 1.0
    ends = [start for start, _ in BANDS[1:]] + [float("inf")]
    for (start, rate), end in zip(BANDS, ends, strict=True):
        if start == 0 or years > start:
            grown *= (1 + rate) ** (min(years, end) - start)
    return Fraction(1 / grown)
