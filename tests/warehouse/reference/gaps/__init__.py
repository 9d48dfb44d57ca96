"""The gap catalogue (3.8)."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from fractions import Fraction

from tests.warehouse.reference.facts import Benefit
from tests.warehouse.reference.gaps import claims, definition, delivery, forecast, linkage, measurement, realisation
from tests.warehouse.reference.gaps.gap import Gap, Rules, has_ended, is_live, is_solely_cancelled
from tests.warehouse.reference.gaps.resources import missing_rates, overloaded_roles
from tests.warehouse.reference.measures import mismatched_kpis
from tests.warehouse.reference.reckoning import Reckoning

__all__ = ["Gap", "is_live", "open_gaps"]

LIVE: Rules = {
    **definition.LIVE,
    **linkage.LIVE,
    **delivery.LIVE,
    **measurement.LIVE,
    **realisation.LIVE,
    **claims.LIVE,
    **forecast.LIVE,
}
STANDING: Rules = {**measurement.STANDING, **realisation.STANDING}
"""Asked of live and of verified benefits."""

AMOUNTS: dict[str, Callable[[Reckoning, Benefit], Fraction | None]] = {
    "BEHIND_PROFILE": realisation.amount_behind,
    "DELIVERED_NOT_REALISED": realisation.amount_behind,
    "MOVED_AWAY": realisation.amount_behind,
    "ERODING": realisation.amount_behind,
    "OVERCLAIMED": claims.claimed_in_excess,
    "FORECAST_SHORTFALL": forecast.shortfall,
    "BENEFIT_SLIPPED": forecast.lost_to_delay,
    **dict.fromkeys(definition.LIVE, forecast.to_come),
    **dict.fromkeys(linkage.LIVE, forecast.to_come),
    **dict.fromkeys(("OVER_ATTRIBUTED", "DOUBLE_COUNTED", "DEPENDENCY_CYCLE"), forecast.to_come),
    **dict.fromkeys(measurement.LIVE, forecast.to_come),
    **dict.fromkeys(measurement.STANDING, forecast.to_come),
}
"""What is at stake for a benefit, by code."""


def open_gaps(found: Reckoning) -> list[Gap]:
    """Every open gap, in no order."""
    gaps = [
        *_benefit_gaps(found),
        *linkage.linkage_gaps(found),
        *delivery.delivery_gaps(found.world),
        *(Gap("UNIT_MISMATCH", "kpi", kpi_id) for kpi_id in mismatched_kpis(found.world)),
        *forecast.eroded_projects(found),
        *overloaded_roles(found),
        *missing_rates(found),
    ]
    return [replace(gap, amount=_amount(found, gap)) for gap in gaps]


def _benefit_gaps(found: Reckoning) -> Iterator[Gap]:
    for benefit in found.world.benefits.values():
        for code, rule in _asked(found, benefit).items():
            if rule(found, benefit):
                yield Gap(code, "benefit", benefit.benefit_id)
    live = [benefit for benefit in found.world.benefits.values() if is_live(found, benefit)]
    yield from (Gap("DOUBLE_COUNTED", "benefit", name) for name in linkage.double_counted(live))


def _asked(found: Reckoning, benefit: Benefit) -> Rules:
    """The rules that a benefit is asked."""
    is_alive, is_verified = not is_solely_cancelled(found, benefit), benefit.verified_date is not None
    asked: Rules = {}
    if is_alive:
        asked |= claims.WHENEVER
    if is_alive and not has_ended(found, benefit):
        asked |= STANDING
    if is_live(found, benefit):
        asked |= LIVE
    if not is_verified and not has_ended(found, benefit):
        asked |= delivery.NOT_ENDED
    return asked


def _amount(found: Reckoning, gap: Gap) -> Fraction | None:
    if gap.subject_type != "benefit" or gap.code not in AMOUNTS:
        return None
    return AMOUNTS[gap.code](found, found.world.benefits[gap.subject_id])
