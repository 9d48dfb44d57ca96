"""lake -> raw: the only opener of the DuckDB file.

Loading asks the ledger which deliveries are in, and brings in the others, each in one transaction: rows, rejects and
ledger line together. So it may be run any number of times, by any number of processes, with the same result.
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import duckdb
from filelock import FileLock, Timeout

from pipelines.builds import gaps_path, recorded_builds
from pipelines.contracts import Contract, load_contracts
from pipelines.errors import ConfigError, LakeDamaged, WarehouseBusy
from pipelines.feeds import Feed, readable_feeds
from pipelines.lake import Lake, Manifest, StoredFile, file_exists, sha256_of
from pipelines.settings import Settings
from pipelines.sql import quoted

LOCK_SECONDS = 600.0
LOCK_POLL_SECONDS = 0.5
MEMORY_LIMIT = "2GB"

META = """
create table if not exists meta.delivery (
    delivery_id varchar primary key, feed varchar, name varchar, sha256 varchar, size_bytes bigint, as_at timestamp,
    received_at timestamp, status varchar, mode varchar, batch_id varchar, counted bigint, accepted bigint,
    rejected bigint, filtered bigint, rule varchar, message varchar, next_step varchar
);
create table if not exists meta.delivery_contract (
    delivery_id varchar, feed varchar, batch_id varchar, contract varchar, mapped_columns varchar, counted bigint,
    accepted bigint, rejected bigint, filtered bigint, unreadable_keys bigint
);
create table if not exists meta.rejected_row (
    feed varchar, batch_id varchar, contract varchar, _row bigint, column_name varchar, rule varchar, message varchar,
    raw varchar, key_text varchar
);
create table if not exists meta.recorded_build (
    seq bigint, as_of date, known_at timestamp, recorded_at timestamp, versions json, seconds json, row_counts json
);
create table if not exists meta.recorded_gap (seq bigint, gap_id varchar, severity varchar, amount_at_stake double);
create table if not exists meta.feed (feed varchar, mode varchar, freshness_hours double, description varchar);
"""


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
    contracts = load_contracts(settings.contracts)
    lake = Lake.of(settings)
    deliveries = rows = rejects = 0
    with writing(settings) as connection:
        prepare(connection, contracts, readable_feeds(settings.feeds)[0])
        known = {row[0] for row in connection.execute("select delivery_id from meta.delivery").fetchall()}
        for manifest in lake.manifests():
            if manifest.delivery_id in known:
                continue
            on_delivery(manifest.name)
            loaded = _load_delivery(connection, lake, contracts, manifest)
            deliveries, rows, rejects = deliveries + 1, rows + loaded[0], rejects + loaded[1]
    return Loaded(deliveries, rows, rejects)


@contextmanager
def writing(settings: Settings) -> Iterator[duckdb.DuckDBPyConnection]:
    """The warehouse, open for writing by this process alone."""
    with held(settings), closing_connection(settings.warehouse, read_only=False) as connection:
        yield connection


@contextmanager
def reading(settings: Settings) -> Iterator[duckdb.DuckDBPyConnection]:
    """The warehouse, open for reading: waits its turn, since DuckDB lets nobody read while one process writes."""
    if not settings.warehouse.exists():
        raise ConfigError(f"{settings.warehouse.name} does not exist yet: run `fruition run` first.")
    with held(settings), closing_connection(settings.warehouse, read_only=True) as connection:
        yield connection


@contextmanager
def held(settings: Settings, seconds: float | None = None) -> Iterator[None]:
    """The warehouse's lock; `WarehouseBusy` after a bounded wait. Taken again by the same process, it counts."""
    path = settings.warehouse.with_suffix(".lock")
    path.parent.mkdir(parents=True, exist_ok=True)
    lock = FileLock(path, is_singleton=True)
    wait = LOCK_SECONDS if seconds is None else seconds
    try:
        lock.acquire(timeout=wait)
    except Timeout as error:
        raise WarehouseBusy(
            f"Another process has been writing the warehouse for {wait:.0f} s. Wait for it to end, or stop it, and run again."
        ) from error
    try:
        yield
    finally:
        lock.release()


@contextmanager
def closing_connection(path: Path, *, read_only: bool) -> Iterator[duckdb.DuckDBPyConnection]:
    """A DuckDB file of ours, opened with bounded memory and no extensions from outside, and closed again."""
    configuration: dict[str, str | bool | int | float | list[str]] = {
        "threads": 2,
        "memory_limit": MEMORY_LIMIT,
        "autoinstall_known_extensions": "false",
        "autoload_known_extensions": "false",
        "allow_community_extensions": "false",
        "temp_directory": str(path.parent / ".spill"),
        "preserve_insertion_order": "false",  # rows carry their line; large loads are then written once, not twice
    }
    connection = _connected(path, read_only, configuration)
    try:
        yield connection
    finally:
        connection.close()


def _connected(
    path: Path, read_only: bool, configuration: dict[str, str | bool | int | float | list[str]]
) -> duckdb.DuckDBPyConnection:
    """Connect; wait, within bounds, for somebody who has the file open without having asked for our lock."""
    deadline = time.monotonic() + LOCK_SECONDS
    while True:
        try:
            return duckdb.connect(str(path), read_only=read_only, config=configuration)
        except duckdb.IOException as error:
            if "set lock on file" not in str(error):
                raise
            if time.monotonic() > deadline:
                raise WarehouseBusy(
                    f"Another program has had {path.name} open for {LOCK_SECONDS:.0f} s. Close it there and run again; "
                    "to look at the figures, open published/benefits.duckdb instead."
                ) from error
        time.sleep(LOCK_POLL_SECONDS)


def prepare(connection: duckdb.DuckDBPyConnection, contracts: dict[str, Contract], feeds: dict[str, Feed]) -> None:
    """Make the raw tables from the contracts, and the ledger, where they are not there yet."""
    connection.execute("create schema if not exists raw; create schema if not exists meta;" + META)
    for contract in contracts.values():
        columns = ", ".join(f"{quoted(column.name)} {column.type}" for column in contract.columns)
        connection.execute(
            f"create table if not exists raw.{contract.name} ({columns}, _feed varchar, _batch_id varchar, _row bigint)"
        )
        _add_columns(connection, contract)
    rows = [
        (feed.name, feed.mode, feed.freshness.total_seconds() / 3600 if feed.freshness else None, feed.description)
        for feed in feeds.values()
    ]
    connection.execute("begin")
    connection.execute("delete from meta.feed")
    for row in rows:
        connection.execute("insert into meta.feed values (?, ?, ?, ?)", row)
    connection.execute("commit")


def _add_columns(connection: duckdb.DuckDBPyConnection, contract: Contract) -> None:
    """Give a raw table the columns that its contract has gained; `ConfigError` where one has changed its type."""
    present = dict(
        connection.execute(
            "select column_name, data_type from duckdb_columns() where schema_name = 'raw' and table_name = $1",
            [contract.name],
        ).fetchall()
    )
    for column in contract.columns:
        if column.name not in present:
            connection.execute(f"alter table raw.{contract.name} add column {quoted(column.name)} {column.type}")
        elif present[column.name] != column.type.upper():
            raise ConfigError(
                f"{contract.name}.yml: {column.name} is now {column.type}, the warehouse has it as "
                f"{present[column.name].lower()}: remove the warehouse file; the next run makes it anew from the lake."
            )


def sync_builds(connection: duckdb.DuckDBPyConnection, lake: Lake) -> None:
    """Bring the builds that the lake records, and the gaps open in each, into the ledger."""
    known = {row[0] for row in connection.execute("select seq from meta.recorded_build").fetchall()}
    for build in recorded_builds(lake):
        if build.seq in known:
            continue
        connection.execute("begin")
        connection.execute(
            "insert into meta.recorded_gap select $1, gap_id, severity, amount_at_stake from read_parquet($2)",
            [build.seq, str(gaps_path(lake, build.seq))],
        )
        values = [build.seq, build.as_of, build.known_at, build.recorded_at]
        values += [json.dumps(part) for part in (build.versions, build.seconds, build.rows)]
        connection.execute("insert into meta.recorded_build values (?, ?, ?, ?, ?, ?, ?)", values)
        connection.execute("commit")


def _load_delivery(
    connection: duckdb.DuckDBPyConnection, lake: Lake, contracts: dict[str, Contract], manifest: Manifest
) -> tuple[int, int]:
    """One delivery in one transaction; returns the rows and rejects that were new to the warehouse."""
    for stored in manifest.files:
        verify(lake, stored)
    connection.execute("begin")
    try:
        rows, rejects = (
            (0, 0) if _has_batch(connection, manifest) else _insert_batch(connection, lake, contracts, manifest)
        )
        _insert_ledger(connection, manifest)
        connection.execute("commit")
    except BaseException:
        connection.execute("rollback")
        raise
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
        known = {column.name for column in contracts[entry.contract].columns}
        columns = ", ".join(quoted(name) for name in entry.mapped_columns if name in known)
        connection.execute(
            f"insert into raw.{entry.contract} by name select {columns}, $1 as _feed, $2 as _batch_id, _row "
            "from read_parquet($3, hive_partitioning = false)",
            [manifest.feed, manifest.batch_id, str(lake.folder / entry.rows.path)],
        )
        rows += entry.rows.rows
    if manifest.rejects:
        connection.execute(
            "insert into meta.rejected_row select $1, $2, * from read_parquet($3, hive_partitioning = false)",
            [manifest.feed, manifest.batch_id, str(lake.folder / manifest.rejects.path)],
        )
    return rows, manifest.rejects.rows if manifest.rejects else 0


def _insert_ledger(connection: duckdb.DuckDBPyConnection, manifest: Manifest) -> None:
    connection.execute(
        f"insert into meta.delivery values ({', '.join('?' * 17)})",
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
