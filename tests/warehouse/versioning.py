"""What the tests of row versions share: plans of random histories, loaded into a warehouse, and their comparison."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import duckdb

from pipelines import warehouse
from pipelines.contracts import load_contracts
from pipelines.settings import Settings
from tests.warehouse.building import fill_warehouse, insert
from tests.warehouse.histories import CONTRACTS, DAY, Style, history, ledger, raw_rows
from tests.warehouse.reference_versions import Contract, Current, Delivery, Key, current_rows

Histories = Mapping[Contract, Sequence[Sequence[Delivery]]]

VERSIONS = [f"{contract.name}_version" for contract in CONTRACTS]
LEDGER = ("delivery", "delivery_contract", "rejected_row")


@dataclass(frozen=True)
class Plan:
    """One build: so many histories of each contract, and what its feeds do."""

    styles: Mapping[Contract, Style]
    first_seed: int
    histories: int

    def __str__(self) -> str:
        return f"seeds {self.first_seed}-{self.first_seed + self.histories - 1}"

    def draw(self) -> dict[Contract, list[list[Delivery]]]:
        seeds = range(self.first_seed, self.first_seed + self.histories)
        return {
            contract: [history(seed, f"h{seed}", contract, style) for seed in seeds]
            for contract, style in self.styles.items()
        }


def styles(*each: str) -> dict[Contract, Style]:
    """For each contract in turn what its feeds do: s(napshots), c(olumns that differ), r(eplays)."""
    return {
        contract: Style("s" in letters, "c" in letters, "r" in letters)
        for contract, letters in zip(CONTRACTS, each, strict=True)
    }


def make_warehouse(database: Path) -> None:
    """An empty warehouse."""
    fill_warehouse(database, {}, {}, load_contracts(Settings(home=database.parent, feeds=database.parent).contracts))


def load(database: Path, histories: Histories) -> None:
    """Bring the batches that are not there yet into the raw tables, and make the ledger say just these deliveries."""
    contracts = load_contracts(Settings(home=database.parent, feeds=database.parent).contracts)
    with duckdb.connect(str(database)) as connection:
        for table in LEDGER:
            connection.execute(f"delete from meta.{table}")
        for contract, every in histories.items():
            lines: dict[str, list[Mapping[str, Any]]] = {table: [] for table in LEDGER}
            for deliveries in every:
                for table, rows in ledger(contract, deliveries).items():
                    lines[table].extend(rows)
            for table, rows in lines.items():
                insert(connection, f"meta.{table}", rows)
            raw = f"raw.{contract.name}"
            there = set(connection.execute(f"select distinct _feed, _batch_id from {raw}").fetchall())
            rows = [row for deliveries in every for row in raw_rows(deliveries)][::-1]
            insert(connection, raw, [row for row in rows if (row["_feed"], row["_batch_id"]) not in there])
            connection.execute(
                f"update {raw} set _key = {warehouse.key_of(contracts[contract.name])} where _key is null"
            )


def differences_at_every_moment(
    connection: duckdb.DuckDBPyConnection, contract: Contract, histories: Sequence[Sequence[Delivery]]
) -> list[str]:
    """A line for each moment and key at which the versions show something else than the reference."""
    versions = _versions(connection, contract)
    found = []
    for deliveries in histories:
        keys = {contract.key_of(row) for delivery in deliveries for row in delivery.rows}
        own = {key: versions.pop(key, []) for key in keys}
        for moment in [DAY - timedelta(seconds=1), *sorted({delivery.known_from for delivery in deliveries})]:
            shown = {key: [version.row for version in every if version.shows_at(moment)] for key, every in own.items()}
            wrong = differences(current_rows(contract, deliveries, moment), {k: v for k, v in shown.items() if v})
            found += [f"{moment}: {line}" for line in wrong]
    return found + [f"{key} was never delivered" for key in versions]


@dataclass(frozen=True)
class Version:
    """A row of a version model."""

    row: Current
    known_from: datetime
    known_to: datetime | None
    is_closed: bool

    def shows_at(self, moment: datetime) -> bool:
        return not self.is_closed and self.known_from <= moment and (self.known_to is None or self.known_to > moment)


def _versions(connection: duckdb.DuckDBPyConnection, contract: Contract) -> dict[Key, list[Version]]:
    versions: dict[Key, list[Version]] = {}
    query = f"""
        select {columns(contract.columns)}, _feed, _batch_id, known_from, known_to, is_closed
        from staging.{contract.name}_version
    """
    for *values, feed, batch_id, known_from, known_to, is_closed in connection.execute(query).fetchall():
        key = contract.key_of(dict(zip(contract.columns, values, strict=True)))
        row = Current(tuple(values), feed, batch_id)
        versions.setdefault(key, []).append(Version(row, known_from, known_to, is_closed))
    return versions


def expected(contract: Contract, histories: Sequence[Sequence[Delivery]], known_at: datetime) -> dict[Key, Current]:
    """The reference's current rows of all histories."""
    return {key: row for deliveries in histories for key, row in current_rows(contract, deliveries, known_at).items()}


def read(
    connection: duckdb.DuckDBPyConnection, contract: Contract, query: str, parameters: list[Any] | None = None
) -> dict[Key, list[Current]]:
    """The rows of a query over the contract's columns, `_feed` and `_batch_id`, by key."""
    shown: dict[Key, list[Current]] = {}
    for *values, feed, batch_id in connection.execute(query, parameters or []).fetchall():
        key = contract.key_of(dict(zip(contract.columns, values, strict=True)))
        shown.setdefault(key, []).append(Current(tuple(values), feed, batch_id))
    return shown


def columns(names: tuple[str, ...]) -> str:
    """The columns as SQL, quoted."""
    return ", ".join(f'"{name}"' for name in names)


def differences(
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
