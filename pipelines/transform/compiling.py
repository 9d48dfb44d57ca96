"""dbt nodes -> steps: the project compiled against an empty warehouse, so that no plan depends on anyone's data."""

from __future__ import annotations

import csv
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import Any

import duckdb

from pipelines import warehouse
from pipelines.contracts import Contract, load_contracts
from pipelines.disk import NEXT_STEP, says_full
from pipelines.errors import BuildFailed, DiskFull
from pipelines.settings import Settings
from pipelines.sql import literal, quoted
from pipelines.transform.dbt import project_variables, run_dbt
from pipelines.transform.steps import PLACEHOLDERS, Kinds, Step

PLANNED = ("resource_type:model", "resource_type:seed", "resource_type:test", "resource_type:analysis")
VERSION_STATE = "version_state"
STAGING = "staging"
ANY_TIME = datetime(2000, 1, 1)


def variables(settings: Settings) -> dict[str, Any]:
    """Dbt's variables, the same for every build of these settings."""
    return {
        "reporting_currency": settings.currency,
        "fiscal_year_start": settings.fiscal_year_start,
        **PLACEHOLDERS,
        **project_variables(settings),
    }


def compile_project(settings: Settings, artefacts: Path) -> tuple[list[Step], str]:
    """Every step besides the row versions, in order, and the query for what those depend on."""
    contracts = load_contracts(settings.contracts)
    with _empty_warehouse(contracts, artefacts) as file:
        nodes = _compiled(settings, file, PLANNED, artefacts)
    [state] = [node for node in nodes if node.name == VERSION_STATE]
    planned = {node.unique_id: node for node in nodes if node is not state and node.schema != STAGING}
    steps = [_step(settings, node, planned, contracts) for node in planned.values()]
    return list(_in_order(steps)), _code(state)


def compile_versions(
    settings: Settings, artefacts: Path, kinds: Mapping[str, Kinds], version_state: str, anew: bool
) -> dict[str, str]:
    """The SQL of the row versions of each contract, for the kinds of deliveries that it has."""
    with _empty_warehouse(load_contracts(settings.contracts), artefacts) as file:
        with warehouse.closing_connection(file, read_only=False) as connection:
            _feign_deliveries(connection, kinds, version_state)
        flags = ["--indirect-selection", "empty", *(["--full-refresh"] if anew else [])]
        nodes = _compiled(settings, file, [f"{contract}_version" for contract in kinds], artefacts, flags)
    return {node.name.removesuffix("_version"): _code(node) for node in nodes}


@contextmanager
def _empty_warehouse(contracts: dict[str, Contract], artefacts: Path) -> Iterator[Path]:
    """Always in the same place, since dbt parses its project anew for another one; whoever compiles holds the lock."""
    artefacts.mkdir(parents=True, exist_ok=True)
    file = artefacts / "empty.duckdb"
    warehouse.remove_database(file)
    with warehouse.closing_connection(file, read_only=False) as connection:
        warehouse.prepare(connection, contracts, {})
    yield file
    warehouse.remove_database(file)


def _feign_deliveries(connection: duckdb.DuckDBPyConnection, kinds: Mapping[str, Kinds], version_state: str) -> None:
    """Ledger rows of the kinds named, and versions that know nothing of them."""
    connection.execute("create schema staging")
    for contract, kind in kinds.items():
        for number, mapping in enumerate(kind.mappings):
            delivery_id, mode = f"{contract}-{number}", "snapshot" if kind.has_snapshots else "delta"
            connection.execute(
                "insert into meta.delivery (delivery_id, root_id, status, mode, known_from, placed_at, withdrawn_at) "
                "values ($1, $1, 'accepted', $2, $3, $3, $4)",
                [delivery_id, mode, ANY_TIME, ANY_TIME if kind.has_withdrawn else None],
            )
            connection.execute(
                "insert into meta.delivery_contract (delivery_id, contract, mapped_columns, rejected) values ($1, $2, $3, $4)",
                [delivery_id, contract, mapping, int(kind.has_spared)],
            )
        connection.execute(f"create table staging.{quoted(f'{contract}_version')} (_key ubigint)")
        connection.execute(
            f"create table staging.{quoted(f'{contract}_versioned')} as "
            f"select * exclude (contract) from ({version_state}\n) as state limit 0"
        )


def _compiled(
    settings: Settings, file: Path, selected: Iterable[str], artefacts: Path, flags: Iterable[str] = ()
) -> list[Any]:
    """The nodes selected, compiled by dbt. Raises `BuildFailed` with what dbt says where it cannot."""
    command = ["compile", "--no-write-json", *flags, "--select", *selected]
    result = run_dbt(settings, file, command, variables(settings), artefacts)
    outcomes = getattr(result.result, "results", [])
    if not result.success:
        failed = next((outcome.message for outcome in outcomes if outcome.status == "error"), None)
        reason = " ".join(str(result.exception or failed).split())[:500]
        if says_full(reason):
            raise DiskFull(NEXT_STEP) from result.exception
        raise BuildFailed(f"dbt could not compile the warehouse's models: {reason}") from result.exception
    return [outcome.node for outcome in outcomes]


def _step(settings: Settings, node: Any, planned: dict[str, Any], contracts: dict[str, Contract]) -> Step:
    """One compiled node as a step."""
    needs = tuple(planned[needed].name for needed in node.depends_on_nodes if needed in planned)
    reads = tuple(_relation(needed) for needed in node.depends_on_nodes if needed not in planned)
    relation = f"{quoted(node.schema)}.{quoted(node.name)}"
    if node.resource_type == "test":
        return Step(node.name, "test", relation, _test(node), needs, reads)
    if node.resource_type == "seed":
        return Step(node.name, "seed", relation, _seed(settings, node))
    kind = "python" if node.language == "python" else "view" if node.config.materialized == "view" else "table"
    columns = tuple(_column(column) for column in node.columns.values()) if node.contract.enforced else ()
    return Step(
        node.name, kind, relation, _code(node), needs, reads, columns, tuple(_comments(node, kind, relation, contracts))
    )


def _relation(unique_id: str) -> str:
    """What no step makes, by dbt's name for it: a table that loading fills, or a contract's row versions."""
    *_, schema, name = unique_id.split(".")
    return f"{quoted(schema if unique_id.startswith('source.') else STAGING)}.{quoted(name)}"


def _test(node: Any) -> str:
    """A data test as one row: how many rows are at fault, and what of."""
    config, is_error = node.config, node.config.severity.lower() == "error"
    return (
        f"select {config.fail_calc}, {str(is_error).lower()} and {config.fail_calc} {config.error_if}, "
        f"{config.fail_calc} {config.warn_if} from (\n{_code(node)}\n) as at_fault"
    )


def _seed(settings: Settings, node: Any) -> str:
    """A seed's rows as a query; an empty field is null."""
    with (settings.dbt_project / node.original_file_path).open(encoding="utf-8", newline="") as file:
        names, *rows = csv.reader(file)
    types = node.config.column_types
    casts = ", ".join(f"cast({quoted(name)} as {types[name]}) as {quoted(name)}" for name in names)
    values = ",\n".join(f"({', '.join(literal(cell or None) for cell in row)})" for row in rows)
    return f"select {casts} from (values\n{values}\n) as seed ({', '.join(map(quoted, names))})"


def _column(column: Any) -> tuple[str, str]:
    """A column of a mart's contract: its name, and how it is declared."""
    is_required = any(constraint.type == "not_null" for constraint in column.constraints)
    return column.name, f"{column.data_type}{' not null' if is_required else ''}"


def _comments(node: Any, kind: str, relation: str, contracts: dict[str, Contract]) -> Iterable[str]:
    """Statements that describe a relation for any SQL client: a mart from its .yml, a current row from its contract."""
    described: list[tuple[str, str]] = []
    what = "view" if kind == "view" else "table"
    if node.name in contracts and node.schema == "core":
        contract = contracts[node.name]
        yield f"comment on {what} {relation} is {literal(f'{contract.grain} {contract.description}')}"
        described = [(column.name, column.description) for column in contract.columns]
    elif node.config.persist_docs:
        yield f"comment on {what} {relation} is {literal(node.description)}"
        described = [(column.name, column.description) for column in node.columns.values()]
    for name, text in described:
        yield f"comment on column {relation}.{quoted(name)} is {literal(text)}"


def _code(node: Any) -> str:
    return str(node.compiled_code).strip()


def _in_order(steps: list[Step]) -> Iterable[Step]:
    """Each step after those it needs, otherwise as they come: a model's tests follow it closely."""
    waiting = {step.name: step for step in steps}
    while waiting:
        for step in [step for step in waiting.values() if not waiting.keys() & set(step.needs)]:
            yield waiting.pop(step.name)
