"""Versions and current rows against the reference, at every moment of many random histories."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import duckdb
import pytest

from tests.warehouse.building import failures, run_dbt
from tests.warehouse.comparison import report
from tests.warehouse.histories import CONTRACTS, DAY, DEPENDENCY, PROJECT
from tests.warehouse.reference_versions import Contract, Delivery
from tests.warehouse.versioning import (
    VERSIONS,
    Plan,
    columns,
    differences,
    differences_at_every_moment,
    expected,
    load,
    make_warehouse,
    read,
    styles,
)

KNOWN_AT = DAY + timedelta(days=3, minutes=30)

DAILY = [Plan(styles("scr", "c", "sr", "s", "r"), 0, 60)]
SOAK = [
    Plan(styles("sc", "sr", "scr", "cr", ""), 2000, 400),
    Plan(styles("cr", "scr", "c", "r", "sr"), 3000, 400),
    Plan(styles("s", "", "r", "sc", "scr"), 4000, 400),
]


@dataclass(frozen=True)
class Built:
    """The histories of each contract, and the warehouse they made."""

    plan: Plan
    histories: Mapping[Contract, list[list[Delivery]]]
    connection: duckdb.DuckDBPyConnection


@pytest.fixture(
    scope="module", params=[*DAILY, *(pytest.param(plan, marks=pytest.mark.soak) for plan in SOAK)], ids=str
)
def built(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Built]:
    """The histories of a plan, through the version models."""
    plan: Plan = request.param
    histories = plan.draw()
    database = tmp_path_factory.mktemp("histories") / "benefits.duckdb"
    make_warehouse(database)
    load(database, histories)
    result = run_dbt(
        database,
        ("run", "--select", *VERSIONS, "project", "dependency"),
        as_of="2100-01-01",
        known_at=f"{KNOWN_AT:%Y-%m-%d %H:%M:%S.%f}",
    )
    assert failures(result) == []
    with duckdb.connect(str(database), read_only=True) as connection:
        yield Built(plan, histories, connection)


@pytest.mark.parametrize("contract", CONTRACTS, ids=lambda contract: contract.name)
def test_the_versions_say_what_was_current_at_every_moment(built: Built, contract: Contract) -> None:
    found = differences_at_every_moment(built.connection, contract, built.histories[contract])
    assert not found, report(found)


@pytest.mark.parametrize("contract", CONTRACTS, ids=lambda contract: contract.name)
def test_every_row_ever_accepted_is_in_the_history(built: Built, contract: Contract) -> None:
    if built.plan.styles[contract].has_different_columns:
        pytest.skip("a row of which a part is still current is shown as a part of the current row")
    missing = f"""
        select count(*) from (
            select {columns(contract.keys)}, _feed, _batch_id from raw.{contract.name}
            except
            select {columns(contract.keys)}, _feed, _batch_id from staging.{contract.name}_version
        ) as missing
    """
    assert built.connection.execute(missing).fetchall() == [(0,)]


@pytest.mark.parametrize(
    ("contract", "default"),
    [(PROJECT, {"currency": "GBP"}), (DEPENDENCY, {"lag_days": 0})],
    ids=["project", "dependency"],
)
def test_core_shows_the_rows_known_at_a_moment_with_their_defaults(
    built: Built, contract: Contract, default: dict[str, Any]
) -> None:
    def with_default(values: tuple[Any, ...]) -> tuple[Any, ...]:
        named = zip(contract.columns, values, strict=True)
        return tuple(default.get(column) if value is None else value for column, value in named)

    query = f"select {columns(contract.columns)}, _feed, _batch_id from core.{contract.name}"
    shown = read(built.connection, contract, query)
    found = differences(expected(contract, built.histories[contract], KNOWN_AT), shown, with_default)
    assert not found, report(found)
