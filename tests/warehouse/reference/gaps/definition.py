"""Benefits that are not defined well enough to be judged (3.8, definition)."""

from __future__ import annotations

from tests.warehouse.reference.bounds import more_than
from tests.warehouse.reference.calendar import start_of_period
from tests.warehouse.reference.facts import Benefit
from tests.warehouse.reference.gaps.gap import Rules
from tests.warehouse.reference.plan import improvement_sign
from tests.warehouse.reference.realisation import Realisation
from tests.warehouse.reference.rebaselining import has_moved_goalposts


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
    stated = benefit.baseline_value
    if kpi is None or plan is None or benefit.baseline_date is None or stated is None:
        return False
    period = start_of_period(benefit.baseline_date, kpi.frequency, found.world.settings.fiscal_year_start)
    values = [measure.value for measure in found.measured(benefit) if measure.period_start == period]
    return any(
        value is not None and more_than(abs(value - stated), plan.slack, max(abs(value), abs(stated)))
        for value in values
    )


LIVE: Rules = {
    "MISSING_OWNER": lambda _, b: b.owner is None,
    "MISSING_MEASURE": _missing_measure,
    "MISSING_BASELINE": lambda _, b: _is_quantified(b) and b.baseline_value is None,
    "MISSING_TARGET": lambda _, b: _is_quantified(b) and (b.target_value is None or b.target_date is None),
    "MISSING_DATES": lambda _, b: _is_quantified(b) and b.start_date is None,
    "MISSING_VALUE": lambda _, b: b.type == "cashable" and b.unit_value is None,
    "NO_AMBITION": lambda _, b: improvement_sign(b) == 0,
    "DIRECTION_CONFLICT": _direction_conflict,
    "BASELINE_UNSUPPORTED": _baseline_unsupported,
    "RETRO_REBASELINED": lambda found, b: has_moved_goalposts(found.world, b),
}
