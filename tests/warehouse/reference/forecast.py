"""What is still to be expected, by what came of plans so far (3.7)."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import timedelta
from fractions import Fraction

from tests.warehouse.reference.bounds import is_above_zero, more_than
from tests.warehouse.reference.distribution import Spread, settled
from tests.warehouse.reference.facts import Benefit
from tests.warehouse.reference.money import Money, total
from tests.warehouse.reference.realisation import BenefitPeriod, Realisation

Class = tuple[str, str | None]
"""Kind and category; benefits without a category are a class of their own."""


@dataclass(frozen=True)
class Ratios:
    """What part of its rephased improvement a benefit may be expected to bring."""

    basis: str
    own: Fraction | None
    own_periods: int
    p10: Fraction
    p50: Fraction
    p90: Fraction


@dataclass(frozen=True)
class Outlook:
    """One per period of a benefit's whole life."""

    period: BenefitPeriod
    state: str
    rephased: Fraction
    p10: Fraction
    p50: Fraction
    p90: Fraction


@dataclass(frozen=True)
class Completion:
    """What a benefit will have brought by its end; all of it null without a curve, money also without a unit value."""

    forecast: Fraction | None = None
    rephased: Fraction | None = None
    forecast_amount: Fraction | None = None
    rephased_amount: Fraction | None = None
    forecast_reporting: Fraction | None = None
    rephased_reporting: Fraction | None = None
    realised_reporting: Fraction | None = None
    """Null where nothing was measured."""
    to_come_reporting: Fraction | None = None
    """Null where nothing is to come."""
    past_periods: int = 0
    unmeasured_periods: int = 0

    @property
    def unmeasured_share(self) -> Fraction | None:
        return Fraction(self.unmeasured_periods, self.past_periods) if self.past_periods else None


class Forecast:
    """Everything of 3.7 about benefits by themselves."""

    def __init__(self, found: Realisation) -> None:
        self.found = found
        self.members = self._members()
        benefits = found.world.benefits.values()
        self.ratios = {b.benefit_id: self._ratios(b) for b in benefits if found.plans[b.benefit_id]}
        self.outlooks = {benefit.benefit_id: self._outlook(benefit) for benefit in benefits}
        self.completions = {benefit.benefit_id: self._completion(benefit) for benefit in benefits}

    def classes(self) -> set[Class]:
        return {(benefit.kind, benefit.category) for benefit in self.found.world.benefits.values()}

    def settled(self, kind: str, category: str | None) -> tuple[str, Spread]:
        """The ratios by which a class is forecast, and whose they are."""
        return settled(self.members.get((kind, category), []), self.of_kind(kind))

    def of_kind(self, kind: str) -> list[Fraction]:
        """The ratios of all categories."""
        return [ratio for (k, _), ratios in self.members.items() if k == kind for ratio in ratios]

    def _members(self) -> dict[Class, list[Fraction]]:
        members: dict[Class, list[Fraction]] = {}
        for benefit in self.found.world.benefits.values():
            ratio = self._matured(benefit)
            if ratio is not None:
                members.setdefault((benefit.kind, benefit.category), []).append(ratio)
        return members

    def _matured(self, benefit: Benefit) -> Fraction | None:
        """Actual over rephased improvement in the period in which all of it was due."""
        if benefit.target_date is None:
            return None
        due = benefit.target_date + timedelta(days=self.found.deliveries[benefit.benefit_id].delay_days or 0)
        for period in self._comparable(benefit):
            if period.period_start <= due <= period.period_end:
                return _sum_of("actual", [period]) / _sum_of("rephased", [period])
        return None

    def _comparable(self, benefit: Benefit) -> list[BenefitPeriod]:
        """The measured periods for which something was due."""
        return [
            period
            for period in self.found.measured_periods(benefit)
            if period.figures["rephased"] is not None and is_above_zero(period.figures["rephased"], period.scale)
        ]

    def _ratios(self, benefit: Benefit) -> Ratios:
        basis, spread = self.settled(benefit.kind, benefit.category)
        last, own = self._comparable(benefit)[-3:], None
        if last:
            own = _sum_of("actual", last) / _sum_of("rephased", last)
            own = min(max(own, Fraction(0)), Fraction(2))

        def shrunk(percent: int) -> Fraction:
            return (len(last) * (own or 0) + 3 * spread.percentile(percent)) / (len(last) + 3)

        return Ratios(basis, own, len(last), shrunk(10), shrunk(50), shrunk(90))

    def _outlook(self, benefit: Benefit) -> list[Outlook]:
        rows, ratios, as_of = [], self.ratios.get(benefit.benefit_id), self.found.world.settings.as_of
        for period in self.found.whole_life(benefit):
            rephased, actual = period.figures["rephased"], period.figures["actual"]
            if rephased is None or ratios is None:
                continue
            if actual is not None:
                actual = actual if more_than(abs(actual), Fraction(0), period.scale) else Fraction(0)
                rows.append(Outlook(period, "measured", rephased, actual, actual, actual))
            else:
                state = "imputed" if period.period_end <= as_of else "forecast"
                fan = (rephased * ratio for ratio in (ratios.p10, ratios.p50, ratios.p90))
                rows.append(Outlook(period, state, rephased, *fan))
        return rows

    def _completion(self, benefit: Benefit) -> Completion:
        rows = self.outlooks[benefit.benefit_id]
        if not rows:
            return Completion()
        past = [row for row in rows if row.state != "forecast"]
        forecast = [row.period.worth(row.p50) for row in rows]
        rephased = [row.period.worth(row.rephased) for row in rows]
        realised = [row.period.worth(row.p50) for row in rows if row.state == "measured"]
        to_come = [row.period.worth(row.p50) for row in rows if row.state == "forecast"]
        is_money = benefit.unit_value is not None
        return Completion(
            forecast=sum((row.p50 for row in rows), Fraction(0)),
            rephased=sum((row.rephased for row in rows), Fraction(0)),
            forecast_amount=_own_currency(forecast) if is_money else None,
            rephased_amount=_own_currency(rephased) if is_money else None,
            forecast_reporting=total(forecast) if is_money else None,
            rephased_reporting=total(rephased) if is_money else None,
            realised_reporting=total(realised) if is_money and realised else None,
            to_come_reporting=total(to_come) if is_money and to_come else None,
            past_periods=len(past),
            unmeasured_periods=sum(row.state == "imputed" for row in past),
        )


def _sum_of(name: str, periods: Iterable[BenefitPeriod]) -> Fraction:
    return sum((period.figures[name] or Fraction(0) for period in periods), Fraction(0))


def _own_currency(parts: Iterable[Money | None]) -> Fraction:
    return sum((part.amount for part in parts if part is not None), Fraction(0))
