"""What the reference says, as tables of the warehouse, and where two tables differ."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from fractions import Fraction
from functools import cache
from typing import Any

import duckdb

from tests.warehouse.reference import Gap, Realisation, is_live, open_gaps, output_link
from tests.warehouse.reference.forecast import forecast_of
from tests.warehouse.reference.plan import improvement_sign, last_day
from tests.warehouse.reference.realisation import MEASURES, BenefitPeriod
from tests.warehouse.reference.world import Benefit

Cells = Mapping[str, Any]
Table = dict[tuple[Any, ...], Cells]

RELATIVE = 1e-9
SEVERITIES = ("low", "medium", "high", "critical")


def kpi_periods(found: Realisation) -> Table:
    """`core.kpi_period`."""
    return {
        (kpi_id, dimension, period.period_start): {
            "period_end": period.period_end,
            "value": period.value,
            "coverage": period.coverage,
            "readings_present": period.present,
            "readings_expected": period.expected,
            "is_measured": period.is_measured,
            "_batch_id": period.batch_id,
            "_row": period.row,
        }
        for (kpi_id, dimension), periods in found.measures.items()
        for period in periods.values()
    }


def edges(found: Realisation) -> Table:
    """`core.network_edge`."""
    return {
        (*settled.edge.origin, *settled.edge.target): {
            "effective_weight": settled.weight,
            "lag_days": settled.edge.lag_days,
            "is_broken": settled.is_broken,
            "is_cyclic": settled.is_cyclic,
        }
        for settled in found.network.edges
    }


def links(found: Realisation) -> Table:
    """`core.output_share`: outputs and the benefits they are upstream of."""
    return {
        (link.output_id, link.benefit_id): {
            "share": link.share,
            "lag_days": link.lag_days,
            "path_count": link.path_count,
            "is_enabling": link.is_enabling,
            "is_lost": link.is_lost,
        }
        for link in found.links
    }


def output_benefits(found: Realisation) -> Table:
    """`marts.output_benefit`."""
    return {
        (link.output_id, link.benefit_id): {
            "share": link.share,
            "lag_days": link.lag_days,
            "path_count": link.path_count,
            "is_enabling": link.is_enabling,
            **vars(output_link(found, link)),
        }
        for link in found.links
    }


def deliveries(found: Realisation) -> Table:
    """`core.benefit_delivery`."""
    return {
        (name,): {
            "upstream_outputs": delivery.upstream_outputs,
            "enabling_outputs": delivery.enabling_outputs,
            "enabled_on": delivery.enabled_on,
            "is_enabled": delivery.is_enabled,
            "baseline_enabled_on": delivery.baseline_enabled_on,
            "delay_days": delivery.delay_days,
            "all_lost": delivery.all_lost,
            "intervened_on": delivery.intervened_on,
        }
        for name, delivery in found.deliveries.items()
    }


def benefit_periods(found: Realisation) -> Table:
    """`marts.benefit_period`."""
    return {
        (period.benefit_id, period.period_start): _cells(period)
        for periods in found.periods.values()
        for period in periods
    }


def _cells(period: BenefitPeriod) -> Cells:
    improvements = ("planned_improvement", "rephased_improvement", "actual_improvement", *MEASURES[3:])
    return {
        "period_end": period.period_end,
        "planned_value": period.planned_value,
        "rephased_value": period.rephased_value,
        "actual_value": period.actual_value,
        "coverage": period.coverage,
        **dict(zip(improvements, (period.figures[name] for name in MEASURES), strict=True)),
        **{f"{name}_amount": period.amounts[name] for name in MEASURES},
        **{f"{name}_amount_reporting": period.reporting[name] for name in MEASURES},
        "realisation_pct": period.realisation_pct,
        "progress_pct": period.progress_pct,
        "rag": period.rag,
        "_batch_id": period.batch_id,
        "_row": period.row,
    }


def register(found: Realisation) -> Table:
    """`marts.benefit_register`, but for the contract's columns."""
    return {(name,): _registered(found, benefit) for name, benefit in found.world.benefits.items()}


def _registered(found: Realisation, benefit: Benefit) -> Cells:
    plan, delivery = found.plans[benefit.benefit_id], found.deliveries[benefit.benefit_id]
    sign, measured = improvement_sign(benefit), found.measured_periods(benefit)
    latest = _cells(measured[-1]) if measured else {"rag": "grey"}
    figures = (
        "planned_value",
        "actual_value",
        "realisation_gap",
        "total_gap_amount",
        "realisation_gap_amount_reporting",
    )
    return {
        "last_day": last_day(benefit),
        "full_improvement": Fraction(0) if sign == 0 else plan.full_improvement if plan else None,
        "slack": plan.slack if plan else None,
        "ramp_end": plan.ramp_end if plan else None,
        "is_live": is_live(found, benefit),
        "upstream_outputs": delivery.upstream_outputs,
        "enabled_on": delivery.enabled_on,
        "is_enabled": delivery.is_enabled,
        "delay_days": delivery.delay_days,
        "latest_period_start": measured[-1].period_start if measured else None,
        **{column: latest.get(column) for column in (*figures, "realisation_pct", "progress_pct", "rag")},
        **_forecast(found, benefit),
    }


def _forecast(found: Realisation, benefit: Benefit) -> Cells:
    forecast = forecast_of(found)
    ratio, completion = forecast.ratios.get(benefit.benefit_id), forecast.completions.get(benefit.benefit_id)
    return {
        "forecast_ratio": ratio.fan[1] if ratio else None,
        "forecast_basis": ratio.basis if ratio else None,
        "forecast_at_completion": completion.forecast if completion else None,
        "rephased_at_completion": completion.rephased if completion else None,
        "forecast_at_completion_amount": completion.amount if completion else None,
        "forecast_at_completion_amount_reporting": completion.reporting if completion else None,
        "unmeasured_share": completion.unmeasured_share if completion else None,
    }


def gaps(found: Realisation, severities: Mapping[str, str]) -> Table:
    """`marts.realisation_gap`, by the severities of the catalogue."""
    return {
        (gap.code, gap.subject_type, gap.subject_id): {
            "severity": _severity(gap, severities),
            "amount_at_stake": gap.amount,
        }
        for gap in open_gaps(found)
    }


def _severity(gap: Gap, severities: Mapping[str, str]) -> str:
    return SEVERITIES[min(SEVERITIES.index(severities[gap.code]) + gap.steps, len(SEVERITIES) - 1)]


def rows_of(connection: duckdb.DuckDBPyConnection, query: str, keys: int) -> Table:
    """A query's rows by their first columns."""
    result = connection.execute(query)
    names = [column[0] for column in result.description or ()]
    return {tuple(row[:keys]): dict(zip(names, row, strict=True)) for row in result.fetchall()}


def differences(expected: Table, actual: Table, columns: Iterable[str] | None = None) -> list[str]:
    """A line for each row that only one side has, and for each cell that differs (of `columns`, or of all expected)."""
    found = [f"{key}: only in the reference" for key in expected if key not in actual]
    found += [f"{key}: only in SQL" for key in actual if key not in expected]
    for key in expected.keys() & actual.keys():
        wanted, got, scales = expected[key], actual[key], _scales(expected[key])
        found += [
            f"{key}: {column} should be {_shown(wanted[column])}, is {got[column]}"
            for column in (columns or wanted)
            if not _same(wanted[column], got[column], scales.get(_unit(column), 0.0))
        ]
    return sorted(found)


def _scales(cells: Cells) -> dict[str, float]:
    """The row's greatest figure in each unit; of ratios and of money at least 1."""
    scales = {"_pct": 1.0, "_amount": 1.0, "_reporting": 1.0, "_at_stake": 1.0}
    for column, value in cells.items():
        if isinstance(value, Fraction):
            scales[_unit(column)] = max(scales.get(_unit(column), 0.0), abs(float(value)))
    return scales


@cache
def _unit(column: str) -> str:
    return next(
        (unit for unit in ("_reporting", "_amount", "_at_stake", "_pct", "coverage") if column.endswith(unit)), ""
    )


def _same(wanted: Any, got: Any, scale: float) -> bool:
    """Numbers within 1e-9 of the larger, or of the scale (a difference keeps its parts' noise)."""
    if isinstance(wanted, Fraction) and got is not None:
        number, other = float(wanted), float(got)
        return abs(number - other) <= RELATIVE * max(abs(number), abs(other), scale)
    return bool(wanted == got)


def _shown(value: Any) -> Any:
    return float(value) if isinstance(value, Fraction) else value


def report(differing: Sequence[str], most: int = 20) -> str:
    """The first differences, for a failing test."""
    return "\n".join([f"{len(differing)} differences", *differing[:most]])
