"""Portfolios together, and in another unit."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date, timedelta
from typing import Any

from tests.warehouse.portfolios.draft import LATE, Fact, Portfolio
from tests.warehouse.reference import Settings

NAMES = ("owner", "role", "programme", "portfolio")


def merged(portfolios: Iterable[Portfolio], settings: Settings) -> Portfolio:
    """Many portfolios as one, and the rates of their currencies."""
    whole: Portfolio = {}
    for one in portfolios:
        for contract, facts in one.items():
            whole.setdefault(contract, []).extend(facts)
    return {**whole, "fx_rate": _rates(whole, settings)}


def _rates(whole: Portfolio, settings: Settings) -> list[Fact]:
    """Rates of the euro, not from the beginning but into the future, and one of each currency that begins to have them."""
    days = (-900, -400, -31, -30, 0, 5)
    often = [_rate("EUR", settings.as_of + timedelta(days=day), 0.8 + i / 100) for i, day in enumerate(days)]
    used = {fact.get("currency") or "" for facts in whole.values() for fact in facts}
    once = [_rate(name, settings.as_of - timedelta(days=200), 0.75) for name in sorted(used) if name[:1] == LATE]
    return [rate for rate in often + once if rate["currency"] != settings.currency]


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
