"""What is still to come (3.7): reference classes, the ratio of each benefit, and what it will have brought by its end."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import timedelta
from fractions import Fraction
from functools import cache

from tests.warehouse.reference.realisation import BenefitPeriod, Realisation
from tests.warehouse.reference.world import Benefit

LEAST_MEMBERS = 5
LATEST = 3
WEIGHT = 3
QUANTILES = (Fraction(1, 10), Fraction(1, 2), Fraction(9, 10))

Fan = tuple[Fraction, Fraction, Fraction]
"""P10, P50 and P90."""


@dataclass(frozen=True)
class Ratio:
    """What part of its rephased plan a benefit is expected to bring, and what its class says it rests on."""

    fan: Fan
    basis: str


@dataclass(frozen=True)
class Outlook:
    """One KPI period of a benefit: what was measured, or the part of the rephased plan that is expected instead."""

    period: BenefitPeriod
    kind: str
    figure: str
    factor: Fraction

    @property
    def improvement(self) -> Fraction:
        return (self.period.figures[self.figure] or Fraction(0)) * self.factor


@dataclass(frozen=True)
class Completion:
    """What a benefit will have brought by its end."""

    forecast: Fraction
    rephased: Fraction
    amount: Fraction | None
    reporting: Fraction | None
    rephased_reporting: Fraction | None
    to_come: Fraction | None
    unmeasured_share: Fraction | None


class Forecast:
    """Ratios and completions of one world."""

    def __init__(self, found: Realisation) -> None:
        self.found = found
        self.matured = {name: self._matured(benefit) for name, benefit in self._curved()}
        self.ratios = {name: self._ratio(benefit) for name, benefit in self._curved()}
        self.completions = {name: self._completion(benefit) for name, benefit in self._curved()}

    def _curved(self) -> Iterable[tuple[str, Benefit]]:
        plans = self.found.plans
        return [(name, benefit) for name, benefit in self.found.world.benefits.items() if plans[name] is not None]

    def _matured(self, benefit: Benefit) -> Fraction | None:
        """Actual ÷ rephased improvement of the period that the delayed plan was due in."""
        if benefit.target_date is None:
            return None
        due = benefit.target_date + timedelta(days=self.found.deliveries[benefit.benefit_id].delay_days or 0)
        for period, actual, rephased in self._telling(benefit):
            if period.period_start <= due <= period.period_end:
                return actual / rephased
        return None

    def _telling(self, benefit: Benefit) -> list[tuple[BenefitPeriod, Fraction, Fraction]]:
        """The measured periods with something to expect, in order, with what came and what was to be expected."""
        return [
            (period, actual, rephased)
            for period in self.found.periods[benefit.benefit_id]
            if (actual := period.figures["actual"]) is not None
            and (rephased := period.figures["rephased"]) is not None
            and rephased > 0
        ]

    def _class(self, benefit: Benefit) -> tuple[Fan, str]:
        alike: list[Callable[[Benefit], bool]] = [
            lambda other: (other.kind, other.category) == (benefit.kind, benefit.category),
            lambda other: other.kind == benefit.kind,
        ]
        for basis, is_alike in zip(("category", "all"), alike, strict=True):
            others = [self.matured[name] for name, other in self._curved() if is_alike(other)]
            members = [ratio for ratio in others if ratio is not None]
            if len(members) >= LEAST_MEMBERS:
                low, middle, high = (quantile(members, fraction) for fraction in QUANTILES)
                return (low, middle, high), basis
        return (Fraction(1), Fraction(1), Fraction(1)), "none"

    def _ratio(self, benefit: Benefit) -> Ratio:
        last = self._telling(benefit)[-LATEST:]
        came = sum((actual for _, actual, _ in last), Fraction(0))
        due = sum((rephased for _, _, rephased in last), Fraction(0))
        own = min(Fraction(2), max(Fraction(0), came / due)) if last else Fraction(0)
        known, basis = self._class(benefit)
        low, middle, high = ((len(last) * own + WEIGHT * part) / (len(last) + WEIGHT) for part in known)
        return Ratio((low, middle, high), basis)

    def _outlook(self, benefit: Benefit) -> list[Outlook]:
        ratio = self.ratios[benefit.benefit_id].fan[1]
        rows = []
        for period in self.found.whole_life(benefit):
            is_past = period.period_end <= self.found.world.settings.as_of
            actual, rephased = period.figures["actual"], period.figures["rephased"]
            if is_past and actual is not None:
                rows.append(Outlook(period, "measured", "actual", Fraction(1)))
            elif rephased is not None:
                kind = "imputed" if is_past else "forecast"
                rows.append(Outlook(period, kind, "rephased", ratio))
        return rows

    def _completion(self, benefit: Benefit) -> Completion | None:
        rows = self._outlook(benefit)
        if not rows:
            return None
        past = [row for row in rows if row.kind != "forecast"]
        amounts = [_times(row.period.amounts[row.figure], row.factor) for row in rows]
        unmeasured = sum(row.kind == "imputed" for row in past)
        return Completion(
            forecast=sum((row.improvement for row in rows), Fraction(0)),
            rephased=sum((row.period.figures["rephased"] or Fraction(0) for row in rows), Fraction(0)),
            amount=sum((amount for amount in amounts if amount is not None), Fraction(0))
            if any(amount is not None for amount in amounts)
            else None,
            reporting=_total((row.period, row.figure, row.factor) for row in rows),
            rephased_reporting=_total((row.period, "rephased", Fraction(1)) for row in rows),
            to_come=_total((row.period, row.figure, row.factor) for row in rows if row.kind == "forecast"),
            unmeasured_share=Fraction(unmeasured, len(past)) if past else None,
        )


@cache
def forecast_of(found: Realisation) -> Forecast:
    """The forecast of a world, worked out once."""
    return Forecast(found)


def quantile(values: Iterable[Fraction], fraction: Fraction) -> Fraction:
    """The continuous quantile: linear between the two values nearest to its place."""
    ordered = sorted(values)
    place = fraction * (len(ordered) - 1)
    low = int(place)
    high = min(low + 1, len(ordered) - 1)
    return ordered[low] + (place - low) * (ordered[high] - ordered[low])


def _total(parts: Iterable[tuple[BenefitPeriod, str, Fraction]]) -> Fraction | None:
    """The sum in the reporting currency; null where there is none, or a part that is not nothing has no rate."""
    total: Fraction | None = None
    for period, figure, factor in parts:
        amount, reporting = _times(period.amounts[figure], factor), _times(period.reporting[figure], factor)
        if amount is None:
            continue
        if amount != 0 and reporting is None:
            return None
        total = (total or Fraction(0)) + (reporting if amount != 0 and reporting is not None else 0)
    return total


def _times(left: Fraction | None, right: Fraction) -> Fraction | None:
    return None if left is None else left * right
