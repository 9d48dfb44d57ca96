"""How much of it was the change: attributable improvement, the ladder, the grades (3.6)."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from fractions import Fraction

from tests.warehouse.reference.calendar import ordinal
from tests.warehouse.reference.claims import ClaimedPeriod, claimed_periods
from tests.warehouse.reference.counterfactual import Expected, Series, control, is_enough, trend
from tests.warehouse.reference.facts import Benefit, Kpi
from tests.warehouse.reference.realisation import BenefitPeriod, Realisation


@dataclass(frozen=True)
class Evidence:
    """One per benefit and KPI period."""

    period: BenefitPeriod
    counterfactual: Fraction | None
    used: str | None
    attributable: Fraction | None
    low: Fraction | None
    high: Fraction | None
    claim: ClaimedPeriod | None
    claimed: Fraction | None
    """On the scale of the KPI."""

    @property
    def grade(self) -> str | None:
        if self.period.figures["actual"] is None:
            return "D" if self.claim else None
        return {"control": "A", "trend": "B"}.get(self.used or "", "C")


def evidence_of(found: Realisation, benefit: Benefit) -> list[Evidence]:
    """The evidence for each of the benefit's periods, in order."""
    claims = claimed_periods(found.world, benefit)
    before, intervened_on = Before(found, benefit), found.deliveries[benefit.benefit_id].intervened_on
    rows = []
    for period in found.periods[benefit.benefit_id]:
        used, expected = None, None
        if intervened_on is not None and period.period_end >= intervened_on:
            used, expected = before.expected(period)
        claim = claims.get(period.period_start)
        rows.append(_evidence(found, period, used, expected, claim, benefit))
    return rows


def _evidence(
    found: Realisation,
    period: BenefitPeriod,
    used: str | None,
    expected: Expected | None,
    claim: ClaimedPeriod | None,
    benefit: Benefit,
) -> Evidence:
    plan = found.plans[benefit.benefit_id]
    attributable = low = high = None
    if plan and expected and period.actual_value is not None:
        attributable = plan.sign * (period.actual_value - expected.value)
        if expected.margin is not None:
            low, high = attributable - expected.margin, attributable + expected.margin
    return Evidence(
        period,
        counterfactual=expected.value if expected else None,
        used=used,
        attributable=attributable,
        low=low,
        high=high,
        claim=claim,
        claimed=claim.on_the_scale_of_the_kpi(benefit) if claim else None,
    )


class Before:
    """What the KPI of a benefit, and its control, were before the first output came."""

    def __init__(self, found: Realisation, benefit: Benefit) -> None:
        self.benefit = benefit
        self.kpi = found.world.kpis.get(benefit.kpi_id or "")
        self.intervened_on = found.deliveries[benefit.benefit_id].intervened_on
        self.pre: Series = {}
        self.control: Series = {}
        if self.kpi is None or self.intervened_on is None:
            return
        self.pre = _series(found, self.kpi, benefit.dimension, self.intervened_on)
        other = found.world.kpis.get(benefit.control_kpi_id or self.kpi.kpi_id)
        dimension = benefit.dimension if benefit.control_dimension is None else benefit.control_dimension
        is_itself = other == self.kpi and dimension == benefit.dimension
        if other and not is_itself and other.frequency == self.kpi.frequency:
            self.control = _series(found, other, dimension, None)

    def expected(self, period: BenefitPeriod) -> tuple[str, Expected | None]:
        """What is used for a period, and what it says would have been."""
        if self.kpi is None:
            raise AssertionError("a benefit with periods has a KPI")
        now = ordinal(period.period_start, self.kpi.frequency)
        if self.benefit.counterfactual == "trend" and is_enough(list(self.pre), self.kpi.frequency):
            extended = trend(self.pre, now)
            return ("trend", extended) if extended else ("expired", None)
        if self.benefit.counterfactual == "control" and now in self.control:
            paired = {x: value for x, value in self.pre.items() if x in self.control}
            if is_enough(list(paired), self.kpi.frequency):
                return "control", control(paired, {x: self.control[x] for x in paired}, self.control[now])
        reference = period.reference_value
        return "baseline", None if reference is None else Expected(reference, None)


def _series(found: Realisation, kpi: Kpi, dimension: str, until: date | None) -> Series:
    """The measured periods of a KPI and dimension that end before a day."""
    periods = found.measures.get((kpi.kpi_id, dimension), {}).values()
    return {
        ordinal(period.period_start, kpi.frequency): period.value
        for period in periods
        if period.value is not None and (until is None or period.period_end < until)
    }
