"""raw -> staging: which contracts' row versions a build must bring up to date, and how."""

from __future__ import annotations

from dataclasses import dataclass

import duckdb

from pipelines import warehouse
from pipelines.sql import literal, quoted
from pipelines.transform.plan import Plan
from pipelines.transform.steps import Kinds

KINDS = """
select
    contract,
    list_sort(list_distinct(list(mapped_columns))) as mappings,
    bool_or(mode = 'snapshot') as has_snapshots,
    bool_or(mode = 'snapshot' and rejected > 0) as has_spared,
    bool_or(withdrawn_at is not null) as has_withdrawn
from version_state
group by contract
"""


@dataclass(frozen=True)
class Outdated:
    """A contract whose versions are not what its deliveries make of them; `kinds` is what their SQL depends on."""

    contract: str
    is_new: bool
    kinds: Kinds


def outdated(connection: duckdb.DuckDBPyConnection, plan: Plan, contracts: list[str], full: bool) -> list[Outdated]:
    """The contracts whose row versions must be made (`is_new`, all of them with `full`) or brought up to date."""
    connection.execute(f"create or replace temp table version_state as {plan.version_state}")
    kinds = {
        contract: Kinds(tuple(mappings), *flags) for contract, mappings, *flags in connection.execute(KINDS).fetchall()
    }
    found = connection.execute("select table_name from duckdb_tables() where schema_name = 'staging'").fetchall()
    tables = {str(name) for (name,) in found}
    stale = []
    for contract in contracts:
        is_new = full or not {f"{contract}_version", f"{contract}_versioned"} <= tables
        if is_new or _has_changed(connection, contract):
            stale.append(Outdated(contract, is_new, kinds.get(contract, Kinds())))
    return stale


def _has_changed(connection: duckdb.DuckDBPyConnection, contract: str) -> bool:
    now, before = _state(contract), f"select * from {_versioned(contract)}"
    query = f"select exists (({now} except {before}) union all ({before} except {now}))"
    row = connection.execute(query).fetchone()
    return row is not None and bool(row[0])


def bring_up_to_date(connection: duckdb.DuckDBPyConnection, stale: Outdated, code: str) -> None:
    """Make a contract's row versions anew, or those of the keys that its changed deliveries touch."""
    versions = f"staging.{quoted(f'{stale.contract}_version')}"
    with warehouse.transaction(connection):
        if not stale.is_new:
            connection.execute(f"create or replace temp table touched_version as ({code}\n)")
            connection.execute(f"delete from {versions} where _key in (select _key from touched_version)")
            connection.execute(f"insert into {versions} by name select * from touched_version")
            connection.execute("drop table touched_version")
        else:
            connection.execute(f"create or replace table {versions} as ({code}\n)")
        connection.execute(f"create or replace table {_versioned(stale.contract)} as {_state(stale.contract)}")


def _versioned(contract: str) -> str:
    """The deliveries that a contract's versions were last made of."""
    return f"staging.{quoted(f'{contract}_versioned')}"


def _state(contract: str) -> str:
    return f"select * exclude (contract) from version_state where contract = {literal(contract)}"
