"""What people have claimed, by KPI period (3.6)."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from fractions import Fraction

from tests.warehouse.reference.calendar import end_of_period, start_of_period
from tests.warehouse.reference.facts import Benefit, Claim, World


@dataclass(frozen=True)
class ClaimedPeriod:
    """One per benefit and KPI period with a claim; without a KPI one per claim, whose end is not known."""

    period_start: date
    period_end: date | None
    own: Fraction | None
    """KPI units, this benefit's own part of them; null where no claim can be told in them."""
    amount: Fraction | None

    def on_the_scale_of_the_kpi(self, benefit: Benefit) -> Fraction | None:
        """What the whole KPI would have improved by, were the claim true."""
        return self.own / benefit.kpi_share if self.own is not None and benefit.kpi_share else None


def claimed_periods(world: World, benefit: Benefit) -> dict[date, ClaimedPeriod]:
    """The benefit's claims made by `as_of`, by the first day of their KPI period."""
    claims: dict[date, list[Claim]] = {}
    ends: dict[date, date | None] = {}
    for claim in world.claims:
        if claim.benefit_id != benefit.benefit_id:
            continue
        start, end = _period(world, benefit, claim)
        if (claim.claimed_on or end or start) <= world.settings.as_of:
            claims.setdefault(start, []).append(claim)
            ends[start] = end
    return {
        start: ClaimedPeriod(
            start,
            ends[start],
            own=_sum([_own(benefit, claim) for claim in made]),
            amount=_sum([claim.amount for claim in made]),
        )
        for start, made in claims.items()
    }


def _period(world: World, benefit: Benefit, claim: Claim) -> tuple[date, date | None]:
    kpi = world.kpis.get(benefit.kpi_id or "")
    if kpi is None:
        return claim.day, None
    start = start_of_period(claim.day, kpi.frequency, world.settings.fiscal_year_start)
    return start, end_of_period(start, kpi.frequency)


def _own(benefit: Benefit, claim: Claim) -> Fraction | None:
    if claim.improvement is not None:
        return claim.improvement
    return claim.amount / benefit.unit_value if claim.amount is not None and benefit.unit_value else None


def _sum(parts: list[Fraction | None]) -> Fraction | None:
    """Of what is known; null where nothing is."""
    known = [part for part in parts if part is not None]
    return sum(known, Fraction(0)) if known else None
