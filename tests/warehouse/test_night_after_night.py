"""Night after night a build makes anew only what could come out otherwise: it must be what a full build makes."""

from __future__ import annotations

import shutil
from dataclasses import replace
from datetime import date, datetime, timedelta
from pathlib import Path
from random import Random
from typing import Any

import duckdb
import pytest
import yaml

from pipelines import transform, warehouse
from pipelines.contracts import Contract, load_contracts
from pipelines.feeds import readable_feeds
from pipelines.settings import Settings
from pipelines.transform import memory, running
from pipelines.transform.steps import Step
from tests.relations import assert_same
from tests.warehouse import portfolios, reference
from tests.warehouse.building import fill_warehouse, insert

FIRST = date(2026, 6, 30)
RECEIVED = datetime(2026, 7, 1)
SCHEMAS = ("core", "gaps", "marts", "meta")
PORTFOLIOS = 8
SMALL = (memory.SMALL, 20)  # rows; of tables that have more it is not asked whether they come out the same
NIGHTLY = "nightly"  # the feed that brings something in every night
GAINED = "note"  # the column that a contract gains
FEED = {
    "source": {"kind": "landing"},
    "format": {"reader": "csv"},
    "delivers": [{"contract": "objective", "columns": {"objective_id": "id", "name": "name"}}],
}
FEW_ROWS = (running.FEW_ROWS, 0)  # a portfolio that has more is built by several steps at a time
CONTRACTS = load_contracts(Settings.contracts)


@pytest.mark.parametrize(
    ("seed", "kinds"), [(7, 3), *(pytest.param(seed, 4, marks=pytest.mark.soak) for seed in range(100, 120))]
)
def test_night_after_night_the_warehouse_is_the_one_that_a_full_build_makes(
    seed: int, kinds: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    random, settings = Random(seed), _settings(tmp_path)
    database, anew = tmp_path / "benefits.duckdb", tmp_path / "anew.duckdb"
    _fill(settings, seed)
    events = random.sample(EVENTS[:kinds], kinds)
    as_of = FIRST
    for number in range(kinds + 1):
        if number:
            as_of += timedelta(days=random.choice([0, 0, 1, 40]))
            settings = events[number - 1](settings, random, number)
            _deliver(settings, random, number)
        monkeypatch.setattr(memory, "SMALL", random.choice(SMALL))
        monkeypatch.setattr(running, "FEW_ROWS", random.choice(FEW_ROWS))
        stands = transform.Standing(as_of, _known_at(number), number + 1, is_forward=True)
        transform.build_file(settings, database, stands)
        shutil.copyfile(database, anew)
        transform.build_file(settings, anew, stands, full=True)
        for schema in SCHEMAS:
            assert_same(database, anew, schema, apart_from=frozenset({"made", "latest_build"}))


def test_only_what_could_come_out_otherwise_is_made(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    settings, database = _settings(tmp_path), tmp_path / "benefits.duckdb"
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
    _fill(settings, 7)
    everything = build(1)
    assert everything > {"network_share", "period_figure", "benefit_register", "gap_catalogue"}
    assert build(1) == set()
    assert (
        {"gap_build", "feed_health"}
        < build(2)
        < everything - {"benefit", "benefit_plan", "benefit_promise", "gap_catalogue"}
    )
    _deliver(settings, Random(1), 2, "kpi_reading")
    assert (
        {"period_figure", "split_figure"} < build(3) < everything - {"dependency", "network_share", "schedule_figure"}
    )
    assert build(3, full=True) == everything


def test_what_a_night_brings_to_a_large_portfolio_is_compressed_like_the_rest(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings, database = _settings(tmp_path), tmp_path / "benefits.duckdb"
    monkeypatch.setattr(running, "FEW_ROWS", 0)
    _fill(settings, 7)
    for number in (1, 2):
        if number > 1:
            _deliver(settings, Random(1), number, "kpi_reading")
        stands = transform.Standing(FIRST, RECEIVED + timedelta(days=number), number, is_forward=True)
        transform.build_file(settings, database, stands)
    with duckdb.connect(str(database), read_only=True) as connection:
        ways = connection.execute(
            "select column_name, compression from pragma_storage_info('staging.kpi_reading_version') "
            "where segment_type <> 'VALIDITY' and count > 100"
        ).fetchall()
    assert {name for name, way in ways if way == "Uncompressed"} <= {"_key"}  # a hash can be written no shorter
    assert {"kpi_id", "_delivery_id"} <= {name for name, _ in ways}


def _fill(settings: Settings, seed: int) -> None:
    drawing = reference.Settings(FIRST)
    drawn = [portfolios.portfolio(seed * 1000 + number, f"p{number}", drawing) for number in range(PORTFOLIOS)]
    every, _ = portfolios.stamped(portfolios.merged(iter(drawn), drawing))
    database = settings.home / "benefits.duckdb"
    fill_warehouse(database, portfolios.raw(every), portfolios.ledger(every), CONTRACTS)
    with duckdb.connect(str(database)) as connection:
        warehouse.prepare(connection, CONTRACTS, readable_feeds(settings.feeds)[0])


def _settings(home: Path) -> Settings:
    """Two feeds: what fills the warehouse is of the one, what comes night after night is of the other."""
    settings = Settings(home=home, feeds=home / "feeds")
    settings.feeds.mkdir()
    for name in ("test", NIGHTLY):
        (settings.feeds / f"{name}.yml").write_text(yaml.safe_dump(FEED))
    return settings


def _received(number: int) -> datetime:
    return _known_at(number - 1) + timedelta(hours=20)


def _known_at(number: int) -> datetime:
    """The state of knowledge that a night's build speaks of."""
    return RECEIVED + timedelta(days=number + 1)


def _replay(settings: Settings, random: Random, number: int) -> Settings:
    """A delivery is read anew: all of its rows, some or none are found this time; what it said before is withdrawn."""
    new = f"'{_received(number):%Y%m%dT%H%M%S}-replay' as delivery_id, '{number}replay' as batch_id"
    tenths = random.choice([0, 7, 10])
    with duckdb.connect(str(settings.home / "benefits.duckdb")) as connection:
        standing = "select delivery_id, feed, batch_id from meta.delivery where withdrawn_at is null order by 1"
        delivery_id, feed, batch_id = random.choice(connection.execute(standing).fetchall())
        its = f"where delivery_id = '{delivery_id}'"
        for (name,) in connection.execute(f"select contract from meta.delivery_contract {its}").fetchall():
            connection.execute(
                f"insert into raw.{name} select * replace ('{number}replay' as _batch_id) from raw.{name} "
                f"where (_feed, _batch_id) = ('{feed}', '{batch_id}') and hash(_row) % 10 < {tenths}"
            )
        connection.execute(
            f"insert into meta.delivery_contract select * replace ({new}) from meta.delivery_contract {its}"
        )
        new += f", timestamp '{_received(number)}' as received_at, false as built"
        connection.execute(f"insert into meta.delivery select * replace ({new}) from meta.delivery {its}")
    return settings


def _lose_feed(settings: Settings, random: Random, number: int) -> Settings:
    """A feed's file is removed; what it delivered stays."""
    (settings.feeds / f"{NIGHTLY}.yml").unlink()
    return settings


def _change_settings(settings: Settings, random: Random, number: int) -> Settings:
    return replace(settings, currency="EUR", fiscal_year_start=4)


def _gain_column(settings: Settings, random: Random, number: int) -> Settings:
    """A contract gains a column, which deliveries bring from then on."""
    changed = replace(settings, contracts=settings.home / "expectations")
    shutil.copytree(settings.contracts, changed.contracts)
    path = changed.contracts / "output.yml"
    document = yaml.safe_load(path.read_text())
    gained = {"name": GAINED, "logicalType": "string", "physicalType": "varchar"}
    document["schema"][0]["properties"].append(gained | {"businessName": "Note", "description": "What is to be noted."})
    path.write_text(yaml.safe_dump(document))
    return changed


EVENTS = (_replay, _lose_feed, _change_settings, _gain_column)  # dbt compiles the project anew for each of the last two


def _deliver(settings: Settings, random: Random, number: int, *names: str) -> None:
    """Rows of a few contracts once more, each with the value that another row has in one of the columns.

    The ledger is brought up to date as a load does it.
    """
    contracts = load_contracts(settings.contracts)
    with duckdb.connect(str(settings.home / "benefits.duckdb")) as connection:
        warehouse.prepare(connection, contracts, readable_feeds(settings.feeds)[0])
        gained = [name for name, contract in contracts.items() if contract != CONTRACTS[name]]
        for name in names or sorted({*gained, *random.sample(sorted(contracts), random.choice([0, 1, 1, 3]))}):
            rows = connection.execute(f"select * exclude (_feed, _batch_id, _row, _key) from raw.{name}").fetch_df()
            records = rows.astype(object).where(rows.notna(), None).to_dict("records")
            facts = [{str(column): value for column, value in record.items()} for record in records]
            if facts:
                _commit(connection, contracts[name], _changed(contracts[name], facts, random), number)
        connection.execute("update meta.delivery set root_id = coalesce(root_id, delivery_id)")
        warehouse.settle(connection, _known_at(number))


def _changed(contract: Contract, facts: list[dict[str, Any]], random: Random) -> list[dict[str, Any]]:
    keys = {column.name for column in contract.keys}
    columns = [column.name for column in contract.columns if column.name not in keys]
    chosen = random.sample(facts, min(len(facts), random.randint(1, 4)))
    return [
        fact if not columns else fact | {column: "noted" if column == GAINED else random.choice(facts)[column]}
        for fact in chosen
        for column in [random.choice(columns or [""])]
    ]


def _commit(
    connection: duckdb.DuckDBPyConnection, contract: Contract, facts: list[dict[str, Any]], number: int
) -> None:
    received = _received(number)
    named = {
        "delivery_id": f"{received:%Y%m%dT%H%M%S}-{contract.name}",
        "feed": NIGHTLY,
        "batch_id": f"{number}{contract.name}",
    }
    mapped = f",{','.join(column.name for column in contract.columns)},"
    insert(connection, "meta.delivery", [named | {"received_at": received, "status": "accepted", "mode": "delta"}])
    entry = named | {"contract": contract.name, "mapped_columns": mapped, "unreadable_keys": 0, "rejected": 0}
    insert(connection, "meta.delivery_contract", [entry])
    stamp = {"_feed": NIGHTLY, "_batch_id": named["batch_id"]}
    insert(connection, f"raw.{contract.name}", [fact | stamp | {"_row": line} for line, fact in enumerate(facts, 2)])
    connection.execute(f"update raw.{contract.name} set _key = {warehouse.key_of(contract)}")
