"""What comes late, costs more, or never comes (3.8, delivery)."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from fractions import Fraction

from tests.warehouse.reference.bounds import at_least, more_than
from tests.warehouse.reference.facts import Benefit, Output, Project, Status, World
from tests.warehouse.reference.gaps.gap import Gap, Rules
from tests.warehouse.reference.realisation import Realisation, ratio

SLIP_DAYS = 14
INDEX = Fraction(9, 10)


def delivery_gaps(world: World) -> Iterator[Gap]:
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


LIVE: Rules = {"PLAN_BEFORE_DELIVERY": _plan_before_delivery}
NOT_ENDED: Rules = {"UPSTREAM_CANCELLED": _upstream_cancelled}
"""Asked of benefits solely of cancelled projects too."""
