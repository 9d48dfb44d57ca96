"""Night after night a build makes anew only what could come out otherwise: it must be what a full build makes."""

from __future__ import annotations

import shutil
from datetime import date, datetime, timedelta
from pathlib import Path
from random import Random
from typing import Any

import duckdb
import pytest

from pipelines import transform, warehouse
from pipelines.contracts import Contract, load_contracts
from pipelines.settings import Settings
from pipelines.transform import running
from pipelines.transform.steps import Step
from tests.relations import assert_same
from tests.warehouse import portfolios, reference
from tests.warehouse.building import fill_warehouse, insert

FIRST = date(2026, 6, 30)
RECEIVED = datetime(2026, 7, 1)
SCHEMAS = ("core", "gaps", "marts", "meta")
PORTFOLIOS = 8
NIGHTS = 5
CONTRACTS = load_contracts(Settings.contracts)


@pytest.mark.parametrize("seed", [7, *(pytest.param(seed, marks=pytest.mark.soak) for seed in range(100, 120))])
def test_night_after_night_the_warehouse_is_the_one_that_a_full_build_makes(seed: int, tmp_path: Path) -> None:
    random = Random(seed)
    settings = Settings(home=tmp_path, feeds=tmp_path / "feeds")
    database, anew = tmp_path / "benefits.duckdb", tmp_path / "anew.duckdb"
    _fill(database, seed)
    as_of = FIRST
    for number in range(NIGHTS):
        stands = transform.Standing(as_of, RECEIVED + timedelta(days=number + 1), number + 1, is_forward=True)
        transform.build_file(settings, database, stands)
        shutil.copyfile(database, anew)
        transform.build_file(settings, anew, stands, full=True)
        for schema in SCHEMAS:
            assert_same(database, anew, schema, apart_from=frozenset({"made", "latest_build"}))
        as_of += timedelta(days=random.choice([0, 0, 1, 40]))
        _deliver(database, random, number)


def test_only_what_could_come_out_otherwise_is_made(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    settings = Settings(home=tmp_path, feeds=tmp_path / "feeds")
    database = tmp_path / "benefits.duckdb"
    made: set[str] = set()
    run = running._run

    def noted(connection: duckdb.DuckDBPyConnection, step: Step, *rest: Any) -> None:
        made.add(step.name)
        run(connection, step, *rest)

    def build(number: int, full: bool = False) -> set[str]:
        made.clear()
        stands = transform.Standing(FIRST, RECEIVED + timedelta(days=number), number, is_forward=True)
        transform.build_file(settings, database, stands, full)
        return set(made)

    monkeypatch.setattr(running, "_run", noted)
    _fill(database, 7)
    everything = build(1)
    assert everything > {"network_share", "period_figure", "benefit_register", "gap_catalogue"}
    assert build(1) == set()
    assert {"benefit", "gap_build"} < build(2) < everything - {"benefit_plan", "benefit_register", "gap_catalogue"}
    _deliver(database, Random(1), 2, "kpi_reading")
    assert {"period_figure", "split_figure"} < build(3) < everything - {"network_share", "schedule_figure"}
    assert build(3, full=True) == everything


def _fill(database: Path, seed: int) -> None:
    settings = reference.Settings(FIRST)
    drawn = [portfolios.portfolio(seed * 1000 + number, f"p{number}", settings) for number in range(PORTFOLIOS)]
    every, _ = portfolios.stamped(portfolios.merged(iter(drawn), settings))
    fill_warehouse(database, portfolios.raw(every), portfolios.ledger(every), CONTRACTS)


def _deliver(database: Path, random: Random, number: int, *names: str) -> None:
    """Rows of a few contracts once more, each with the value that another row has in one of the columns."""
    with duckdb.connect(str(database)) as connection:
        for name in names or random.sample(sorted(CONTRACTS), random.choice([0, 1, 1, 3])):
            rows = connection.execute(f"select * exclude (_feed, _batch_id, _row, _key) from raw.{name}").fetch_df()
            records = rows.astype(object).where(rows.notna(), None).to_dict("records")
            facts = [{str(column): value for column, value in record.items()} for record in records]
            if facts:
                _commit(connection, CONTRACTS[name], _changed(CONTRACTS[name], facts, random), number)
        connection.execute("update meta.delivery set root_id = coalesce(root_id, delivery_id)")
        warehouse.settle(connection, RECEIVED + timedelta(days=number + 2))


def _changed(contract: Contract, facts: list[dict[str, Any]], random: Random) -> list[dict[str, Any]]:
    keys = {column.name for column in contract.keys}
    columns = [column.name for column in contract.columns if column.name not in keys]
    chosen = random.sample(facts, min(len(facts), random.randint(1, 4)))
    return [
        fact if not columns else fact | {column: random.choice(facts)[column]}
        for fact in chosen
        for column in [random.choice(columns or [""])]
    ]


def _commit(
    connection: duckdb.DuckDBPyConnection, contract: Contract, facts: list[dict[str, Any]], number: int
) -> None:
    received = RECEIVED + timedelta(days=number, hours=20)
    named = {
        "delivery_id": f"{received:%Y%m%dT%H%M%S}-{contract.name}",
        "feed": "test",
        "batch_id": f"{number}{contract.name}",
    }
    mapped = f",{','.join(column.name for column in contract.columns)},"
    insert(connection, "meta.delivery", [named | {"received_at": received, "status": "accepted", "mode": "delta"}])
    entry = named | {"contract": contract.name, "mapped_columns": mapped, "unreadable_keys": 0, "rejected": 0}
    insert(connection, "meta.delivery_contract", [entry])
    stamp = {"_feed": "test", "_batch_id": named["batch_id"]}
    insert(connection, f"raw.{contract.name}", [fact | stamp | {"_row": line} for line, fact in enumerate(facts, 2)])
    connection.execute(f"update raw.{contract.name} set _key = {warehouse.key_of(contract)}")
