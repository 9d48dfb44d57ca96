"""How far each output has got with each benefit it leads to (4, `marts.output_benefit`)."""

from __future__ import annotations

from dataclasses import dataclass

from tests.warehouse.reference.gaps.delivery import SLIP_DAYS
from tests.warehouse.reference.network import OutputBenefit
from tests.warehouse.reference.realisation import Realisation


@dataclass(frozen=True)
class OutputLink:
    """One per output and benefit it is upstream of."""

    output_status: str
    slip_days: int | None
    link_status: str


def output_link(found: Realisation, link: OutputBenefit) -> OutputLink:
    """The state of an output and of its link to a benefit."""
    output = found.world.outputs[link.output_id]
    slip = None if link.is_lost else (found.current_date(output) - output.baseline_date).days
    return OutputLink(_output_status(found, link), slip, _link_status(found, link))


def _output_status(found: Realisation, link: OutputBenefit) -> str:
    output = found.world.outputs[link.output_id]
    if output.delivered_date is not None:
        return "delivered"
    if link.is_lost:
        return "cancelled"
    if output.baseline_date < found.world.settings.as_of:
        return "overdue"
    slip = (output.forecast_date or output.baseline_date) - output.baseline_date
    return "slipping" if slip.days > SLIP_DAYS else "on_plan"


def _link_status(found: Realisation, link: OutputBenefit) -> str:
    benefit = found.world.benefits[link.benefit_id]
    latest = found.latest(benefit)
    if found.world.outputs[link.output_id].delivered_date is None:
        return "awaiting_delivery"
    if latest is None:
        return "not_measured"
    is_behind = latest.is_beyond if benefit.kind == "disbenefit" else latest.is_behind
    if latest.is_after_ramp:
        return "not_realised" if is_behind else "realised"
    return "realising" if is_behind else "in_ramp"
