"""The evidence of a gap as a list of figures with plain labels and units."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

from pipelines.published import Row

ROWS = "rows"
LABELS = {
    "kpi_id": "KPI",
    "dimension": "part of the KPI",
    "slice": "part of the KPI",
    "period_end": "period to",
    "planned_improvement": "improvement planned",
    "rephased_improvement": "improvement due, given when the outputs came",
    "actual_improvement": "improvement measured",
    "full_improvement": "improvement at full effect",
    "realisation_gap": "short of what was due",
    "excess": "beyond what was due",
    "slack": "tolerated",
    "claimed_own": "claimed, of its share of the KPI",
    "claimed_amount": "claimed in money",
    "periods_claimed": "periods claimed",
    "supported": "most that the measure supports",
    "claimed_excess": "claimed beyond that",
    "amount_exceeded": "claimed beyond that, in all periods",
    "counterfactual_used": "what would have been is told by",
    "counterfactual_value": "what would have been",
    "pre_periods": "periods it is told from",
    "attributable_improvement": "improvement attributable to the change",
    "attributable_low": "attributable at least, with 95% certainty",
    "attributable_high": "attributable at most, with 95% certainty",
    "evidence_grade": "grade of the evidence",
    "intervened_on": "first output worked on",
    "least_accepted": "least that counts as reached",
    "last_held": "last held until",
    "enabled_on": "outputs enable it on",
    "baseline_enabled_on": "outputs were to enable it on",
    "delay_days": "plan moved by",
    "amount_lost": "lost by the delay",
    "amount_short": "forecast to be lacking",
    "forecast_at_completion": "improvement forecast, all periods",
    "rephased_at_completion": "improvement due, all periods",
    "own_ratio": "of what was due, came lately",
    "own_periods": "periods that says so of",
    "class_p50": "of what was due, such benefits bring",
    "class_members": "benefits that says so of",
    "exposed_amount": "open risks are expected to cost",
    "exposed_share": "of what is to come",
    "forecast_to_come_amount": "forecast still to come",
    "planned_npv": "net present value, as approved",
    "planned_benefit": "present value of its benefits, as approved",
    "planned_cost": "present value of its costs, as approved",
    "forecast_npv": "net present value, by today's forecast",
    "forecast_benefit": "present value of its benefits, by today's forecast",
    "forecast_cost": "present value of its costs, by today's forecast",
    "planned_fte": "people planned, FTE",
    "capacity_fte": "people there are, FTE",
    "overload_fte": "people too few, FTE",
    "amounts": "amounts not converted",
    "enabling_last": "last output it waits for",
    "planned_last": "last output by plan",
    "do_nothing_value": "value if nothing were done",
    "improvement_sign": "target lies above (1) or below (-1)",
    "kpi_direction": "KPI should",
    "kpi_share": "share of the KPI that it counts",
    "total_share": "shares counted together",
    "lost_names": "outputs lost",
    "lost_outputs": "outputs lost, number",
    "lost_share": "share that hung on them",
    "cpi": "cost performance index",
    "cpi_date": "cost performance index of",
    "spi": "schedule performance index",
    "spi_date": "schedule performance index of",
    "resolved_date": "current date",
    "missing_end": "nothing is known of",
    "weight_sum": "sum of the weights",
    "measured_value": "value measured",
}
IN_KPI_UNITS = {"baseline_value", "target_value", "do_nothing_value", "measured_value", "counterfactual_value"}
IN_KPI_CHANGE = {
    *("planned_improvement", "rephased_improvement", "actual_improvement", "full_improvement", "realisation_gap"),
    *("excess", "slack", "least_accepted", "difference", "claimed_own", "supported"),
    *("claimed_excess", "attributable_improvement", "attributable_low", "attributable_high"),
}
IN_OWN_CURRENCY = {"actual_cost", "budget", "earned_value", "planned_value", "unit_value", "claimed_amount"}
PRESENT_VALUES = {f"{basis}_{figure}" for basis in ("planned", "forecast") for figure in ("npv", "benefit", "cost")}


@dataclass(frozen=True)
class Figure:
    """One figure of a gap: its name in the evidence, what it is called, its value and the value's unit, if any."""

    name: str
    label: str
    value: Any
    unit: str | None


def figures(evidence: Row, kpi_unit: str | None, currency: str) -> list[Figure]:
    """The figures of an evidence in its own order; `currency` is the reporting currency."""
    own_currency = evidence.get("currency") or currency
    return [
        Figure(
            name, LABELS.get(name, name.replace("_", " ")), value, _unit(name, value, kpi_unit, own_currency, currency)
        )
        for name, value in evidence.items()
        if name != ROWS
    ]


def evidence_of(gap: Row) -> Row:
    """The evidence of a gap; what is no JSON object holds nothing."""
    try:
        found = json.loads(gap.get("evidence") or "{}")
    except ValueError:
        return {}
    return found if isinstance(found, dict) else {}


def _unit(name: str, value: Any, kpi_unit: str | None, own_currency: str, currency: str) -> str | None:
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    if name in IN_KPI_UNITS:
        return kpi_unit
    if name in IN_KPI_CHANGE:
        return "points" if kpi_unit == "%" else kpi_unit
    if name in IN_OWN_CURRENCY:
        return own_currency
    if name in PRESENT_VALUES or "amount" in name.split("_"):
        return currency
    return "days" if "days" in name.split("_") else None
