"""The tables that loading fills: the raw ones from the contracts, and the ledger's."""

from __future__ import annotations

import hashlib

import duckdb

from pipelines.contracts import Contract
from pipelines.errors import ConfigError
from pipelines.feeds import Feed
from pipelines.sql import quoted

PROVENANCE = "_feed varchar, _batch_id varchar, _row bigint, _key ubigint"

META = """
create table if not exists meta.delivery (
    delivery_id varchar primary key, feed varchar, name varchar, sha256 varchar, size_bytes bigint, as_at timestamp,
    received_at timestamp, status varchar, mode varchar, batch_id varchar, counted bigint, accepted bigint,
    rejected bigint, filtered bigint, rule varchar, message varchar, next_step varchar,
    root_id varchar, placed_at timestamp, known_from timestamp, withdrawn_at timestamp, built boolean
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
create table if not exists meta.recorded_delivery (seq bigint, delivery_id varchar);
create table if not exists meta.recorded_gap (
    seq bigint, gap_id varchar, severity varchar, amount_at_stake double, gap_code varchar, subject_type varchar,
    subject_id varchar, subject_name varchar, project_id varchar, benefit_id varchar, output_id varchar
);
create table if not exists meta.feed (feed varchar, mode varchar, freshness_hours double, description varchar);
create table if not exists meta.latest_build (
    as_of date, known_at timestamp, seq bigint, is_forward boolean, succeeded boolean, seconds double
);
create table if not exists meta.fingerprint (subject varchar primary key, fingerprint varchar);
"""

# What a warehouse file must have been made with, to be gone on with: the tables above, and DuckDB, whose hash() is in _key.
LAYOUT = hashlib.sha256(f"{META}{PROVENANCE}{duckdb.__version__}".encode()).hexdigest()[:16]


def prepare(connection: duckdb.DuckDBPyConnection, contracts: dict[str, Contract], feeds: dict[str, Feed]) -> None:
    """Make the raw tables from the contracts, and the ledger, where they are not there yet."""
    connection.execute("create schema if not exists raw; create schema if not exists meta;" + META)
    note_fingerprint(connection, "layout", LAYOUT)
    for contract in contracts.values():
        columns = ", ".join(f"{quoted(column.name)} {column.type}" for column in contract.columns)
        connection.execute(f"create table if not exists raw.{contract.name} ({columns}, {PROVENANCE})")
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


def is_outdated(connection: duckdb.DuckDBPyConnection) -> bool:
    """Whether the file was made with other tables or another DuckDB than today's; a new file is not."""
    tables = connection.execute("select table_name from duckdb_tables() where schema_name = 'meta'").fetchall()
    if not tables:
        return False
    return ("fingerprint",) not in tables or fingerprint(connection, "layout") != LAYOUT


def fingerprint(connection: duckdb.DuckDBPyConnection, subject: str) -> str | None:
    """What the file says it was made with."""
    row = connection.execute("select fingerprint from meta.fingerprint where subject = $1", [subject]).fetchone()
    return str(row[0]) if row else None


def note_fingerprint(connection: duckdb.DuckDBPyConnection, subject: str, value: str) -> None:
    """Say in the file what a part of it was made with."""
    connection.execute("insert or replace into meta.fingerprint values (?, ?)", [subject, value])


def key_of(contract: Contract) -> str:
    """The SQL expression of `_key`: a number that rows of one business key share, by which they are found quickly.

    Two keys may share one by chance: it is a bucket, not the key.
    """
    return f"hash({', '.join(quoted(column.name) for column in contract.keys)})"


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
