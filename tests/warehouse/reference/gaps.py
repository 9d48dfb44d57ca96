"""The gap catalogue (3.8): definition, linkage, delivery and measurement, and the realisation codes of today."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace
from datetime import date, timedelta
from fractions import Fraction

from tests.warehouse.reference.calendar import end_of_period, start_of_period
from tests.warehouse.reference.forecast import Completion, forecast_of
from tests.warehouse.reference.measures import mismatched_kpis
from tests.warehouse.reference.plan import improvement_sign, last_day
from tests.warehouse.reference.realisation import Latest, Realisation, ratio
from tests.warehouse.reference.rebaselining import has_moved_goalposts
from tests.warehouse.reference.world import Benefit, Kpi, Output, Project, Status, World, at_least, more_than

SLIP_DAYS = 14
INDEX = Fraction(9, 10)
EXPOSED = Fraction(1, 4)
WORTH_ALL_TO_COME = {
    *("MISSING_OWNER", "MISSING_MEASURE", "MISSING_BASELINE", "MISSING_TARGET", "MISSING_DATES", "MISSING_VALUE"),
    *("NO_AMBITION", "DIRECTION_CONFLICT", "BASELINE_UNSUPPORTED", "RETRO_REBASELINED"),
    *("ORPHAN_BENEFIT", "UNALIGNED_BENEFIT", "OVER_ATTRIBUTED", "DOUBLE_COUNTED", "DEPENDENCY_CYCLE"),
    *("DELIVERED_NOT_MEASURED", "STALE_MEASURE"),
}
"""Codes of definition, linkage and measurement."""


@dataclass(frozen=True)
class Gap:
    """`steps` is 1 where the gap is one severity higher than its code's."""

    code: str
    subject_type: str
    subject_id: str
    steps: int = 0
    amount: Fraction | None = None
    """In the reporting currency."""


def open_gaps(found: Realisation) -> list[Gap]:
    """Every gap of the codes above, in no order."""
    gaps = [*_benefit_gaps(found), *_linkage_gaps(found), *_delivery_gaps(found.world)]
    gaps += [Gap("UNIT_MISMATCH", "kpi", kpi_id) for kpi_id in mismatched_kpis(found.world)]
    return [_at_stake(found, gap) for gap in gaps]


def _at_stake(found: Realisation, gap: Gap) -> Gap:
    """The gap; one of a benefit's definition, linkage or measurement is worth what is still to come."""
    completion = forecast_of(found).completions.get(gap.subject_id) if gap.subject_type == "benefit" else None
    return replace(gap, amount=completion.to_come) if completion and gap.code in WORTH_ALL_TO_COME else gap


# Which benefits are asked


def _is_solely_cancelled(found: Realisation, benefit: Benefit) -> bool:
    outputs = [found.world.outputs[link.output_id] for link in found.upstream(benefit.benefit_id)]
    return bool(outputs) and all(found.world.stage_of(output) == "cancelled" for output in outputs)


def _has_ended(found: Realisation, benefit: Benefit) -> bool:
    end = last_day(benefit)
    return end is not None and end < found.world.settings.as_of


def is_live(found: Realisation, benefit: Benefit) -> bool:
    """Not past its end, not verified, not solely of cancelled projects."""
    is_over = _has_ended(found, benefit) or benefit.verified_date is not None
    return not is_over and not _is_solely_cancelled(found, benefit)


def _benefit_gaps(found: Realisation) -> Iterator[Gap]:
    live = []
    for benefit in found.world.benefits.values():
        if _has_ended(found, benefit):
            continue
        sole, verified = _is_solely_cancelled(found, benefit), benefit.verified_date is not None
        asked: list[tuple[str, Rule]] = []
        if not sole:
            asked += STANDING
        if not sole and not verified:
            asked += LIVE
            live.append(benefit)
        if not verified:
            asked += [("UPSTREAM_CANCELLED", _upstream_cancelled)]
        for code, rule in asked:
            if rule(found, benefit):
                yield Gap(code, "benefit", benefit.benefit_id, amount=_amount(found, benefit, code))
    yield from (Gap("DOUBLE_COUNTED", "benefit", name) for name in _double_counted(live))


def _amount(found: Realisation, benefit: Benefit, code: str) -> Fraction | None:
    if code == "BENEFIT_SLIPPED":
        return _lost_to_delay(found, benefit)
    if code == "FORECAST_SHORTFALL":
        completion = forecast_of(found).completions[benefit.benefit_id]
        return _short(completion) if completion else None
    if code not in ("BEHIND_PROFILE", "DELIVERED_NOT_REALISED", "MOVED_AWAY", "ERODING"):
        return None
    return found.measured_periods(benefit)[-1].reporting["realisation_gap"]


def _lost_to_delay(found: Realisation, benefit: Benefit) -> Fraction | None:
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


# Definition


def _is_quantified(benefit: Benefit) -> bool:
    return benefit.type != "qualitative"


def _missing_measure(found: Realisation, benefit: Benefit) -> bool:
    return _is_quantified(benefit) and (benefit.kpi_id or "") not in found.world.kpis


def _direction_conflict(found: Realisation, benefit: Benefit) -> bool:
    kpi, sign = found.world.kpis.get(benefit.kpi_id or ""), improvement_sign(benefit)
    if kpi is None or kpi.direction is None or not sign:
        return False
    wanted = 1 if kpi.direction == "increase" else -1
    return sign != (-wanted if benefit.kind == "disbenefit" else wanted)


def _baseline_unsupported(found: Realisation, benefit: Benefit) -> bool:
    kpi, plan = found.world.kpis.get(benefit.kpi_id or ""), found.plans[benefit.benefit_id]
    if kpi is None or plan is None or benefit.baseline_date is None or benefit.baseline_value is None:
        return False
    period = start_of_period(benefit.baseline_date, kpi.frequency, found.world.settings.fiscal_year_start)
    values = [measure.value for measure in found.measured(benefit) if measure.period_start == period]
    return any(value is not None and more_than(abs(value - benefit.baseline_value), plan.slack) for value in values)


# Linkage


def _double_counted(live: Iterable[Benefit]) -> set[str]:
    """Benefits and disbenefits apart: where those of a KPI and dimension, or of all dimensions, share out too much."""
    counted: set[str] = set()
    groups: dict[tuple[str, str], list[Benefit]] = {}
    for benefit in live:
        if benefit.kpi_id is not None and benefit.start_date is not None:
            groups.setdefault((benefit.kind, benefit.kpi_id), []).append(benefit)
    for group in groups.values():
        for dimension in {benefit.dimension for benefit in group}:
            within = [benefit for benefit in group if benefit.dimension in ("", dimension)]
            for day in {benefit.start_date for benefit in within}:
                running = [benefit for benefit in within if _runs_on(benefit, day)]
                if more_than(sum((benefit.kpi_share for benefit in running), Fraction(0)), Fraction(1)):
                    counted |= {benefit.benefit_id for benefit in running}
    return counted


def _runs_on(benefit: Benefit, day: date | None) -> bool:
    end = last_day(benefit)
    return day is not None and benefit.start_date is not None and end is not None and benefit.start_date <= day <= end


def _linkage_gaps(found: Realisation) -> Iterator[Gap]:
    network, world = found.network, found.world
    for output in world.outputs.values():
        if world.stage_of(output) in ("cancelled", "idea", "business_case"):
            continue
        if not network.reaches(("output", output.output_id), "benefit"):
            yield Gap("ORPHAN_OUTPUT", "output", output.output_id, steps=int(output.delivered_date is not None))
    for kind, name in network.nodes:
        if kind in ("outcome", "benefit") and network.is_over_attributed((kind, name)):
            yield Gap("OVER_ATTRIBUTED", kind, name)
    for kind, name in network.cyclic_nodes():
        yield Gap("DEPENDENCY_CYCLE", kind, name)
    for settled in network.edges:
        if settled.is_broken:
            edge = settled.edge
            yield Gap("BROKEN_LINK", "edge", f"{':'.join(edge.origin)}>{':'.join(edge.target)}")


# Delivery


def _delivery_gaps(world: World) -> Iterator[Gap]:
    for output in world.outputs.values():
        if world.stage_of(output) in ("cancelled", "idea", "business_case") or output.delivered_date is not None:
            continue
        if output.baseline_date < world.settings.as_of:
            yield Gap("OUTPUT_OVERDUE", "output", output.output_id)
        elif _is_slipping(output):
            yield Gap("OUTPUT_SLIPPING", "output", output.output_id)
    for gate in world.gates:
        project = world.projects.get(gate.project_id)
        is_cancelled = project is not None and project.stage == "cancelled"
        is_due = gate.planned_date is not None and gate.planned_date < world.settings.as_of
        if is_due and gate.actual_date is None and not is_cancelled:
            yield Gap("GATE_OVERDUE", "gate", f"{gate.project_id}/{gate.gate}")
    for project in world.projects.values():
        yield from _project_gaps(world, project)


def _project_gaps(world: World, project: Project) -> Iterator[Gap]:
    name = project.project_id
    if project.stage == "delivery":
        statuses = [status for status in world.statuses if status.project_id == name]
        spent = _latest_figure(statuses, lambda status: status.actual_cost)
        if _is_low(_latest_figure(statuses, _cpi)) or _is_overspent(spent, project.budget):
            yield Gap("COST_OVERRUN", "project", name)
        if _is_low(_latest_figure(statuses, _spi)):
            yield Gap("BEHIND_SCHEDULE", "project", name)
    outputs = [output for output in world.outputs.values() if output.project_id == name]
    if project.stage == "closed" and any(output.delivered_date is None for output in outputs):
        yield Gap("CLOSED_UNDELIVERED", "project", name)


def _is_slipping(output: Output) -> bool:
    if output.forecast_date is None:
        return False
    return (output.forecast_date - output.baseline_date).days > SLIP_DAYS


def _latest_figure(statuses: list[Status], figure: Callable[[Status], Fraction | None]) -> Fraction | None:
    """The latest that is known of a figure."""
    figures = [figure(status) for status in sorted(statuses, key=lambda status: status.status_date)]
    return next((known for known in reversed(figures) if known is not None), None)


def _cpi(status: Status) -> Fraction | None:
    return ratio(status.earned_value, status.actual_cost)


def _spi(status: Status) -> Fraction | None:
    return ratio(status.earned_value, status.planned_value)


def _is_low(index: Fraction | None) -> bool:
    return index is not None and not at_least(index, INDEX)


def _is_overspent(spent: Fraction | None, budget: Fraction | None) -> bool:
    return spent is not None and budget is not None and more_than(spent, budget)


def _upstream_cancelled(found: Realisation, benefit: Benefit) -> bool:
    return any(link.is_lost for link in found.upstream(benefit.benefit_id))


def _plan_before_delivery(found: Realisation, benefit: Benefit) -> bool:
    promised_on = found.deliveries[benefit.benefit_id].baseline_enabled_on
    return (
        benefit.kind == "benefit"
        and benefit.start_date is not None
        and promised_on is not None
        and benefit.start_date < promised_on
    )


# Measurement


def _kpi_and_start(found: Realisation, benefit: Benefit) -> tuple[Kpi, date] | None:
    kpi = found.world.kpis.get(benefit.kpi_id or "")
    return None if kpi is None or benefit.start_date is None else (kpi, benefit.start_date)


def _is_long_over(found: Realisation, kpi: Kpi, period: date) -> bool:
    """Whether the period that starts on `period` ended more than the KPI's days of grace ago."""
    end = end_of_period(period, kpi.frequency)
    return end + timedelta(days=kpi.grace_days) < found.world.settings.as_of


def _delivered_not_measured(found: Realisation, benefit: Benefit) -> bool:
    asked, delivery = _kpi_and_start(found, benefit), found.deliveries[benefit.benefit_id]
    if asked is None or not delivery.is_enabled or delivery.enabled_on is None:
        return False
    kpi, start = asked
    fiscal = found.world.settings.fiscal_year_start
    first = start_of_period(max(start, delivery.enabled_on), kpi.frequency, fiscal)
    return _is_long_over(found, kpi, first) and not any(m.period_start >= first for m in found.measured(benefit))


def _stale_measure(found: Realisation, benefit: Benefit) -> bool:
    asked, measured = _kpi_and_start(found, benefit), found.measured(benefit)
    if asked is None or not measured:
        return False
    if benefit.verified_date is None and _delivered_not_measured(found, benefit):
        return False
    kpi, start = asked
    following = measured[-1].period_end + timedelta(days=1)
    due = start_of_period(max(start, following), kpi.frequency, found.world.settings.fiscal_year_start)
    return _is_long_over(found, kpi, due)


# Realisation


def _latest(found: Realisation, benefit: Benefit, kind: str) -> Latest | None:
    return found.latest(benefit) if benefit.kind == kind else None


def _behind_profile(found: Realisation, benefit: Benefit) -> bool:
    latest = _latest(found, benefit, "benefit")
    return latest is not None and not latest.is_after_ramp and latest.is_behind


def _delivered_not_realised(found: Realisation, benefit: Benefit) -> bool:
    latest = _latest(found, benefit, "benefit")
    is_enabled = found.deliveries[benefit.benefit_id].is_enabled
    return latest is not None and latest.is_after_ramp and is_enabled and latest.is_behind


def _moved_away(found: Realisation, benefit: Benefit) -> bool:
    latest = _latest(found, benefit, "benefit")
    if latest is None or benefit.start_date is None or latest.period.period_start < benefit.start_date:
        return False
    return more_than(min(Fraction(0), latest.rephased) - latest.slack, latest.actual)


def _eroding(found: Realisation, benefit: Benefit) -> bool:
    plan, measured = found.plans[benefit.benefit_id], found.measured_periods(benefit)
    if benefit.kind != "benefit" or plan is None:
        return False
    enough = plan.full_improvement - plan.slack
    held = [_reaches(period.figures["actual"], enough) for period in measured]
    due = [_reaches(period.figures["rephased"], enough) for period in measured]
    was_held = any(held[i] and held[i + 1] for i in range(len(held) - 1))
    return was_held and not any(held[-2:]) and all(due[-2:])


def _reaches(improvement: Fraction | None, bound: Fraction) -> bool:
    return improvement is not None and at_least(improvement, bound)


def _disbenefit_exceeded(found: Realisation, benefit: Benefit) -> bool:
    latest = _latest(found, benefit, "disbenefit")
    return latest is not None and latest.is_beyond


def _ahead_of_profile(found: Realisation, benefit: Benefit) -> bool:
    latest = _latest(found, benefit, "benefit")
    return latest is not None and latest.rephased > 0 and latest.is_beyond


# Forecast, risk


def _short(completion: Completion) -> Fraction | None:
    if completion.rephased_reporting is None or completion.reporting is None:
        return None
    return completion.rephased_reporting - completion.reporting


def _forecast_shortfall(found: Realisation, benefit: Benefit) -> bool:
    completion = forecast_of(found).completions.get(benefit.benefit_id)
    if benefit.kind != "benefit" or completion is None or completion.rephased <= 0:
        return False
    return more_than(completion.rephased * (1 - benefit.tolerance), completion.forecast)


def _closed_unverified(found: Realisation, benefit: Benefit) -> bool:
    outputs = [found.world.outputs[link.output_id] for link in found.upstream(benefit.benefit_id)]
    stages = {found.world.stage_of(output) for output in outputs}
    is_due = benefit.target_date is not None and benefit.target_date < found.world.settings.as_of
    return benefit.kind == "benefit" and is_due and "closed" in stages and "delivery" not in stages


def _risk_exposed(found: Realisation, benefit: Benefit) -> bool:
    completion = forecast_of(found).completions.get(benefit.benefit_id)
    if benefit.kind != "benefit" or completion is None or not completion.to_come or completion.to_come < 0:
        return False
    exposed = Fraction(0)
    for risk in found.world.risks:
        share = _bearing(found, benefit, risk.subject)
        loss = (risk.probability or Fraction(0)) * (risk.impact or Fraction(0)) * share
        rate = found.rate(risk.currency, found.world.settings.as_of)
        if loss and rate is None:
            return False
        exposed += loss * (rate or 0)
    return more_than(exposed, EXPOSED * completion.to_come)


def _bearing(found: Realisation, benefit: Benefit, subject: tuple[str, str]) -> Fraction:
    """What of a risk of the subject bears on the benefit."""
    kind, name = subject
    if kind == "benefit":
        return Fraction(name == benefit.benefit_id)
    shares = Fraction(0)
    for link in found.upstream(benefit.benefit_id):
        project_id = found.world.outputs[link.output_id].project_id
        shares += link.share if name == (link.output_id if kind == "output" else project_id) else 0
    return shares


Rule = Callable[[Realisation, Benefit], bool]

STANDING: list[tuple[str, Rule]] = [
    ("ERODING", _eroding),
    ("MOVED_AWAY", _moved_away),
    ("STALE_MEASURE", _stale_measure),
]
"""Asked of live and of verified benefits."""

LIVE: list[tuple[str, Rule]] = [
    ("FORECAST_SHORTFALL", _forecast_shortfall),
    ("CLOSED_UNVERIFIED", _closed_unverified),
    ("RISK_EXPOSED", _risk_exposed),
    ("MISSING_OWNER", lambda _, b: b.owner is None),
    ("MISSING_MEASURE", _missing_measure),
    ("MISSING_BASELINE", lambda _, b: _is_quantified(b) and b.baseline_value is None),
    ("MISSING_TARGET", lambda _, b: _is_quantified(b) and (b.target_value is None or b.target_date is None)),
    ("MISSING_DATES", lambda _, b: _is_quantified(b) and b.start_date is None),
    ("MISSING_VALUE", lambda _, b: b.type == "cashable" and b.unit_value is None),
    ("NO_AMBITION", lambda _, b: improvement_sign(b) == 0),
    ("DIRECTION_CONFLICT", _direction_conflict),
    ("BASELINE_UNSUPPORTED", _baseline_unsupported),
    ("RETRO_REBASELINED", lambda found, b: has_moved_goalposts(found.world, b)),
    ("ORPHAN_BENEFIT", lambda found, b: not found.upstream(b.benefit_id)),
    (
        "UNALIGNED_BENEFIT",
        lambda found, b: b.kind == "benefit" and not found.network.reaches(("benefit", b.benefit_id), "objective"),
    ),
    ("PLAN_BEFORE_DELIVERY", _plan_before_delivery),
    ("DELIVERED_NOT_MEASURED", _delivered_not_measured),
    ("BEHIND_PROFILE", _behind_profile),
    ("DELIVERED_NOT_REALISED", _delivered_not_realised),
    ("DISBENEFIT_EXCEEDED", _disbenefit_exceeded),
    ("AHEAD_OF_PROFILE", _ahead_of_profile),
    (
        "BENEFIT_SLIPPED",
        lambda found, b: b.kind == "benefit" and (found.deliveries[b.benefit_id].delay_days or 0) > SLIP_DAYS,
    ),
]
