"""Versions brought up to date load by load, against versions made anew and against the reference."""

from __future__ import annotations

import shutil
from datetime import date, datetime
from pathlib import Path
from typing import Any

import duckdb
import pytest

from pipelines.settings import Settings
from pipelines.transform import Standing, build_file
from tests.warehouse.comparison import report
from tests.warehouse.histories import increments
from tests.warehouse.reference_versions import Contract, Delivery
from tests.warehouse.versioning import Plan, differences_at_every_moment, load, make_warehouse, styles

Loads = list[dict[Contract, list[list[Delivery]]]]

STEPS = 4
DAILY = [Plan(styles("scr", "c", "sr", "sc", "r"), 100, 40)]
SOAK = [
    Plan(styles("sc", "sr", "scr", "cr", ""), 5000, 300),
    Plan(styles("cr", "scr", "c", "r", "sr"), 6000, 300),
    Plan(styles("s", "", "r", "sc", "scr"), 7000, 300),
]


@pytest.mark.parametrize("plan", [*DAILY, *(pytest.param(plan, marks=pytest.mark.soak) for plan in SOAK)], ids=str)
def test_load_by_load_the_versions_are_those_made_anew_and_those_of_the_reference(plan: Plan, tmp_path: Path) -> None:
    database = tmp_path / "benefits.duckdb"
    make_warehouse(database)
    for number, loaded in enumerate(_loads(plan)):
        load(database, loaded)
        _bring_up_to_date(database)
        anew = _made_anew(database)
        with duckdb.connect(str(database), read_only=True) as connection:
            connection.execute(f"attach '{anew}' as anew (read_only)")
            for contract, histories in loaded.items():
                found = _rows_that_differ(connection, contract)
                assert not found, f"load {number}: {found[:3]}"
                wrong = differences_at_every_moment(connection, contract, histories)
                assert not wrong, f"load {number}: {report(wrong)}"


def _loads(plan: Plan) -> Loads:
    """The histories as they stand in the ledger after each load."""
    steps: Loads = [{} for _ in range(STEPS)]
    for contract, histories in plan.draw().items():
        for deliveries in histories:
            for step, held in zip(steps, increments(plan.first_seed, deliveries, STEPS), strict=True):
                if held:
                    step.setdefault(contract, []).append(held)
    return steps


def _bring_up_to_date(database: Path, full: bool = False) -> None:
    """As a build does it, with as little of the rest of a build as there can be."""
    settings = Settings(home=database.parent, feeds=database.parent / "feeds")
    stands = Standing(date(2026, 6, 30), datetime(2026, 7, 1), None, is_forward=False)
    build_file(settings, database, stands, full, only="objective")


def _made_anew(database: Path) -> Path:
    """A copy whose versions are made anew."""
    anew = database.with_name("anew.duckdb")
    shutil.copyfile(database, anew)
    _bring_up_to_date(anew, full=True)
    return anew


def _rows_that_differ(connection: duckdb.DuckDBPyConnection, contract: Contract) -> list[Any]:
    """Rows of one table that the other has not, or not as often."""
    here, there = (f"select * from {schema}.{contract.name}_version" for schema in ("staging", "anew.staging"))
    return connection.execute(
        f"(select 'only here', * from ({here} except all {there})) "
        f"union all (select 'only anew', * from ({there} except all {here})) order by all"
    ).fetchall()
