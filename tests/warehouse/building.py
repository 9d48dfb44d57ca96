"""A warehouse made of rows written in Python: its raw tables and ledger filled, and dbt run over them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import date, datetime
from pathlib import Path
from typing import Any

import duckdb
import pandas as pd
from dbt.artifacts.schemas.results import NodeResult, RunStatus, TestStatus
from dbt.artifacts.schemas.run import RunExecutionResult
from dbt.cli.main import dbtRunnerResult

from pipelines import transform, warehouse
from pipelines.contracts import Contract, load_contracts
from pipelines.errors import BuildFailed
from pipelines.settings import Settings

Rows = Sequence[Mapping[str, Any]]
Outcome = dbtRunnerResult | transform.Build | BuildFailed

BUILD = ("build", "--exclude-resource-type", "unit_test")
FAILED = {RunStatus.Error, TestStatus.Error, TestStatus.Fail}
RECEIVED = datetime(2000, 1, 1)
DEFAULTS = {
    "as_of": "2026-06-30",
    "known_at": "9999-12-31 23:59:59.999999",
    "reporting_currency": "GBP",
    "fiscal_year_start": 1,
}
SETTINGS = {"reporting_currency", "fiscal_year_start", "as_of", "known_at", "seq"}


def build_warehouse(
    database: Path,
    raw: Mapping[str, Rows],
    meta: Mapping[str, Rows] | None = None,
    command: Sequence[str] = BUILD,
    only: str | None = None,
    **variables: Any,
) -> Outcome:
    """Fill the raw and meta tables of a new DuckDB file and build every model and test over it.

    Or `only` one model and what it rests on, without tests.

    `raw` holds rows a contract, `meta` rows a ledger table; a column left out is null. Rows without `_batch_id` come
    from one delivery of the feed `test`, received on 2000-01-01, which maps every column of the contract and is entered
    in the ledger for them. `variables` are dbt's, `as_of` and `known_at` among them. Another command than the whole
    build, or a variable that no setting sets, goes through dbt itself.
    """
    settings = Settings(home=database.parent, feeds=database.parent / "feeds")
    fill_warehouse(database, raw, meta or {}, load_contracts(settings.contracts))
    if command is BUILD and variables.keys() <= SETTINGS:
        return build_everything(database, only, **variables)
    assert only is None, "one model alone is built by a command that selects it"
    return run_dbt(database, command, **variables)


def build_everything(database: Path, only: str | None = None, **variables: Any) -> transform.Build | BuildFailed:
    """Build as `fruition build` does, over a filled warehouse, as the build that its `meta.latest_build` numbers.

    Returns the error where something failed."""
    given: dict[str, Any] = DEFAULTS | variables
    settings = replace(
        Settings(home=database.parent, feeds=database.parent / "feeds"),
        currency=given["reporting_currency"],
        fiscal_year_start=given["fiscal_year_start"],
    )
    with duckdb.connect(str(database)) as connection:
        noted = connection.execute("select seq from meta.latest_build").fetchone()
    stands = transform.Standing(
        as_of=date.fromisoformat(str(given["as_of"])),
        known_at=datetime.fromisoformat(given["known_at"]),
        seq=given.get("seq", noted[0] if noted else None),
        is_forward=True,
    )
    try:
        return transform.build_file(settings, database, stands, only=only)
    except BuildFailed as error:
        return error


def run_dbt(database: Path, command: Sequence[str] = BUILD, **variables: Any) -> dbtRunnerResult:
    """One dbt command over a filled warehouse, in this process."""
    settings = Settings(home=database.parent, feeds=database.parent / "feeds")
    return transform.run_dbt(
        settings, database, list(command), {**DEFAULTS, **transform.project_variables(settings), **variables}
    )


def failures(result: Outcome) -> list[str]:
    """The nodes that went wrong, each with the word on it; the exception where dbt could not run at all."""
    if isinstance(result, transform.Build):
        return []
    if isinstance(result, BuildFailed):
        return [str(result)]
    if result.exception is not None:
        return [str(result.exception)]
    return [f"{node.node.name}: {node.message}" for node in nodes(result) if node.status in FAILED]


def nodes(result: dbtRunnerResult) -> Sequence[NodeResult]:
    """What became of each model, seed and test of a dbt command."""
    return result.result.results if isinstance(result.result, RunExecutionResult) else []


def fill_warehouse(
    database: Path, raw: Mapping[str, Rows], meta: Mapping[str, Rows], contracts: dict[str, Contract]
) -> None:
    """Make the raw tables and the ledger of a new DuckDB file and fill them."""
    database.parent.mkdir(parents=True, exist_ok=True)
    database.unlink(missing_ok=True)
    with duckdb.connect(str(database)) as connection:
        warehouse.prepare(connection, contracts, {})
        for name, rows in meta.items():
            insert(connection, f"meta.{name}", rows)
        for name, rows in raw.items():
            unsent = [row for row in rows if "_batch_id" not in row]
            if unsent:
                _enter_delivery(connection, contracts[name], len(unsent))
            stamped = [{**_origin(name), "_row": line, **row} for line, row in enumerate(rows, start=2)]
            insert(connection, f"raw.{name}", [_with_keys(contracts[name], row) for row in stamped])
            connection.execute(f"update raw.{name} set _key = {warehouse.key_of(contracts[name])}")
        connection.execute("update meta.delivery set root_id = coalesce(root_id, delivery_id), built = false")
        warehouse.settle(connection)
        connection.execute(
            "insert into meta.latest_build (seq) select coalesce(max(seq), 0) + 1 from meta.recorded_build"
        )


def _origin(contract: str) -> dict[str, str]:
    return {"_feed": "test", "_batch_id": f"batch_of_{contract}"}


def _with_keys(contract: Contract, row: Mapping[str, Any]) -> Mapping[str, Any]:
    """The row with the defaults of key columns, which the door applies."""
    return {**{key.name: key.default.value for key in contract.keys if key.default}, **row}


def _enter_delivery(connection: duckdb.DuckDBPyConnection, contract: Contract, rows: int) -> None:
    named = {"delivery_id": f"20000101T000000-{contract.name}", "feed": "test", "batch_id": f"batch_of_{contract.name}"}
    counts = {"counted": rows, "accepted": rows, "rejected": 0, "filtered": 0}
    delivery = {**named, **counts, "received_at": RECEIVED, "status": "accepted", "mode": "delta"}
    mapped = f",{','.join(column.name for column in contract.columns)},"
    delivered = {**named, **counts, "contract": contract.name, "mapped_columns": mapped, "unreadable_keys": 0}
    insert(connection, "meta.delivery", [delivery])
    insert(connection, "meta.delivery_contract", [delivered])


def insert(connection: duckdb.DuckDBPyConnection, table: str, rows: Rows) -> None:
    """Insert rows, as text that the table's types are cast from; columns left out stay null."""
    if not rows:
        return
    columns = list(dict.fromkeys(column for row in rows for column in row))
    texts = {column: [None if row.get(column) is None else str(row[column]) for row in rows] for column in columns}
    frame = pd.DataFrame(texts, dtype="object")
    names = ", ".join(f'"{column}"' for column in columns)
    connection.register("incoming", frame)
    connection.execute(f"insert into {table} ({names}) select {names} from incoming")
    connection.unregister("incoming")
