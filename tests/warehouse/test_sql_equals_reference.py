"""The SQL against the reference, row by row, over random portfolios; many portfolios share one build."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from fractions import Fraction
from typing import Any

import duckdb
import pytest

from tests.warehouse import comparison
from tests.warehouse.building import BUILD, build_warehouse, failures
from tests.warehouse.comparison import Table, differences, report, rows_of
from tests.warehouse.portfolios import (
    Portfolio,
    in_small_numbers,
    in_smaller_unit,
    ledger,
    merged,
    on_the_bound,
    portfolio,
    raw,
    stamped,
)
from tests.warehouse.reference import Reckoning, Settings, read_world

MODELS_ALONE = (*BUILD, "test")  # through dbt itself, as is every build with a variable that no setting sets
ENABLING_SHARE = Settings.enabling_share  # dbt_project.yml's too


@dataclass(frozen=True)
class Plan:
    """One build: its inputs, its portfolios, and how many of them come a second time in another unit."""

    settings: Settings
    first_seed: int
    portfolios: int
    twins: int = 0
    command: Sequence[str] = MODELS_ALONE

    def __str__(self) -> str:
        seeds = f"{self.first_seed}-{self.first_seed + self.portfolios - 1}"
        return f"{self.settings.as_of}, year from month {self.settings.fiscal_year_start}, seeds {seeds}"


@dataclass(frozen=True)
class Built:
    """What both sides say."""

    plan: Plan
    found: Reckoning
    connection: duckdb.DuckDBPyConnection


DAILY = [
    Plan(Settings(date(2026, 6, 30)), 0, 40, twins=12, command=BUILD),
    Plan(Settings(date(2024, 2, 29), fiscal_year_start=4, enabling_share=Fraction(3, 10)), 1000, 50),
]
SOAK = [
    Plan(Settings(date(2026, 5, 13), fiscal_year_start=10), 2000, 500),
    Plan(Settings(date(2025, 12, 31), fiscal_year_start=2), 3000, 500, twins=150),
    Plan(Settings(date(2027, 1, 3), currency="EUR", fiscal_year_start=12), 4000, 500, command=BUILD),
    Plan(Settings(date(2028, 3, 1), enabling_share=Fraction(0)), 5000, 500),
]


@pytest.fixture(
    scope="module", params=[*DAILY, *(pytest.param(plan, marks=pytest.mark.soak) for plan in SOAK)], ids=str
)
def built(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Built]:
    """The portfolios of a plan, through dbt and through the reference."""
    plan: Plan = request.param
    settings = plan.settings
    every, current = stamped(merged(drawn(plan), settings))
    database = tmp_path_factory.mktemp("portfolios") / "benefits.duckdb"
    others: dict[str, Any] = {}
    if settings.enabling_share != ENABLING_SHARE:
        others["enabling_share"] = float(settings.enabling_share)
    result = build_warehouse(
        database,
        raw(every),
        ledger(every),
        command=plan.command,
        as_of=settings.as_of.isoformat(),
        reporting_currency=settings.currency,
        fiscal_year_start=settings.fiscal_year_start,
        **others,
    )
    assert failures(result) == []
    with duckdb.connect(str(database), read_only=True) as connection:
        yield Built(plan, Reckoning(read_world(current, settings)), connection)


def drawn(plan: Plan) -> Iterator[Portfolio]:
    """The portfolios of a plan, `p<seed>`, and those that come again in a unit eight times smaller, `t<seed>`."""
    yield on_the_bound(plan.settings)
    yield in_small_numbers(plan.settings)
    for number in range(plan.portfolios):
        seed = plan.first_seed + number
        one = portfolio(seed, f"p{seed}", plan.settings)
        yield one
        if number < plan.twins:
            yield in_smaller_unit(one, f"t{seed}", 8)


@pytest.mark.parametrize(
    ("wanted", "table", "keys"),
    [
        (comparison.kpi_periods, "core.kpi_period", "kpi_id, dimension, period_start"),
        (comparison.edges, "core.network_edge", "from_type, from_id, to_type, to_id"),
        (comparison.links, "core.output_share", "output_id, benefit_id"),
        (comparison.output_benefits, "marts.output_benefit", "output_id, benefit_id"),
        (comparison.deliveries, "core.benefit_delivery", "benefit_id"),
        (comparison.benefit_periods, "marts.benefit_period", "benefit_id, period_start"),
        (comparison.register, "marts.benefit_register", "benefit_id"),
        (comparison.class_ratios, "core.class_ratio", "kind, category"),
        (comparison.benefit_ratios, "core.benefit_ratio", "benefit_id"),
        (comparison.outlooks, "core.benefit_outlook", "benefit_id, period_start"),
        (comparison.completions, "core.benefit_completion", "benefit_id"),
        (comparison.forecasts, "marts.benefit_forecast", "benefit_id, period_start"),
        (comparison.reference_classes, "marts.reference_class", "measure, kind, reference_class, is_all"),
        (comparison.project_values, "marts.project_value", "project_id"),
        (comparison.programme_values, "marts.programme_value", "programme"),
        (comparison.portfolio_values, "marts.portfolio_value", "portfolio"),
        (comparison.objective_alignments, "marts.objective_alignment", "objective_id"),
        (comparison.resource_loads, "marts.resource_load", "role, period_start"),
    ],
    ids=[
        "KPI periods",
        "network edges",
        "shares of outputs",
        "links of outputs",
        "deliveries",
        "benefit periods",
        "register",
        "ratios of classes",
        "ratios of benefits",
        "outlooks",
        "completions",
        "forecasts",
        "reference classes",
        "values of projects",
        "values of programmes",
        "values of portfolios",
        "alignment with objectives",
        "loads of roles",
    ],
)
def test_the_sql_says_what_the_definition_says(
    built: Built, wanted: Callable[[Reckoning], Table], table: str, keys: str
) -> None:
    actual = rows_of(built.connection, f"select {keys}, * from {table}", keys.count(",") + 1)
    expected = wanted(built.found)
    assert expected
    found = differences(expected, actual)
    assert not found, report(found)


def test_the_gaps_are_those_of_the_catalogue_and_no_others(built: Built) -> None:
    severities = dict(built.connection.execute("select gap_code, severity from core.gap_catalogue").fetchall())
    actual = rows_of(
        built.connection, "select gap_code, subject_type, subject_id, * from marts.realisation_gap", keys=3
    )
    found = differences(comparison.gaps(built.found, severities), actual)
    assert not found, report(found)


def test_every_code_of_the_catalogue_occurs(built: Built) -> None:
    missing = """
        select gap_code from core.gap_catalogue where gap_code not in (select gap_code from marts.realisation_gap)
    """
    assert built.connection.execute(missing).fetchall() == []


def test_every_gap_is_what_came_late_and_what_came_without_effect(built: Built) -> None:
    unequal = """
        select count(*) from marts.benefit_period
        where
            abs(delivery_gap + realisation_gap - total_gap) > 1e-9 * greatest(abs(planned_value), abs(actual_value), 1)
            or (total_gap is null) <> (delivery_gap is null or realisation_gap is null)
    """
    assert built.connection.execute(unequal).fetchall() == [(0,)]


def test_settled_weights_into_a_node_never_exceed_the_whole(built: Built) -> None:
    most = """
        select max(total) from (
            select sum(effective_weight) as total from core.network_edge group by to_type, to_id
        ) as nodes
    """
    ((total,),) = built.connection.execute(most).fetchall()
    assert 0.99 < total <= 1 + 1e-9


def test_periods_are_numbered_one_after_the_other(built: Built) -> None:
    steps = """
        select distinct
            period_ordinal - lag(period_ordinal) over (partition by benefit_id order by period_start) as step
        from core.benefit_split
        qualify step is not null
    """
    assert built.connection.execute(steps).fetchall() == [(1,)]


def test_counting_in_a_smaller_unit_changes_no_amount_and_no_gap(built: Built) -> None:
    if not built.plan.twins:
        pytest.skip("no portfolio comes twice in this build")
    amounts = """
        select count(*), count(case when one.rag <> twin.rag then 1 end), count(twin.benefit_id),
            max(abs(one.planned_amount - twin.planned_amount) / greatest(abs(one.planned_amount), 1)),
            max(abs(one.rephased_amount - twin.rephased_amount) / greatest(abs(one.rephased_amount), 1)),
            max(abs(one.actual_amount - twin.actual_amount) / greatest(abs(one.actual_amount), 1))
        from marts.benefit_period as one
        left join marts.benefit_period as twin
            on one.benefit_id = 'p' || substr(twin.benefit_id, 2) and one.period_start = twin.period_start
        where substr(twin.benefit_id, 1, 1) = 't'
    """
    ((rows, recoloured, paired, *off),) = built.connection.execute(amounts).fetchall()
    assert rows == paired > 0
    assert recoloured == 0
    assert max(off) < 1e-9
    values = """
        select count(*), count(twin.project_id),
            max(abs(one.planned_benefit - twin.planned_benefit) / greatest(abs(one.planned_benefit), 1)),
            max(abs(one.realised_benefit - twin.realised_benefit) / greatest(abs(one.realised_benefit), 1)),
            max(abs(one.forecast_benefit - twin.forecast_benefit) / greatest(abs(one.forecast_benefit), 1)),
            max(abs(one.cost_to_date - twin.cost_to_date) / greatest(abs(one.cost_to_date), 1))
        from marts.project_value as one
        left join marts.project_value as twin on one.project_id = 'p' || substr(twin.project_id, 2)
        where substr(twin.project_id, 1, 1) = 't'
    """
    ((rows, paired, *off),) = built.connection.execute(values).fetchall()
    assert rows == paired > 0
    assert max(off) < 1e-9
    gaps = """
        select gap_code, substr(subject_id, 2) from marts.realisation_gap
        where substr(subject_id, 1, 1) = ? and cast(split_part(substr(subject_id, 2), '.', 1) as integer) < ?
            and subject_type <> 'edge'
    """
    bound = built.plan.first_seed + built.plan.twins
    one, twin = (sorted(built.connection.execute(gaps, [letter, bound]).fetchall()) for letter in "pt")
    assert one == twin
