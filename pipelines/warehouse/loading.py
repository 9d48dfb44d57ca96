"""lake -> raw: loading asks the ledger which deliveries are in, and brings in the others, each in one transaction: rows,
rejects and ledger line together. So it may be run any number of times, by any number of processes, with the same result.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import duckdb

from pipelines import compatibility
from pipelines.contracts import Contract, load_contracts
from pipelines.errors import ConfigError, LakeDamaged
from pipelines.feeds import readable_feeds
from pipelines.lake import ContractRows, Lake, Manifest, StoredFile, file_exists, sha256_of
from pipelines.settings import Settings
from pipelines.sql import quoted
from pipelines.warehouse.ledger import settle, sync_builds, sync_questions
from pipelines.warehouse.opening import writing
from pipelines.warehouse.schema import key_of, prepare
from pipelines.warehouse.transactions import transaction


@dataclass(frozen=True)
class Loaded:
    """What one load brought into the warehouse."""

    deliveries: int
    rows: int
    rejects: int


def load(settings: Settings, on_delivery: Callable[[str], None] = lambda name: None) -> Loaded:
    """Bring every delivery that the ledger does not hold into the warehouse.

    Raises `WarehouseBusy` where another process keeps writing, `LakeDamaged` where a committed file is not as it was.
    """
    with writing(settings, renew=True) as connection:
        return load_into(connection, settings, on_delivery)


def load_into(
    connection: duckdb.DuckDBPyConnection, settings: Settings, on_delivery: Callable[[str], None] = lambda name: None
) -> Loaded:
    """Bring every delivery that it does not hold into an open warehouse file, new or old, and the builds recorded."""
    contracts = load_contracts(settings.contracts)
    lake = Lake.of(settings)
    deliveries = rows = rejects = 0
    compatibility.check(lake, contracts.values())
    compatibility.check_none_gone(lake, contracts)
    prepare(connection, contracts, readable_feeds(settings.feeds)[0])
    known = {row[0] for row in connection.execute("select delivery_id from meta.delivery").fetchall()}
    verified: set[tuple[str, str]] = set()  # many batches may share a file, which is then read through once
    for manifest in lake.manifests(known=known):
        on_delivery(manifest.name)
        for stored in manifest.files:
            if (stored.path, stored.sha256) not in verified:
                verify(lake, stored)
                verified.add((stored.path, stored.sha256))
        loaded = _load_delivery(connection, lake, contracts, manifest)
        deliveries, rows, rejects = deliveries + 1, rows + loaded[0], rejects + loaded[1]
    sync_builds(connection, lake)
    sync_questions(connection, lake)
    settle(connection)
    return Loaded(deliveries, rows, rejects)


def _load_delivery(
    connection: duckdb.DuckDBPyConnection, lake: Lake, contracts: dict[str, Contract], manifest: Manifest
) -> tuple[int, int]:
    """One delivery in one transaction; returns the rows and rejects that were new to the warehouse."""
    with transaction(connection):
        is_there = _has_batch(connection, manifest)
        rows, rejects = (0, 0) if is_there else _insert_batch(connection, lake, contracts, manifest)
        _insert_ledger(connection, manifest)
    return rows, rejects


def verify(lake: Lake, stored: StoredFile) -> None:
    """`LakeDamaged` unless the file is there with the bytes its manifest names."""
    if not file_exists(lake, stored):
        raise LakeDamaged(f"lake/{stored.path} is missing: restore it from a backup.")
    if sha256_of(lake.folder / stored.path) != stored.sha256:
        raise LakeDamaged(f"lake/{stored.path} was altered: restore it from a backup.")


def _has_batch(connection: duckdb.DuckDBPyConnection, manifest: Manifest) -> bool:
    """Whether the rows are there already: a batch is stored once, however many deliveries assert it."""
    asserted = "select 1 from meta.delivery where feed = ? and batch_id = ? and status <> 'repeat' limit 1"
    return connection.execute(asserted, [manifest.feed, manifest.batch_id]).fetchone() is not None


def _insert_batch(
    connection: duckdb.DuckDBPyConnection, lake: Lake, contracts: dict[str, Contract], manifest: Manifest
) -> tuple[int, int]:
    rows = 0
    for entry in manifest.contracts:
        if entry.contract not in contracts:
            raise ConfigError(f"expectations/{entry.contract}.yml is gone, but the lake holds its rows: put it back.")
        contract = contracts[entry.contract]
        connection.execute(
            f"insert into raw.{contract.name} by name select *, $1 as _feed, $2 as _batch_id, {key_of(contract)} as _key "
            f"from (select {_columns(connection, lake, contract, entry)}, _row from {lake.relation(entry.rows)})",
            [manifest.feed, manifest.batch_id],
        )
        rows += entry.rows.rows
    if manifest.rejects:
        connection.execute(
            f"insert into meta.rejected_row select $1, $2, * from {lake.relation(manifest.rejects)}",
            [manifest.feed, manifest.batch_id],
        )
    return rows, manifest.rejects.rows if manifest.rejects else 0


def _columns(connection: duckdb.DuckDBPyConnection, lake: Lake, contract: Contract, entry: ContractRows) -> str:
    """The columns of a batch by name, as wide as its contract has them today."""
    described = connection.execute(f"describe select * from {lake.relation(entry.rows)}").fetchall()
    was = {name: type_.lower() for name, type_, *_ in described}
    today = {column.name: column.type for column in contract.columns}
    for name in entry.mapped_columns:
        compatibility.check_column(contract.name, name, was[name], today.get(name))
    return ", ".join(f"{quoted(name)}::{today[name]} as {quoted(name)}" for name in entry.mapped_columns)


def _insert_ledger(connection: duckdb.DuckDBPyConnection, manifest: Manifest) -> None:
    connection.execute(
        f"insert into meta.delivery values ({', '.join('?' * 20)}, null, null, null, false)",
        [
            manifest.delivery_id,
            manifest.feed,
            manifest.name,
            manifest.sha256,
            manifest.size_bytes,
            manifest.as_at,
            manifest.received_at,
            manifest.status,
            manifest.mode,
            manifest.batch_id,
            manifest.counted,
            manifest.accepted,
            manifest.rejected,
            manifest.filtered,
            manifest.rule,
            manifest.message,
            manifest.next_step,
            manifest.override_reason,
            manifest.override_by,
            manifest.root_id,
        ],
    )
    for entry in manifest.contracts:
        connection.execute(
            "insert into meta.delivery_contract values (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
            [
                manifest.delivery_id,
                manifest.feed,
                manifest.batch_id,
                entry.contract,
                f",{','.join(entry.mapped_columns)},",
                entry.counted,
                entry.accepted,
                entry.rejected,
                entry.filtered,
                entry.unreadable_keys,
            ],
        )
