"""The tables that loading fills: the raw ones from the contracts, and the ledger's."""

from __future__ import annotations

import hashlib

import duckdb

from pipelines.compatibility import check_column
from pipelines.contracts import Contract
from pipelines.errors import ConfigError
from pipelines.feeds import Feed
from pipelines.sql import quoted
from pipelines.warehouse.transactions import transaction

KEY_FUNCTION = "hash"
PROVENANCE = "_feed varchar, _batch_id varchar, _row bigint, _key ubigint"

META = """
create table if not exists meta.delivery (
    delivery_id varchar primary key, feed varchar, name varchar, sha256 varchar, size_bytes bigint, as_at timestamp,
    received_at timestamp, status varchar, mode varchar, batch_id varchar, counted bigint, accepted bigint,
    rejected bigint, filtered bigint, rule varchar, message varchar, next_step varchar,
    override_reason varchar, override_by varchar,
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
    subject_id varchar, subject_name varchar, project_id varchar, benefit_id varchar, output_id varchar, decision varchar
);
create table if not exists meta.recorded_forecast (
    seq bigint, benefit_id varchar, period_start date, period_end date, p10_improvement double, p50_improvement double,
    p90_improvement double
);
create table if not exists meta.selection_question (asked_at timestamp, budget double, role_capacity json);
create table if not exists meta.feed (feed varchar, mode varchar, freshness_hours double, description varchar);
create table if not exists meta.latest_build (
    as_of date, known_at timestamp, seq bigint, is_forward boolean, succeeded boolean, seconds double
);
create table if not exists meta.made (
    step varchar, made_of varchar, moment varchar, state varchar, warned boolean, rows varchar
);
create table if not exists meta.fingerprint (subject varchar primary key, fingerprint varchar);
"""

# What a warehouse file must have been made with, to be gone on with: the tables above, and DuckDB, whose hash() is in _key.
LAYOUT = hashlib.sha256(f"{META}{PROVENANCE}{KEY_FUNCTION}{duckdb.__version__}".encode()).hexdigest()[:16]


def prepare(connection: duckdb.DuckDBPyConnection, contracts: dict[str, Contract], feeds: dict[str, Feed]) -> None:
    """Make the raw tables from the contracts, and the ledger, where they are not there yet.

    Raises `ConfigError` for a file of another version: what it holds does not fit, and only a load makes it anew.
    """
    if is_outdated(connection):
        raise ConfigError(
            "The warehouse was made by another version of Fruition or DuckDB: run `fruition run`, "
            "which makes it anew from the lake."
        )
    connection.execute("create schema if not exists raw; create schema if not exists meta;" + META)
    note_fingerprint(connection, "layout", LAYOUT)
    described = _raw_columns(connection)
    for contract in contracts.values():
        _make_raw_table(connection, contract, described.get(contract.name, {}))
    rows = [
        (feed.name, feed.mode, feed.freshness.total_seconds() / 3600 if feed.freshness else None, feed.description)
        for feed in feeds.values()
    ]
    with transaction(connection):
        connection.execute("delete from meta.feed")
        for row in rows:
            connection.execute("insert into meta.feed values (?, ?, ?, ?)", row)


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
    return f"{KEY_FUNCTION}({', '.join(quoted(column.name) for column in contract.keys)})"


def _raw_columns(connection: duckdb.DuckDBPyConnection) -> dict[str, dict[str, str]]:
    """The columns of each raw table that stand in its contract, with their types."""
    tables: dict[str, dict[str, str]] = {}
    described = connection.execute(
        "select table_name, column_name, lower(data_type) from duckdb_columns() where schema_name = 'raw' "
        "and not starts_with(column_name, '_')"
    )
    for table, column, type_ in described.fetchall():
        tables.setdefault(table, {})[column] = type_
    return tables


def _make_raw_table(connection: duckdb.DuckDBPyConnection, contract: Contract, present: dict[str, str]) -> None:
    """A raw table as the contract is today; one that holds no rows yet makes way for it."""
    today = {column.name: column.type for column in contract.columns}
    if present == today:
        return
    if present and connection.execute(f"select 1 from raw.{contract.name} limit 1").fetchone():
        _fit_columns(connection, contract, present, today)
        return
    columns = ", ".join(f"{quoted(name)} {type_}" for name, type_ in today.items())
    connection.execute(f"create or replace table raw.{contract.name} ({columns}, {PROVENANCE})")


def _fit_columns(
    connection: duckdb.DuckDBPyConnection, contract: Contract, present: dict[str, str], today: dict[str, str]
) -> None:
    """Give a raw table the columns that its contract has gained, and wider types; `ConfigError` for other changes."""
    for name, type_ in present.items():
        check_column(contract.name, name, type_, today.get(name))
    for name, type_ in today.items():
        if name not in present:
            connection.execute(f"alter table raw.{contract.name} add column {quoted(name)} {type_}")
        elif present[name] != type_:
            connection.execute(f"alter table raw.{contract.name} alter column {quoted(name)} type {type_}")
    if any(present.get(column.name) != column.type for column in contract.keys):
        connection.execute(f"update raw.{contract.name} set _key = {key_of(contract)}")
