"""warehouse -> published: a slim read-only copy, swapped in one step, for whoever reads while the next night runs."""

from __future__ import annotations

import hashlib
import importlib.metadata
import stat
from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path

import duckdb

from pipelines import published_meta, warehouse
from pipelines.builds import RecordedBuild, record, recorded_builds
from pipelines.contracts import load_contracts
from pipelines.errors import BuildFailed, ConfigError
from pipelines.lake import Lake, put_in_place
from pipelines.outbox import Marker, Outbox
from pipelines.settings import Settings, now
from pipelines.sql import literal, quoted

READ_ONLY = stat.S_IRUSR | stat.S_IRGRP | stat.S_IROTH
COMPONENTS = ("fruition", "apache-airflow", "great-expectations", "duckdb", "dbt-core", "dbt-duckdb", "pandas")


@dataclass(frozen=True)
class Published:
    """What was published: the file, the build's number and date, and the rows of each table."""

    file: Path
    seq: int
    as_of: date
    rows: dict[str, int]


def publish(settings: Settings) -> Published:
    """Record the last build in the lake, then publish it.

    Raises `BuildFailed` where the last build did not come through: what was published before stays as it is.
    """
    lake = Lake.of(settings)
    with warehouse.held(settings):
        with warehouse.writing(settings) as connection:
            build = _recorded(settings, lake, connection)
            warehouse.sync_builds(connection, lake)
            warehouse.settle(connection)
        settings.published.parent.mkdir(parents=True, exist_ok=True)
        part = settings.published.with_name(".benefits.duckdb.part")
        warehouse.remove_database(part)
        rows = _copy(settings, part)
        _marts_as_parquet(settings, part)
        part.chmod(READ_ONLY)
        put_in_place(part, settings.published)
    return Published(settings.published, build.seq, build.as_of, rows)


def _recorded(settings: Settings, lake: Lake, connection: duckdb.DuckDBPyConnection) -> RecordedBuild:
    """The build that stands in the warehouse, recorded in the lake: once, however often it is published."""
    as_of, known_at, seconds = _latest(connection)
    builds = recorded_builds(lake)
    if builds and (builds[-1].as_of, builds[-1].known_at) == (as_of, known_at):
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
        as_of=as_of,
        known_at=known_at,
        recorded_at=now(),
        deliveries=tuple(delivery for (delivery,) in held if delivery not in seen),
        versions={name: importlib.metadata.version(name) for name in COMPONENTS},
        gap_catalogue=hashlib.sha256(catalogue.read_bytes()).hexdigest(),
        seconds={"transform": round(seconds, 3)},
        rows={f"marts.{name}": _count(connection, f"marts.{name}") for name in _tables(connection, "marts")},
    )
    return record(lake, build, connection)


def _latest(connection: duckdb.DuckDBPyConnection) -> tuple[date, datetime, float]:
    tables = _tables(connection, "meta")
    query = "select as_of, known_at, seconds, is_forward and succeeded from meta.latest_build"
    row = connection.execute(query).fetchone() if "latest_build" in tables else None
    if row is None:
        raise ConfigError("Nothing was built yet: run `fruition build` first.")
    as_of, known_at, seconds, is_sound = row
    if not is_sound:
        raise BuildFailed(
            "The last build did not come through, so nothing was published. What was published before stays."
        )
    return as_of, known_at, seconds


def _copy(settings: Settings, part: Path) -> dict[str, int]:
    """Write marts, current rows and meta tables with their descriptions into a new file; rows a table."""
    queries = {
        ("core", name): f"select * from source.core.{quoted(name)}" for name in load_contracts(settings.contracts)
    }
    queries |= {("meta", name): query for name, query in published_meta.QUERIES.items()}
    with warehouse.closing_connection(part, read_only=False) as connection:
        connection.execute(f"attach '{str(settings.warehouse).replace(chr(39), chr(39) * 2)}' as source (read_only)")
        marts = _tables(connection, "marts", "source")
        queries |= {("marts", name): f"select * from source.marts.{quoted(name)}" for name in marts}
        connection.execute("begin")  # one: each of a thousand statements would wait for the disk
        for schema in ("marts", "core", "meta"):
            connection.execute(f"create schema {schema}")
        rows = {}
        for (schema, name), query in sorted(queries.items()):
            connection.execute(f"create table {schema}.{quoted(name)} as {query}")
            rows[f"{schema}.{name}"] = _count(connection, f"{schema}.{quoted(name)}")
        _copy_descriptions(connection)
        _describe_ledger(connection)
        connection.execute("commit")
        connection.execute("detach source")
        connection.execute("checkpoint")
    return rows


def _copy_descriptions(connection: duckdb.DuckDBPyConnection) -> None:
    """Carry the comments of tables and columns over, so that any SQL client can show what a column means."""
    tables = connection.execute(
        "select s.schema_name, s.table_name, s.comment from ("
        "select database_name, schema_name, table_name, comment from duckdb_tables() union all "
        "select database_name, schema_name, view_name, comment from duckdb_views()) as s join duckdb_tables() as t "
        "using (schema_name, table_name) where s.database_name = 'source' and t.database_name = current_database() "
        "and s.comment is not null"
    ).fetchall()
    for schema, table, comment in tables:
        connection.execute(f"comment on table {schema}.{quoted(table)} is {literal(comment)}")
    columns = connection.execute(
        "select s.schema_name, s.table_name, s.column_name, s.comment from duckdb_columns() as s join duckdb_columns() as t "
        "using (schema_name, table_name, column_name) where s.database_name = 'source' "
        "and t.database_name = current_database() and s.comment is not null"
    ).fetchall()
    for schema, table, column, comment in columns:
        connection.execute(f"comment on column {schema}.{quoted(table)}.{quoted(column)} is {literal(comment)}")


def _describe_ledger(connection: duckdb.DuckDBPyConnection) -> None:
    """Describe what dbt did not make: the ledger's tables, and where each current row comes from."""
    for table, description in published_meta.TABLES.items():
        connection.execute(f"comment on table meta.{table} is {literal(description)}")
    for table, columns in published_meta.COLUMNS.items():
        for column, description in columns.items():
            connection.execute(f"comment on column meta.{table}.{quoted(column)} is {literal(description)}")
    undescribed = connection.execute(
        "select table_name, column_name from duckdb_columns() where database_name = current_database() "
        "and schema_name = 'core' and comment is null"
    ).fetchall()
    for table, column in undescribed:
        if column in published_meta.PROVENANCE:
            description = published_meta.PROVENANCE[column]
            connection.execute(f"comment on column core.{quoted(table)}.{quoted(column)} is {literal(description)}")


def _marts_as_parquet(settings: Settings, database: Path) -> None:
    """Write each mart as `published/<mart>.parquet`, each swapped on its own."""
    with warehouse.closing_connection(database, read_only=True) as connection:
        for name in _tables(connection, "marts"):
            part = settings.published.with_name(f".{name}.parquet.part")
            connection.execute(f"copy marts.{quoted(name)} to {literal(str(part))} (format parquet, compression zstd)")
            part.chmod(READ_ONLY)
            put_in_place(part, settings.published.with_name(f"{name}.parquet"))


def _tables(connection: duckdb.DuckDBPyConnection, schema: str, database: str | None = None) -> list[str]:
    rows = connection.execute(
        "select table_name from information_schema.tables where table_schema = $1 "
        "and table_catalog = coalesce($2, current_database()) order by 1",
        [schema, database],
    ).fetchall()
    return [str(row[0]) for row in rows]


def _count(connection: duckdb.DuckDBPyConnection, table: str) -> int:
    row = connection.execute(f"select count(*) from {table}").fetchone()
    return int(row[0]) if row else 0
