"""Portfolios together, in another unit, and one whose figures lie exactly on their bounds."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date, timedelta
from typing import Any

from tests.warehouse.portfolios.draft import Fact, Portfolio
from tests.warehouse.reference import Settings
from tests.warehouse.reference.calendar import end_of_month, starts_between

NAMES = ("owner", "role", "programme", "portfolio")


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


def rates(settings: Settings) -> list[Fact]:
    """Rates of two currencies, neither from the beginning, one into the future; a third currency has none."""
    days = (-900, -400, -31, -30, 0, 5)
    often = [_rate("EUR", settings.as_of + timedelta(days=day), 0.8 + i / 100) for i, day in enumerate(days)]
    once = [_rate("USD", settings.as_of - timedelta(days=200), 0.75)]
    return [rate for rate in often + once if rate["currency"] != settings.currency]


def merged(portfolios: Iterable[Portfolio], settings: Settings) -> Portfolio:
    """Many portfolios as one, and the rates they share."""
    whole: Portfolio = {"fx_rate": rates(settings)}
    for one in portfolios:
        for contract, facts in one.items():
            whole.setdefault(contract, []).extend(facts)
    return whole


def in_smaller_unit(original: Portfolio, prefix: str, factor: int) -> Portfolio:
    """The same portfolio under another prefix, its KPIs counted in units `factor` times smaller."""

    def rename(column: str, value: Any) -> Any:
        if not isinstance(value, str) or not (column.endswith("_id") or column in NAMES):
            return value
        return f"{prefix}.{value.partition('.')[2]}"

    measures = {
        "benefit": ("baseline_value", "target_value", "do_nothing_value"),
        "benefit_profile": ("planned_value",),
        "kpi_reading": ("value",),
        "benefit_claim": ("claimed_improvement",),
    }
    twin: Portfolio = {}
    for contract, facts in original.items():
        twin[contract] = []
        for fact in facts:
            new = {column: rename(column, value) for column, value in fact.items()}
            for column in measures.get(contract, ()):
                new[column] = None if new[column] is None else new[column] * factor
            if new.get("unit_value") is not None:
                new["unit_value"] /= factor
            twin[contract].append(new)
    return twin


def _rate(currency: str, day: date, rate: float) -> Fact:
    return {"currency": currency, "date": day, "rate": rate}
