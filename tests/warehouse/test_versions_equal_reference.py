"""Versions and current rows against the reference, at every moment of many random histories."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import duckdb
import pytest

from tests.warehouse.building import build_warehouse, failures
from tests.warehouse.comparison import report
from tests.warehouse.histories import CONTRACTS, DAY, DEPENDENCY, PROJECT, Style, history, ledger, raw_rows
from tests.warehouse.reference_versions import Contract, Current, Delivery, Key, Row, current_rows

KNOWN_AT = DAY + timedelta(days=3, minutes=30)
WANTED = [f"{contract.name}_version" for contract in CONTRACTS] + ["project", "dependency"]


@dataclass(frozen=True)
class Plan:
    """One build: so many histories of each contract, and what its feeds do."""

    styles: Mapping[Contract, Style]
    first_seed: int
    histories: int

    def __str__(self) -> str:
        return f"seeds {self.first_seed}-{self.first_seed + self.histories - 1}"


def styles(*each: tuple[bool, bool]) -> dict[Contract, Style]:
    """For each contract in turn: whether its feeds send snapshots, and whether they map different columns."""
    return {contract: Style(*style) for contract, style in zip(CONTRACTS, each, strict=True)}


BOTH, SNAPSHOTS, COLUMNS, NEITHER = (True, True), (True, False), (False, True), (False, False)

DAILY = [Plan(styles(BOTH, COLUMNS, SNAPSHOTS, SNAPSHOTS, NEITHER), 0, 60)]
SOAK = [
    Plan(styles(BOTH, SNAPSHOTS, BOTH, COLUMNS, NEITHER), 2000, 400),
    Plan(styles(COLUMNS, BOTH, COLUMNS, NEITHER, SNAPSHOTS), 3000, 400),
    Plan(styles(SNAPSHOTS, NEITHER, NEITHER, BOTH, COLUMNS), 4000, 400),
]


@dataclass(frozen=True)
class Built:
    """The histories of each contract, and the warehouse they made."""

    plan: Plan
    histories: Mapping[Contract, list[list[Delivery]]]
    connection: duckdb.DuckDBPyConnection

    def expected(self, contract: Contract, known_at: datetime) -> dict[Key, Current]:
        """The reference's current rows of all histories."""
        return {
            key: row
            for deliveries in self.histories[contract]
            for key, row in current_rows(contract, deliveries, known_at).items()
        }

    def moments(self, contract: Contract) -> list[datetime]:
        """Every receipt, and a moment before all of them."""
        received = {delivery.received_at for deliveries in self.histories[contract] for delivery in deliveries}
        return [DAY - timedelta(seconds=1), *sorted(received)]


@pytest.fixture(
    scope="module", params=[*DAILY, *(pytest.param(plan, marks=pytest.mark.soak) for plan in SOAK)], ids=str
)
def built(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Built]:
    """The histories of a plan, through the version models."""
    plan: Plan = request.param
    seeds = range(plan.first_seed, plan.first_seed + plan.histories)
    histories = {
        contract: [history(seed, f"h{seed}", contract, style) for seed in seeds]
        for contract, style in plan.styles.items()
    }
    raw: dict[str, list[Row]] = {}
    meta: dict[str, list[Row]] = {"delivery": [], "delivery_contract": [], "rejected_row": []}
    for contract, every in histories.items():
        raw[contract.name] = [row for deliveries in every for row in raw_rows(deliveries)][::-1]
        for deliveries in every:
            for table, rows in ledger(contract, deliveries).items():
                meta[table].extend(rows)
    database = tmp_path_factory.mktemp("histories") / "benefits.duckdb"
    command = ("run", "--select", *WANTED)
    result = build_warehouse(
        database, raw, meta, command=command, as_of="2100-01-01", known_at=f"{KNOWN_AT:%Y-%m-%d %H:%M:%S.%f}"
    )
    assert failures(result) == []
    with duckdb.connect(str(database), read_only=True) as connection:
        yield Built(plan, histories, connection)


@pytest.mark.parametrize("contract", CONTRACTS, ids=lambda contract: contract.name)
def test_the_versions_say_what_was_current_at_every_moment(built: Built, contract: Contract) -> None:
    for moment in built.moments(contract):
        shown = _versions_at(built.connection, contract, moment)
        found = _differences(built.expected(contract, moment), shown)
        assert not found, f"{moment}: {report(found)}"


@pytest.mark.parametrize("contract", CONTRACTS, ids=lambda contract: contract.name)
def test_every_row_ever_accepted_is_in_the_history(built: Built, contract: Contract) -> None:
    if built.plan.styles[contract].has_different_columns:
        pytest.skip("a row of which a part is still current is shown as a part of the current row")
    missing = f"""
        select count(*) from (
            select {_columns(contract.keys)}, _feed, _batch_id from raw.{contract.name}
            except
            select {_columns(contract.keys)}, _feed, _batch_id from staging.{contract.name}_version
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

    query = f"select {_columns(contract.columns)}, _feed, _batch_id from core.{contract.name}"
    shown = _read(built.connection, contract, query)
    found = _differences(built.expected(contract, KNOWN_AT), shown, with_default)
    assert not found, report(found)


def _versions_at(
    connection: duckdb.DuckDBPyConnection, contract: Contract, moment: datetime
) -> dict[Key, list[Current]]:
    query = f"""
        select {_columns(contract.columns)}, _feed, _batch_id from staging.{contract.name}_version
        where known_from <= ? and (known_to is null or known_to > ?) and not is_closed
    """
    return _read(connection, contract, query, [moment, moment])


def _read(
    connection: duckdb.DuckDBPyConnection, contract: Contract, query: str, parameters: list[Any] | None = None
) -> dict[Key, list[Current]]:
    shown: dict[Key, list[Current]] = {}
    for *values, feed, batch_id in connection.execute(query, parameters or []).fetchall():
        key = contract.key_of(dict(zip(contract.columns, values, strict=True)))
        shown.setdefault(key, []).append(Current(tuple(values), feed, batch_id))
    return shown


def _columns(names: tuple[str, ...]) -> str:
    return ", ".join(f'"{name}"' for name in names)


def _differences(
    expected: dict[Key, Current],
    shown: dict[Key, list[Current]],
    with_default: Callable[[tuple[Any, ...]], tuple[Any, ...]] = tuple,
) -> list[str]:
    """A line for each key that shows something else than the reference; one row a key at the most."""
    wanted = {key: [Current(with_default(row.values), row.feed, row.batch_id)] for key, row in expected.items()}
    return sorted(
        f"{key} should be {wanted.get(key)}, is {shown.get(key)}"
        for key in wanted.keys() | shown.keys()
        if wanted.get(key) != shown.get(key)
    )
