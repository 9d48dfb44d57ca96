"""What will be missing if things go on like this (3.8, forecast and risk)."""

from __future__ import annotations

from collections.abc import Iterator
from fractions import Fraction

from tests.warehouse.reference.bounds import is_above_zero, more_than
from tests.warehouse.reference.facts import Benefit, Node, Risk
from tests.warehouse.reference.gaps.delivery import SLIP_DAYS
from tests.warehouse.reference.gaps.gap import Gap, Rules, of_benefits
from tests.warehouse.reference.money import Money, total
from tests.warehouse.reference.realisation import Realisation, minus
from tests.warehouse.reference.reckoning import Reckoning

EXPOSED = Fraction(25, 100)


def _forecast_shortfall(found: Reckoning, benefit: Benefit) -> bool:
    completion = found.forecast.completions[benefit.benefit_id]
    if completion.forecast is None or completion.rephased is None:
        return False
    scale = max(row.period.scale for row in found.forecast.outlooks[benefit.benefit_id])
    enough = completion.rephased * (1 - benefit.tolerance)
    return is_above_zero(completion.rephased, scale) and more_than(enough, completion.forecast)


def shortfall(found: Reckoning, benefit: Benefit) -> Fraction | None:
    """Rephased less forecast at completion."""
    completion = found.forecast.completions[benefit.benefit_id]
    return minus(completion.rephased_reporting, completion.forecast_reporting)


def to_come(found: Reckoning, benefit: Benefit) -> Fraction | None:
    """The forecast of the periods to come."""
    return found.forecast.completions[benefit.benefit_id].to_come_reporting


def lost_to_delay(found: Realisation, benefit: Benefit) -> Fraction | None:
    """The delivery gaps of the benefit's whole life; those after `as_of` discounted to it at 3.5 % a year."""
    total, as_of = Fraction(0), found.world.settings.as_of
    periods = found.whole_life(benefit)
    for period in periods:
        gap = Fraction(0) if period.amounts["delivery_gap"] == 0 else period.reporting["delivery_gap"]
        if gap is None:
            return None
        years = max(0, (period.period_end - as_of).days) / 365.25
        total += gap * Fraction(1.035**-years)
    return total if periods else None


def _closed_unverified(found: Reckoning, benefit: Benefit) -> bool:
    world = found.world
    stages = {world.stage_of(world.outputs[link.output_id]) for link in found.upstream(benefit.benefit_id)}
    is_due = benefit.target_date is not None and benefit.target_date < world.settings.as_of
    return is_due and benefit.verified_date is None and "closed" in stages and "delivery" not in stages


def _risk_exposed(found: Reckoning, benefit: Benefit) -> bool:
    coming, exposure = to_come(found, benefit), _exposure(found, benefit)
    return coming is not None and exposure is not None and coming > 0 and more_than(exposure, EXPOSED * coming)


def _exposure(found: Reckoning, benefit: Benefit) -> Fraction | None:
    """The open risks, as far as they bear on the benefit."""
    return total(expected_loss(found, risk, _bearing(found, benefit, risk.subject)) for risk in found.world.risks)


def expected_loss(found: Reckoning, risk: Risk, share: Fraction) -> Money | None:
    """Null where it is not open, or its probability or impact are not known."""
    if not risk.is_open or risk.probability is None or risk.impact is None:
        return None
    return Money(risk.probability * risk.impact * share, found.rate(risk.currency, found.world.settings.as_of))


def _bearing(found: Reckoning, benefit: Benefit, subject: Node) -> Fraction:
    """The benefit's own risks in full, an output's by its share, a project's by the shares of its outputs."""
    kind, name = subject
    if kind == "benefit":
        return Fraction(name == benefit.benefit_id)
    return sum(
        (
            link.share
            for link in found.upstream(benefit.benefit_id)
            if name == (link.output_id if kind == "output" else found.world.outputs[link.output_id].project_id)
        ),
        Fraction(0),
    )


LIVE: Rules = of_benefits(
    {
        "FORECAST_SHORTFALL": _forecast_shortfall,
        "BENEFIT_SLIPPED": lambda found, b: (found.deliveries[b.benefit_id].delay_days or 0) > SLIP_DAYS,
        "CLOSED_UNVERIFIED": _closed_unverified,
        "RISK_EXPOSED": _risk_exposed,
    }
)


def eroded_projects(found: Reckoning) -> Iterator[Gap]:
    """NPV_ERODED: projects approved for what they will no longer bring."""
    for project in found.world.projects.values():
        name, base = project.project_id, found.value.base_date(project)
        planned, expected = found.value.planned[name], found.value.expected[name]
        promised, coming = planned.npv(base), expected.npv(base)
        if promised is None or coming is None or promised <= 0 or coming >= 0:
            continue
        if planned.is_npv_beyond_noise(base) and expected.is_npv_beyond_noise(base):
            yield Gap("NPV_ERODED", "project", name)
