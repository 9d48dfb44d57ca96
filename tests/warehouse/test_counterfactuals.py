"""What the change would have been anyway: the SQL against statsmodels and scipy, on random series (3-benefits.md, 3.6)."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import duckdb
import numpy as np
import numpy.typing as npt
import pytest
import statsmodels.api as sm
from scipy.stats import t as student_t
from statsmodels.tsa.stattools import acf

from tests.warehouse.building import build_warehouse, failures, nodes, run_dbt
from tests.warehouse.reference.calendar import add_months

AS_OF = date(2026, 6, 30)
MONTHS = {"month": 1, "quarter": 3, "year": 12}
DAYS = {"day": 1, "week": 7}
FIRST = {"week": date(2019, 12, 30), "year": date(2012, 1, 1)}
"""The first period's start, else the first of January 2020: each is one of its frequency."""
Numbers = npt.NDArray[np.float64]


@dataclass
class Series:
    """One benefit's measure, and its control's, by period; periods of `missing` are not reported."""

    name: str
    frequency: str
    before: int
    values: Numbers
    control: Numbers | None = None
    missing: set[int] = field(default_factory=set)
    lower_is_better: bool = False

    @property
    def known(self) -> list[int]:
        """The numbers of the pre-periods that are measured."""
        return [number for number in range(self.before) if number not in self.missing]

    @property
    def after(self) -> list[int]:
        """The numbers of the measured periods from the one on in which the output works."""
        return [number for number in range(self.before, len(self.values)) if number not in self.missing]

    def start(self, number: int) -> date:
        """The first day of a period."""
        first = FIRST.get(self.frequency, date(2020, 1, 1))
        if self.frequency in MONTHS:
            return add_months(first, MONTHS[self.frequency] * number)
        return first + timedelta(days=DAYS[self.frequency] * number)


def noise(random: np.random.Generator, periods: int, correlation: float) -> Numbers:
    """Residuals each of which keeps a part of the one before it."""
    found = random.normal(size=periods)
    for number in range(1, periods):
        found[number] += correlation * found[number - 1]
    return found


def drawn() -> Iterator[Series]:
    """Series of every frequency, level and kind of noise, with gaps; some against a control."""
    shapes = [("month", 12, 20), ("month", 30, 70), ("quarter", 13, 20), ("week", 110, 200), ("day", 420, 500)]
    shapes += [("year", 6, 13), ("year", 8, 14)]
    for seed in range(42):
        random = np.random.default_rng(seed)
        frequency, before, periods = shapes[seed // 2 % len(shapes)]
        level, slope, size = 10.0 ** random.integers(-2, 7), random.normal(), 10.0 ** random.integers(-1, 2)
        numbers = np.arange(periods, dtype=float)
        moved = noise(random, periods, random.choice([-0.6, 0.0, 0.5, 0.9, 1.0]))
        shared = level + size * (slope * numbers / 10 + moved)
        own = size * noise(random, periods, random.choice([0.0, 0.7]))
        gaps = set(random.choice(np.arange(1, periods), size=before // 6 if before > 13 else 0, replace=False).tolist())
        yield Series(
            f"{'control' if seed % 2 else 'trend'}-{frequency}-{seed}",
            frequency,
            before,
            shared + own if seed % 2 else shared,
            shared if seed % 2 else None,
            gaps,
            lower_is_better=seed % 3 == 0,
        )
    yield Series("trend-exact", "month", 24, 0.1 + 0.3 * np.arange(40.0))
    yield Series("control-exact", "month", 24, 0.7 + np.sin(np.arange(40.0)), np.sin(np.arange(40.0)))


SERIES = {series.name: series for series in drawn()}


def raw() -> dict[str, list[dict[str, Any]]]:
    """Each series as a KPI, its control another, and a benefit whose one output is delivered after the pre-periods."""
    tables: dict[str, list[dict[str, Any]]] = {
        name: [] for name in ("kpi", "kpi_reading", "benefit", "output", "dependency")
    }
    for name, series in SERIES.items():
        first, works = series.start(0), series.start(series.before)
        for kpi, values in ((name, series.values), (f"{name}-other", series.control)):
            if values is None:
                continue
            tables["kpi"].append({"kpi_id": kpi, "name": kpi, "unit": "days", "frequency": series.frequency})
            tables["kpi_reading"] += [
                {"kpi_id": kpi, "period_start": series.start(number), "value": repr(float(value))}
                for number, value in enumerate(values)
                if kpi != name or number not in series.missing
            ]
        is_controlled = series.control is not None
        baseline = float(series.values[0])
        tables["benefit"].append(
            {"benefit_id": name, "name": name, "kind": "benefit", "kpi_id": name, "start_date": first}
            | {"target_date": AS_OF, "baseline_value": baseline, "end_date": AS_OF}
            | {"target_value": baseline + (-1 if series.lower_is_better else 1)}
            | {"counterfactual": "control" if is_controlled else "trend"}
            | {"control_kpi_id": f"{name}-other" if is_controlled else None}
        )
        tables["output"].append({"output_id": name, "name": name, "baseline_date": works, "delivered_date": works})
        tables["dependency"].append({"from_type": "output", "from_id": name, "to_type": "benefit", "to_id": name})
    return tables


@pytest.fixture(scope="module")
def warehouse(tmp_path_factory: pytest.TempPathFactory) -> Iterator[duckdb.DuckDBPyConnection]:
    """All series through the warehouse."""
    database = tmp_path_factory.mktemp("series") / "benefits.duckdb"
    assert failures(build_warehouse(database, raw(), only="benefit_period", as_of=AS_OF.isoformat())) == []
    with duckdb.connect(str(database), read_only=True) as connection:
        yield connection


@dataclass(frozen=True)
class Told:
    """What would have been in one period, and the half of the interval that holds it with 95%."""

    value: float
    margin: float


def widening(residuals: Numbers) -> float:
    """How much the interval grows with the lag-1 autocorrelation of the residuals, held to [0, 0.95]."""
    held = min(0.95, max(0.0, float(acf(residuals, nlags=1, fft=False)[1])))
    return math.sqrt((1 + held) / (1 - held))


def by_trend(series: Series) -> dict[int, Told]:
    """The prediction of ordinary least squares, values and ordinals counted from the first."""
    known, after = series.known, [n for n in series.after if n <= 2 * series.known[-1] - series.known[0]]
    origin = series.values[known[0]]
    fit = sm.OLS(series.values[known] - origin, sm.add_constant(np.array(known, dtype=float))).fit()
    found = fit.get_prediction(np.column_stack([np.ones(len(after)), after])).summary_frame(alpha=0.05)
    factor = widening(fit.resid)
    return {
        number: Told(origin + mean, factor * (high - mean))
        for number, mean, high in zip(after, found["mean"], found["obs_ci_upper"], strict=True)
    }


def by_control(series: Series) -> dict[int, Told]:
    """A new observation of the difference between measure and control, on top of the control as it is."""
    assert series.control is not None
    apart = (series.values - series.control)[series.known]
    fit = sm.OLS(apart - apart[0], np.ones(len(apart))).fit()
    found = fit.get_prediction(np.ones((1, 1))).summary_frame(alpha=0.05).iloc[0]
    margin = widening(fit.resid) * float(found["obs_ci_upper"] - found["mean"])
    return {number: Told(float(series.control[number] + apart[0] + found["mean"]), margin) for number in series.after}


def rows_of(connection: duckdb.DuckDBPyConnection, name: str) -> dict[date, tuple[Any, ...]]:
    """What the SQL says of each measured period from the day on that the output works."""
    rows = connection.execute(
        "select period_start, counterfactual_used, counterfactual_value, attributable_improvement, attributable_low, "
        "attributable_high, evidence_grade from marts.benefit_period "
        "where benefit_id = ? and is_measured and counterfactual_used is not null",
        [name],
    ).fetchall()
    return {row[0]: row[1:] for row in rows}


@pytest.mark.parametrize("name", [name for name in SERIES if not name.endswith("-exact")])
def test_what_would_have_been_is_what_statsmodels_says(warehouse: duckdb.DuckDBPyConnection, name: str) -> None:
    series = SERIES[name]
    method, grade, told = (
        ("trend", "B", by_trend(series)) if series.control is None else ("control", "A", by_control(series))
    )
    assert told
    found = rows_of(warehouse, name)
    assert sorted(found) == [series.start(number) for number in series.after]
    scale = float(np.abs(series.values).max())
    for number in series.after:
        used, value, attributable, low, high, graded = found[series.start(number)]
        if number not in told:
            assert (used, value, attributable, low, high, graded) == ("expired", None, None, None, None, "C")
            continue
        assert (used, graded) == (method, grade)
        sign = -1 if series.lower_is_better else 1
        assert value == pytest.approx(told[number].value, rel=0, abs=1e-9 * scale)
        assert attributable == pytest.approx(
            sign * (series.values[number] - told[number].value), rel=0, abs=1e-9 * scale
        )
        assert (attributable - low, high - attributable) == pytest.approx((told[number].margin,) * 2, rel=1e-9)


def test_both_expired_and_young_trends_were_asked() -> None:
    ages = {number in by_trend(one) for one in SERIES.values() if one.control is None for number in one.after}
    assert ages == {True, False}


def test_a_control_s_effect_is_the_interaction_of_a_difference_in_differences(
    warehouse: duckdb.DuckDBPyConnection,
) -> None:
    """Least squares with a dummy for the treated, one for the one period after, and their product."""
    for name, series in SERIES.items():
        if series.control is None:
            continue
        found = rows_of(warehouse, name)
        number, n = series.after[-1], len(series.known) + 1
        both = np.concatenate([series.values[[*series.known, number]], series.control[[*series.known, number]]])
        treated, post = np.repeat([1.0, 0.0], n), np.tile(np.eye(n)[-1], 2)
        fit = sm.OLS(both - both[0], np.column_stack([np.ones(2 * n), treated, post, treated * post])).fit()
        effect = (-1 if series.lower_is_better else 1) * fit.params[3]
        scale = float(np.abs(both).max())
        assert found[series.start(number)][2] == pytest.approx(effect, rel=0, abs=1e-9 * scale)


@pytest.mark.parametrize("name", ["trend-exact", "control-exact"])
def test_a_measure_that_never_left_its_line_has_no_interval(warehouse: duckdb.DuckDBPyConnection, name: str) -> None:
    series, found = SERIES[name], rows_of(warehouse, name)
    _, value, attributable, low, high, _ = found[series.start(series.before)]
    assert value == pytest.approx(series.values[series.before], rel=1e-12)
    assert low == attributable == high == pytest.approx(0, abs=1e-12)


def test_the_quantile_of_student_s_t_is_scipy_s_at_any_degrees_of_freedom(tmp_path: Path) -> None:
    database = tmp_path / "benefits.duckdb"
    assert failures(build_warehouse(database, {}, command=("seed", "--select", "student_t"))) == []
    compiled = run_dbt(database, ("compile", "--inline", "{{ student_t('asked.df', 'student_t.quantile') }}"))
    (node,) = nodes(compiled)
    quantile_of = node.node.to_dict()["compiled_code"]
    asked = [*range(1, 400), 500, 5_000, 100_000]
    with duckdb.connect(str(database), read_only=True) as connection:
        found = connection.execute(
            f"select asked.df, {quantile_of} from (select unnest(?) as df) as asked "
            "left join core.student_t as student_t on asked.df = student_t.df order by asked.df",
            [asked],
        ).fetchall()
        assert connection.execute("select min(df), max(df), count(*) from core.student_t").fetchall() == [(1, 200, 200)]
    assert [df for df, _ in found] == asked
    for df, quantile in found:
        assert quantile == pytest.approx(student_t.ppf(0.975, df), rel=1e-9, abs=0)
