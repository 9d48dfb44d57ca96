"""Claims before, after, without and beyond what was measured (3.8, realisation)."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta
from fractions import Fraction

from tests.warehouse.reference.bounds import is_above_zero, more_than
from tests.warehouse.reference.claims import ClaimedPeriod, claimed_periods
from tests.warehouse.reference.evidence import Evidence
from tests.warehouse.reference.facts import Benefit
from tests.warehouse.reference.gaps.gap import Rules, of_benefits
from tests.warehouse.reference.money import Money, total
from tests.warehouse.reference.plan import last_day
from tests.warehouse.reference.reckoning import Reckoning


def _claims(found: Reckoning, benefit: Benefit) -> list[ClaimedPeriod]:
    return list(claimed_periods(found.world, benefit).values())


def _claimed_before_delivery(found: Reckoning, benefit: Benefit) -> bool:
    claims, came = _claims(found, benefit), found.deliveries[benefit.benefit_id].intervened_on
    if not found.upstream(benefit.benefit_id):
        return False
    if came is None:
        return bool(claims)
    return any(claim.period_end is not None and claim.period_end < came for claim in claims)


def _claim_without_evidence(found: Reckoning, benefit: Benefit) -> bool:
    kpi = found.world.kpis.get(benefit.kpi_id or "")
    measured = {period.period_start for period in found.measured(benefit)}
    return kpi is not None and any(
        claim.period_end is not None
        and claim.period_end + timedelta(days=kpi.grace_days) < found.world.settings.as_of
        and claim.period_start not in measured
        for claim in _claims(found, benefit)
    )


def _claim_after_end(found: Reckoning, benefit: Benefit) -> bool:
    end = last_day(benefit)
    return end is not None and any(claim.period_start > end for claim in _claims(found, benefit))


@dataclass(frozen=True)
class Excess:
    """A period in which more is claimed than its readings bear out; in KPI units, the benefit's own part of them."""

    row: Evidence
    beyond: Fraction


def _excesses(found: Reckoning, benefit: Benefit) -> Iterator[Excess]:
    plan = found.plans[benefit.benefit_id]
    for row in found.evidence[benefit.benefit_id]:
        actual, claimed = row.period.figures["actual"], row.claim.own if row.claim else None
        if plan is None or actual is None or claimed is None:
            continue
        known = [improvement for improvement in (actual, row.attributable) if improvement is not None]
        bounds = [benefit.kpi_share * (max(Fraction(0), *known) + plan.slack)]
        if row.high is not None:
            bounds.append(benefit.kpi_share * max(Fraction(0), row.high))
        if any(more_than(claimed, bound, row.period.scale * benefit.kpi_share) for bound in bounds):
            yield Excess(row, claimed - min(bounds))


def claimed_in_excess(found: Reckoning, benefit: Benefit) -> Fraction | None:
    """What is claimed beyond what can be borne out, over all periods."""
    unit_value = benefit.unit_value
    if unit_value is None:
        return None
    return total(Money(one.beyond * unit_value, one.row.period.rate) for one in _excesses(found, benefit))


def _not_distinguishable(found: Reckoning, benefit: Benefit) -> bool:
    graded = [row for row in found.evidence[benefit.benefit_id] if row.grade in ("A", "B")]
    if not graded:
        return False
    latest, scale = graded[-1], graded[-1].period.scale
    actual, low = latest.period.figures["actual"], latest.low
    if actual is None or low is None:
        raise AssertionError("a period graded A or B is measured and has an interval")
    return is_above_zero(actual, scale) and not is_above_zero(low, scale)


LIVE: Rules = of_benefits(
    {
        "CLAIMED_BEFORE_DELIVERY": _claimed_before_delivery,
        "CLAIM_WITHOUT_EVIDENCE": _claim_without_evidence,
        "OVERCLAIMED": lambda found, benefit: any(_excesses(found, benefit)),
        "NOT_DISTINGUISHABLE": _not_distinguishable,
    }
)
WHENEVER: Rules = of_benefits({"CLAIM_AFTER_END": _claim_after_end})
"""Asked of ended and verified benefits too."""
