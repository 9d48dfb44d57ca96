"""Benefits that do not come, go away again, or come with more harm (3.8, realisation and opportunity)."""

from __future__ import annotations

from fractions import Fraction

from tests.warehouse.reference.bounds import at_least, is_above_zero, more_than
from tests.warehouse.reference.facts import Benefit
from tests.warehouse.reference.gaps.gap import Rules, latest_of
from tests.warehouse.reference.realisation import Realisation


def _behind_profile(found: Realisation, benefit: Benefit) -> bool:
    latest = latest_of(found, benefit, "benefit")
    return latest is not None and not latest.is_after_ramp and latest.is_behind


def _delivered_not_realised(found: Realisation, benefit: Benefit) -> bool:
    latest = latest_of(found, benefit, "benefit")
    is_enabled = found.deliveries[benefit.benefit_id].is_enabled
    return latest is not None and latest.is_after_ramp and is_enabled and latest.is_behind


def _moved_away(found: Realisation, benefit: Benefit) -> bool:
    latest = latest_of(found, benefit, "benefit")
    if latest is None or benefit.start_date is None or latest.period.period_start < benefit.start_date:
        return False
    return more_than(min(Fraction(0), latest.rephased) - latest.slack, latest.actual, latest.period.scale)


def _eroding(found: Realisation, benefit: Benefit) -> bool:
    plan, measured = found.plans[benefit.benefit_id], found.measured_periods(benefit)
    if benefit.kind != "benefit" or plan is None:
        return False
    enough = plan.full_improvement - plan.slack
    held = [_reaches(period.figures["actual"], enough, period.scale) for period in measured]
    due = [_reaches(period.figures["rephased"], enough, period.scale) for period in measured]
    was_held = any(held[i] and held[i + 1] for i in range(len(held) - 1))
    return was_held and not any(held[-2:]) and all(due[-2:])


def _reaches(improvement: Fraction | None, bound: Fraction, scale: Fraction) -> bool:
    return improvement is not None and at_least(improvement, bound, scale)


def _disbenefit_exceeded(found: Realisation, benefit: Benefit) -> bool:
    latest = latest_of(found, benefit, "disbenefit")
    return latest is not None and latest.is_beyond


def _ahead_of_profile(found: Realisation, benefit: Benefit) -> bool:
    latest = latest_of(found, benefit, "benefit")
    return latest is not None and is_above_zero(latest.rephased, latest.period.scale) and latest.is_beyond


LIVE: Rules = {
    "BEHIND_PROFILE": _behind_profile,
    "DELIVERED_NOT_REALISED": _delivered_not_realised,
    "DISBENEFIT_EXCEEDED": _disbenefit_exceeded,
    "AHEAD_OF_PROFILE": _ahead_of_profile,
}
STANDING: Rules = {"ERODING": _eroding, "MOVED_AWAY": _moved_away}
"""Asked of verified benefits too."""


def amount_behind(found: Realisation, benefit: Benefit) -> Fraction | None:
    """The latest period's realisation gap."""
    return found.measured_periods(benefit)[-1].reporting["realisation_gap"]
