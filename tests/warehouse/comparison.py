"""What the reference says, as tables of the warehouse, and where two tables differ."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from fractions import Fraction
from functools import cache
from typing import Any

import duckdb

from tests.warehouse.reference import Gap, Realisation, Reckoning, is_live, open_gaps, output_link
from tests.warehouse.reference.alignment import alignment
from tests.warehouse.reference.distribution import Spread
from tests.warehouse.reference.facts import Benefit, Project
from tests.warehouse.reference.groups import group_value
from tests.warehouse.reference.plan import improvement_sign, last_day
from tests.warehouse.reference.realisation import MEASURES, BenefitPeriod

Cells = Mapping[str, Any]
Table = dict[tuple[Any, ...], Cells]

RELATIVE = 1e-9
NEGLIGIBLE = 1e-3
"""A scale on which no KPI is measured: the mean of 0.1, 0.2 and -0.3 need not be 0 to the last bit."""
UNITS = (
    "_reporting",
    "_amount",
    "_at_stake",
    "realisation_pct",
    "_pct",
    "coverage",
    "_ratio",
    "_share",
    "bcr",
    "roi",
    "spi",
    "cpi",
)
"""By a column's end: money and ratios, which are not compared by the scale of the row's other figures."""
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


def benefit_periods(found: Reckoning) -> Table:
    """`marts.benefit_period`."""
    return {
        (name, row.period.period_start): {
            **_cells(row.period),
            "counterfactual_value": row.counterfactual,
            "counterfactual_used": row.used,
            "attributable_improvement": row.attributable,
            "attributable_low": row.low,
            "attributable_high": row.high,
            "claimed_improvement": row.claimed,
            "evidence_grade": row.grade,
        }
        for name, rows in found.evidence.items()
        for row in rows
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


def register(found: Reckoning) -> Table:
    """`marts.benefit_register`, but for the contract's columns."""
    return {
        (name,): {
            **_registered(found, benefit),
            "is_intermediate": found.value.is_between(benefit),
            **_completed(found, name),
        }
        for name, benefit in found.world.benefits.items()
    }


def _completed(found: Reckoning, benefit_id: str) -> Cells:
    completion, ratios = found.forecast.completions[benefit_id], found.forecast.ratios.get(benefit_id)
    return {
        "forecast_at_completion": completion.forecast,
        "forecast_at_completion_amount": completion.forecast_amount,
        "forecast_at_completion_amount_reporting": completion.forecast_reporting,
        "rephased_at_completion": completion.rephased,
        "unmeasured_share": completion.unmeasured_share,
        "forecast_basis": ratios.basis if ratios else None,
        "forecast_ratio": ratios.p50 if ratios else None,
    }


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
    }


def class_ratios(found: Reckoning) -> Table:
    """`core.class_ratio`."""
    table: Table = {}
    for kind, category in found.forecast.classes():
        basis, spread = found.forecast.settled(kind, category)
        table[kind, category] = {"basis": basis, **_percentiles(spread, 10, 50, 90)}
    return table


def benefit_ratios(found: Reckoning) -> Table:
    """`core.benefit_ratio`."""
    return {
        (name,): {
            "own_ratio": ratios.own,
            "own_periods": ratios.own_periods,
            "ratio_p10": ratios.p10,
            "ratio": ratios.p50,
            "ratio_p90": ratios.p90,
            "forecast_basis": ratios.basis,
        }
        for name, ratios in found.forecast.ratios.items()
    }


def outlooks(found: Reckoning) -> Table:
    """`core.benefit_outlook`."""
    return {
        (name, row.period.period_start): {
            "period_end": row.period.period_end,
            "outlook": row.state,
            **_money("rephased_", row.period, row.rephased),
            **_money("p10_", row.period, row.p10),
            **_money("", row.period, row.p50),
            **_money("p90_", row.period, row.p90),
        }
        for name, rows in found.forecast.outlooks.items()
        for row in rows
    }


def forecasts(found: Reckoning) -> Table:
    """`marts.benefit_forecast`."""
    return {
        (name, row.period.period_start): {
            "period_end": row.period.period_end,
            **_money("p10_", row.period, row.p10),
            **_money("p50_", row.period, row.p50),
            **_money("p90_", row.period, row.p90),
            "currency": found.world.benefits[name].currency,
            "forecast_basis": found.forecast.ratios[name].basis,
        }
        for name, rows in found.forecast.outlooks.items()
        for row in rows
        if row.state == "forecast"
    }


def _money(prefix: str, period: BenefitPeriod, improvement: Fraction) -> Cells:
    worth = period.worth(improvement)
    is_converted = worth is not None and worth.rate is not None
    return {
        f"{prefix}improvement": improvement,
        f"{prefix}amount": worth.amount if worth else None,
        f"{prefix}amount_reporting": worth.reporting if worth and is_converted else None,
    }


def completions(found: Reckoning) -> Table:
    """`core.benefit_completion`, of benefits with a curve and periods."""
    return {
        (name,): {
            "forecast_at_completion": completion.forecast,
            "rephased_at_completion": completion.rephased,
            "forecast_at_completion_amount": completion.forecast_amount,
            "rephased_at_completion_amount": completion.rephased_amount,
            "forecast_at_completion_amount_reporting": completion.forecast_reporting,
            "rephased_at_completion_amount_reporting": completion.rephased_reporting,
            "realised_amount_reporting": completion.realised_reporting,
            "forecast_to_come_amount_reporting": completion.to_come_reporting,
            "past_periods": completion.past_periods,
            "unmeasured_periods": completion.unmeasured_periods,
            "unmeasured_share": completion.unmeasured_share,
        }
        for name, completion in found.forecast.completions.items()
        if completion.forecast is not None
    }


def reference_classes(found: Reckoning) -> Table:
    """`marts.reference_class`: each class that has a member, by itself, and all of them together."""
    table: Table = {}
    for (kind, category), ratios in found.forecast.members.items():
        table["realisation", kind, category, False] = _spread(ratios)
    for kind in {kind for kind, _ in found.forecast.members}:
        table["realisation", kind, None, True] = _spread(found.forecast.of_kind(kind))
    for measure, optimism in (("cost", found.value.cost_optimism), ("duration", found.value.duration_optimism)):
        for project_type, ratios in optimism.by_type.items():
            table[measure, None, project_type, False] = _spread(ratios)
        if optimism.by_type:
            table[measure, None, None, True] = _spread(optimism.everyone())
    return table


def _spread(ratios: Sequence[Fraction]) -> Cells:
    return {"n": len(ratios), **_percentiles(Spread(tuple(ratios)), 10, 50, 80, 90)}


def _percentiles(spread: Spread, *percents: int) -> Cells:
    return {f"p{percent}": spread.percentile(percent) for percent in percents}


def project_values(found: Reckoning) -> Table:
    """`marts.project_value`."""
    return {(name,): found.value.project_value(project) for name, project in found.world.projects.items()}


def programme_values(found: Reckoning) -> Table:
    """`marts.programme_value`."""
    return _group_values(found, lambda project: project.programme)


def portfolio_values(found: Reckoning) -> Table:
    """`marts.portfolio_value`."""
    return _group_values(found, lambda project: project.portfolio)


def _group_values(found: Reckoning, group_of: Callable[[Project], str | None]) -> Table:
    groups: dict[str, list[Project]] = {}
    for project in found.world.projects.values():
        groups.setdefault(group_of(project) or "", []).append(project)
    return {(name,): group_value(found.value, projects) for name, projects in groups.items()}


def objective_alignments(found: Reckoning) -> Table:
    """`marts.objective_alignment`."""
    return {(name,): cells for name, cells in alignment(found.value).items()}


def resource_loads(found: Reckoning) -> Table:
    """`marts.resource_load`."""
    return {
        key: {
            "planned_fte": load.planned,
            "actual_fte": load.actual,
            "capacity_fte": load.capacity,
            "overload_fte": load.overload,
            "load_pct": load.load_pct,
            "is_overloaded": load.is_overloaded,
        }
        for key, load in found.loads.items()
    }


def gaps(found: Reckoning, severities: Mapping[str, str]) -> Table:
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
    """The row's greatest figure in each unit; of ratios and of money at least 1, of anything at least what is noise.

    What is divided by a small difference of large figures has their noise, and as many times more of it.
    """
    scales = {"": NEGLIGIBLE, **dict.fromkeys(UNITS, 1.0)}
    for column, value in cells.items():
        if isinstance(value, Fraction):
            scales[_unit(column)] = max(scales.get(_unit(column), 0.0), abs(float(value)))
    planned = cells.get("planned_improvement")
    if planned:
        scales["realisation_pct"] = max(1.0, scales[""] / abs(float(planned)))
    return scales


@cache
def _unit(column: str) -> str:
    return next((unit for unit in UNITS if column.endswith(unit)), "")


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
