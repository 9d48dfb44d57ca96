"""Portfolios whose figures lie exactly on their bounds, whatever the last bits of a sum say."""

from __future__ import annotations

from datetime import date, timedelta
from decimal import Decimal

from tests.warehouse.portfolios.draft import Fact, Portfolio
from tests.warehouse.reference import Settings
from tests.warehouse.reference.calendar import add_months, end_of_month, starts_between


def on_the_bound(settings: Settings) -> Portfolio:
    """Benefits exactly on plan, tolerance none or all, by a sum of readings whose last bits are off.

    0.1 + 0.2 + 0.3 + 0.1 is 0.7000000000000001 to a machine: no gap, all the same. Nor is it one to claim the 1.3 from 2
    to there, or to ask for 0.1 and 0.2 of a role that has 0.3.
    """
    ended = settings.as_of.replace(day=1) - timedelta(days=1)
    coming = end_of_month(settings.as_of) + timedelta(days=1)
    month, start = ended.replace(day=1), date(ended.year - 1, 1, 1)
    weeks = starts_between(month, ended, "week", settings.fiscal_year_start)[:4]
    plans = {
        "ahead": ("benefit", 0.0, 0.7, 0.0),
        "behind": ("benefit", 2.0, 0.7, 0.0),
        "away": ("benefit", 0.7, 0.2, 0.0),
        "harm": ("disbenefit", 0.0, 0.7, 0.0),
        "lenient": ("benefit", 0.7, 0.2, 1.0),
    }
    shared = {"kpi_id": "bound.kpi", "start_date": start, "target_date": date(ended.year - 1, 9, 1), "unit_value": 1e3}
    kpi = {"kpi_id": "bound.kpi", "unit": "%", "frequency": "month", "reading_frequency": "week", "aggregation": "sum"}
    edge = {"from_type": "output", "from_id": "bound.output", "to_type": "benefit"}
    return {
        "project": [{"project_id": "bound.project", "name": "bound", "stage": "closed"}],
        "output": [
            {
                "output_id": "bound.output",
                "name": "bound",
                "project_id": "bound.project",
                "baseline_date": start,
                "delivered_date": start,
            }
        ],
        "kpi": [{**kpi, "name": "bound", "min_coverage": 0.5}],
        "kpi_reading": [
            {
                "kpi_id": "bound.kpi",
                "period_start": week,
                "dimension": "",
                "value": value,
                "unit": None,
                "reported_at": None,
            }
            for week, value in zip(weeks, (0.1, 0.2, 0.3, 0.1), strict=True)
        ],
        "benefit": [
            {
                **shared,
                "benefit_id": f"bound.{name}",
                "name": name,
                "kind": kind,
                "baseline_value": baseline,
                "target_value": target,
                "tolerance": tolerance,
            }
            for name, (kind, baseline, target, tolerance) in plans.items()
        ],
        "dependency": [{**edge, "to_id": f"bound.{name}"} for name in plans],
        "benefit_claim": [{"benefit_id": "bound.behind", "period_start": month, "claimed_improvement": 1.3}],
        "role_capacity": [{"role": "bound.role", "period_start": coming, "capacity_fte": 0.3}],
        "resource_allocation": [
            {"project_id": project, "role": "bound.role", "period_start": coming, "planned_fte": planned}
            for project, planned in (("bound.project", 0.1), ("bound.other", 0.2))
        ],
    }


def in_small_numbers(settings: Settings) -> Portfolio:
    """Classes of five and of four members, risks of a quarter of what is to come, and costs just paid back.

    Benefits of a step to 1, of which a part came in the last month that ended. The first of five brings 0.5, its class
    0.8: 0.725 of it are to be expected, and a quarter of that is not too much to risk. 0.3 makes up for 0.1 and 0.2 spent.
    """
    month = (settings.as_of.replace(day=1) - timedelta(days=1)).replace(day=1)
    parts = {"five": (0.5, 0.7, 0.8, 1.1, 1.3), "four": (0.2, 0.4, 0.6, 0.9)}
    brought = {f"few.{kind}{number}": part for kind, all_of in parts.items() for number, part in enumerate(all_of)}
    paid = {"few.late": 1.0, "few.even": 1.0, "few.worse": 1.0}
    plan = {"kpi_id": "few.kpi", "baseline_value": 0.0, "target_value": 1.0, "start_date": month, "target_date": month}
    last = add_months(month, 6) - timedelta(days=1)
    coming = sum(end_of_month(start) > settings.as_of for start in starts_between(month, last, "month", 1))
    risk = {"subject_type": "benefit", "probability": 0.25, "status": "open"}
    edge = {"from_type": "output", "to_type": "benefit"}
    return {
        "kpi": [{"kpi_id": "few.kpi", "name": "few", "unit": "%", "frequency": "month"}],
        "kpi_reading": [
            {"kpi_id": "few.kpi", "period_start": month, "dimension": name, "value": part}
            for name, part in {**brought, **paid}.items()
        ],
        "benefit": [
            {
                **plan,
                "benefit_id": name,
                "name": name,
                "kind": "benefit",
                "dimension": name,
                "category": name[:8],
                "unit_value": 40.0 if name in brought else 0.3,
                "end_date": last if name in brought else end_of_month(month),
            }
            for name in (*brought, *paid)
        ],
        "risk": [
            {**risk, "risk_id": f"few.{number}", "subject_id": f"few.five{number}", "impact": impact}
            for number, impact in enumerate((Decimal(29 * coming), 31 * coming + Decimal("0.01")))
        ],
        "project": [*_finished(settings), *(_project(name, month) for name in paid)],
        "cost": [
            _cost("few.late", add_months(month, -2), "capex", "0.1", "0.1"),
            _cost("few.late", add_months(month, -1), "capex", "0.2", "0.2"),
            _cost("few.even", month, "capex", "0.1", "0.2"),
            _cost("few.even", month, "opex", "0.2", "0.2"),
            _cost("few.worse", month, "opex", "0.1", "0.4"),
        ],
        "project_status": [
            {"project_id": fact["project_id"], "status_date": settings.as_of, "actual_cost": cost}
            for fact, cost in zip(_finished(settings), (90, 110, 120, 150, 200, 80, 100, 130, 170), strict=False)
        ],
        "output": [
            {"output_id": name, "name": name, "project_id": name, "baseline_date": month, "delivered_date": month}
            for name in paid
        ]
        + [_late(settings, days) for days in (14, 15)],
        "dependency": [{**edge, "from_id": name, "to_id": name} for name in paid],
    }


def _finished(settings: Settings) -> list[Fact]:
    """Five projects of a type and four of another, and of each type a running one, of five days: half a day is a day."""
    start, found = settings.as_of - timedelta(days=400), []
    lengths = {"five": (50, 120, 150, 150, 200), "four": (40, 110, 140, 210)}
    for kind, all_of in lengths.items():
        for number, days in enumerate(all_of):
            dates = {"actual_start": start, "actual_finish": start + timedelta(days=days)}
            found.append(_of_type(f"few.{kind}{number}", kind, "closed", start, 100) | dates)
    return found + [_of_type(f"few.of_{kind}", kind, "delivery", start, 5) for kind in lengths]


def _of_type(name: str, kind: str, stage: str, start: date, days: int) -> Fact:
    dates = {"baseline_start": start, "baseline_finish": start + timedelta(days=days)}
    return {"project_id": name, "name": name, "stage": stage, "project_type": f"few {kind}", "budget": 100, **dates}


def _project(name: str, approved: date) -> Fact:
    """Its flows of the month are valued on the day on which they come."""
    return {"project_id": name, "name": name, "stage": "closed", "approved_date": end_of_month(approved)}


def _late(settings: Settings, days: int) -> Fact:
    """An output that is going to slip; fourteen days are not worth a word."""
    due = {"baseline_date": settings.as_of, "forecast_date": settings.as_of + timedelta(days=days)}
    return {"output_id": f"few.late{days}", "name": "late", "project_id": "few.of_five", **due}


def _cost(project_id: str, month: date, cost_type: str, planned: str, actual: str) -> Fact:
    spent = {"planned_cost": Decimal(planned), "actual_cost": Decimal(actual)}
    return {"project_id": project_id, "period_start": month, "cost_type": cost_type, **spent}
