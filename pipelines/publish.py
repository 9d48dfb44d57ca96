"""warehouse -> published: a slim read-only copy, swapped in one step, for whoever reads while the next night runs."""

from __future__ import annotations

import hashlib
import importlib.metadata
import stat
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import date, datetime
from itertools import chain
from pathlib import Path
from typing import TypeVar

import duckdb

from pipelines import published_meta, warehouse
from pipelines.builds import RecordedBuild, record, recorded_builds
from pipelines.contracts import load_contracts
from pipelines.disk import is_full
from pipelines.errors import BuildFailed, ConfigError
from pipelines.lake import Lake, put_in_place
from pipelines.outbox import Marker, Outbox
from pipelines.settings import Settings, now
from pipelines.sql import literal, quoted

# Readers may have the format's version of DuckDB or a later one. Nobody wants half of it, so it needs no log to mend it by.
DATABASE = "storage_version 'v1.0.0', recovery_mode no_wal_writes"
PARQUET = "format parquet, compression zstd, dictionary_size_limit 1000"  # longer ones cost time and save no room
READ_ONLY = stat.S_IRUSR | stat.S_IRGRP | stat.S_IROTH
COMPONENTS = ("fruition", "apache-airflow", "great-expectations", "duckdb", "dbt-core", "dbt-duckdb", "pandas")


Item = TypeVar("Item")
Tables = dict[tuple[str, str], str]  # the query that each is made by, by schema and name


@dataclass(frozen=True)
class Latest:
    """The build that stands in the warehouse: of which date, from what known when, and the seconds it took."""

    as_of: date
    known_at: datetime
    seconds: float


@dataclass(frozen=True)
class Published:
    """What was published: the file, the build's number and date, and the rows of each table."""

    file: Path
    seq: int
    as_of: date
    rows: dict[str, int]


def publish(settings: Settings) -> Published:
    """Copy the last build, record it in the lake, then put the copy in the place of what was published before.

    In this order a build that cannot be copied is not recorded, and none is published that is not. Raises `BuildFailed`
    where the last build did not come through, or a view of it cannot be worked out: what was published before stays.
    """
    lake = Lake.of(settings)
    with warehouse.writing(settings) as connection:
        latest = _latest(connection)
        settings.published.parent.mkdir(parents=True, exist_ok=True)
        part = settings.published.with_name(".benefits.duckdb.part")
        with _attached(connection, part):
            rows = _copy(settings, connection, _built(settings, connection))
            build = _recorded(settings, lake, connection, latest, rows)
            warehouse.sync_builds(connection, lake)
            warehouse.settle(connection)
            ledger: Tables = {("meta", name): query for name, query in published_meta.QUERIES.items()}
            rows |= _copy(settings, connection, ledger)
            _describe(connection)
            connection.execute("checkpoint published")
            for name in _tables(connection, "marts"):
                _put_in_place(_part(settings, name), settings.published.with_name(f"{name}.parquet"))
        _put_in_place(part, settings.published)
    return Published(settings.published, build.seq, build.as_of, rows)


def _recorded(
    settings: Settings, lake: Lake, connection: duckdb.DuckDBPyConnection, latest: Latest, rows: dict[str, int]
) -> RecordedBuild:
    """The build that stands in the warehouse, recorded in the lake: once, however often it is published."""
    builds = recorded_builds(lake)
    if builds and (builds[-1].as_of, builds[-1].known_at) == (latest.as_of, latest.known_at):
        return builds[-1]
    seen = {delivery for build in builds for delivery in build.deliveries}
    held = connection.execute("select delivery_id from meta.delivery where built order by 1").fetchall()
    catalogue = settings.dbt_project / "seeds" / "gap_catalogue.csv"
    if settings.has_receivers:  # before the build is there to be told of, so that no stop in between loses its events
        Outbox.of(settings).begin(Marker(builds[-1].seq, builds[-1].known_at) if builds else Marker())
    else:
        Outbox.of(settings).forget()
    build = RecordedBuild(
        seq=builds[-1].seq + 1 if builds else 1,
        as_of=latest.as_of,
        known_at=latest.known_at,
        recorded_at=now(),
        deliveries=tuple(delivery for (delivery,) in held if delivery not in seen),
        versions={name: importlib.metadata.version(name) for name in COMPONENTS},
        gap_catalogue=hashlib.sha256(catalogue.read_bytes()).hexdigest(),
        seconds={"transform": round(latest.seconds, 3)},
        rows={name: count for name, count in rows.items() if name.startswith("marts.")},
    )
    return record(lake, build, connection)


def _latest(connection: duckdb.DuckDBPyConnection) -> Latest:
    tables = _tables(connection, "meta")
    query = "select as_of, known_at, seconds, is_forward and succeeded from meta.latest_build"
    row = connection.execute(query).fetchone() if "latest_build" in tables else None
    if row is None:
        raise ConfigError("Nothing was built yet: run `fruition build` first.")
    *latest, is_sound = row
    if not is_sound:
        raise BuildFailed(
            "The last build did not come through, so nothing was published. What was published before stays."
        )
    return Latest(*latest)


def _built(settings: Settings, connection: duckdb.DuckDBPyConnection) -> Tables:
    """What the build made for others to read: marts, and the current rows of each contract."""
    names = [("marts", name) for name in _tables(connection, "marts")]
    names += [("core", name) for name in load_contracts(settings.contracts)]
    return {(schema, name): f"from {schema}.{quoted(name)}" for schema, name in names}


def _copy(settings: Settings, connection: duckdb.DuckDBPyConnection, tables: Tables) -> dict[str, int]:
    """Write tables into `published`, views among them worked out, and marts to Parquet files as well; rows a table.

    Several at a time, since few keep two cores busy all along. Raises `BuildFailed` where one cannot be worked out.
    """
    for schema in sorted({schema for schema, _ in tables}):
        connection.execute(f"create schema published.{schema}")
    waiting, rows = deque(tables.items()), {}

    def copy(cursor: duckdb.DuckDBPyConnection) -> None:
        for (schema, name), query in _taken(waiting):
            rows[f"{schema}.{name}"] = _copy_table(cursor, schema, name, query)
            if schema == "marts":
                cursor.execute(
                    f"copy published.marts.{quoted(name)} to {literal(str(_part(settings, name)))} ({PARQUET})"
                )

    warehouse.side_by_side(connection, warehouse.THREADS, copy, waiting.clear)
    return dict(sorted(rows.items()))


def _taken(waiting: deque[Item]) -> Iterator[Item]:
    """One after the other, to whichever thread asks first, until none is left."""
    with suppress(IndexError):
        while True:
            yield waiting.popleft()


def _copy_table(connection: duckdb.DuckDBPyConnection, schema: str, name: str, query: str) -> int:
    try:
        made = connection.execute(f"create table published.{schema}.{quoted(name)} as {query}").fetchone()
    except duckdb.Error as error:
        if is_full(error):
            raise
        raise BuildFailed(
            f"{schema}.{name} could not be copied ({type(error).__name__}), so nothing was published: where it cannot be worked "
            f"out, `from {schema}.{name}`, asked of the warehouse, says why. What was published before stays."
        ) from error
    return int(made[0]) if made else 0


def _describe(connection: duckdb.DuckDBPyConnection) -> None:
    """Say in `published` what each table and column means."""
    for comment in chain(_descriptions(connection), _ledger_descriptions(connection)):
        connection.execute(comment)


@contextmanager
def _attached(connection: duckdb.DuckDBPyConnection, file: Path) -> Iterator[None]:
    """A new database file beside the warehouse, under the name `published`, compressed; closed again whatever happens.

    Where something does, it is removed, and the Parquet files beside it: the disk may be full.
    """
    _remove(file)
    compression = connection.execute("select current_setting('force_compression')").fetchone() or ("auto",)
    connection.execute("set force_compression = 'auto'")
    connection.execute(f"attach {literal(str(file))} as published ({DATABASE})")
    try:
        yield
        connection.execute("detach published")
    except BaseException:
        with suppress(duckdb.Error):
            connection.execute("detach published")
        _remove(file)
        raise
    finally:
        connection.execute(f"set force_compression = {literal(compression[0])}")


def _remove(file: Path) -> None:
    """Remove what is not in place yet, of a run that was stopped too."""
    warehouse.remove_database(file)
    for part in file.parent.glob(".*.parquet.part"):
        part.unlink()


def _descriptions(connection: duckdb.DuckDBPyConnection) -> Iterator[str]:
    """Carry the comments of tables and columns over, so that any SQL client can show what a column means."""
    tables = connection.execute(
        "select s.schema_name, s.table_name, s.comment from ("
        "select database_name, schema_name, table_name, comment from duckdb_tables() union all "
        "select database_name, schema_name, view_name, comment from duckdb_views()) as s join duckdb_tables() as t "
        "using (schema_name, table_name) where s.database_name = current_database() and t.database_name = 'published' "
        "and s.comment is not null"
    ).fetchall()
    for schema, table, comment in tables:
        yield f"comment on table published.{schema}.{quoted(table)} is {literal(comment)}"
    columns = connection.execute(
        "select s.schema_name, s.table_name, s.column_name, s.comment from duckdb_columns() as s join duckdb_columns() as t "
        "using (schema_name, table_name, column_name) where s.database_name = current_database() "
        "and t.database_name = 'published' and s.comment is not null"
    ).fetchall()
    for schema, table, column, comment in columns:
        yield f"comment on column published.{schema}.{quoted(table)}.{quoted(column)} is {literal(comment)}"


def _ledger_descriptions(connection: duckdb.DuckDBPyConnection) -> Iterator[str]:
    """Describe what dbt did not make: the ledger's tables, and where each current row comes from."""
    for table, description in published_meta.TABLES.items():
        yield f"comment on table published.meta.{table} is {literal(description)}"
    for table, columns in published_meta.COLUMNS.items():
        for column, description in columns.items():
            yield f"comment on column published.meta.{table}.{quoted(column)} is {literal(description)}"
    undescribed = connection.execute(
        "select table_name, column_name from duckdb_columns() where database_name = 'published' "
        "and schema_name = 'core' and comment is null"
    ).fetchall()
    for table, column in undescribed:
        if column in published_meta.PROVENANCE:
            description = published_meta.PROVENANCE[column]
            yield f"comment on column published.core.{quoted(table)}.{quoted(column)} is {literal(description)}"


def _put_in_place(part: Path, path: Path) -> None:
    part.chmod(READ_ONLY)
    put_in_place(part, path)


def _part(settings: Settings, mart: str) -> Path:
    """Where a mart's Parquet file is written."""
    return settings.published.with_name(f".{mart}.parquet.part")


def _tables(connection: duckdb.DuckDBPyConnection, schema: str) -> list[str]:
    rows = connection.execute(
        "select table_name from information_schema.tables where table_schema = $1 "
        "and table_catalog = current_database() order by 1",
        [schema],
    ).fetchall()
    return [str(row[0]) for row in rows]
