"""Contract -> Great Expectations suite; run it inside DuckDB; tell which rows fail which rule.

Great Expectations has no DuckDB data source: its SQL one works through a dialect whose transactions do nothing, on a
closed file opened read-only and locked down. Importing it takes seconds, so nothing imports this module while a DAG
file is parsed.
"""

from __future__ import annotations

import copy
import logging
import os
import re
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

os.environ.setdefault("GX_ANALYTICS_ENABLED", "false")
logging.getLogger("great_expectations").setLevel(logging.ERROR)  # its import alone writes hundreds of lines

import duckdb_sqlalchemy
import great_expectations as gx
from great_expectations import expectations as gxe
from great_expectations.core import ExpectationSuite
from great_expectations.core.expectation_validation_result import ExpectationValidationResult
from great_expectations.data_context.data_context.ephemeral_data_context import EphemeralDataContext
from great_expectations.expectations.expectation import Expectation
from sqlalchemy.dialects import registry

from pipelines.contracts import Column, Contract, Rule, Severity
from pipelines.errors import ConfigError, DeliveryRefused
from pipelines.workspace import Workspace, lock, locked_configuration

ROW = "_row"
logging.getLogger("great_expectations.data_context.types.base").setLevel(logging.ERROR)  # it sets a level of its own
ROWS_SELECTED = re.compile(r"\s*select\s+(\w+\.)?\*|\s*with\b", re.IGNORECASE)


class StatelessDialect(duckdb_sqlalchemy.Dialect):
    """DuckDB without transactions of SQLAlchemy's: its rollback would empty a result that is still to be read."""

    supports_statement_cache = False

    def connect(self, *arguments: Any, **parameters: Any) -> Any:
        """Connect, and lock the session down unless another connection of this process already has."""
        connection = super().connect(*arguments, **parameters)
        locked = connection.execute("select current_setting('lock_configuration')").fetchone()
        if not locked[0]:
            lock(connection, Path(arguments[0] if arguments else parameters["database"]).parent)
        return connection

    def do_begin(self, dbapi_connection: Any) -> None:
        """Do nothing."""

    def do_rollback(self, dbapi_connection: Any) -> None:
        """Do nothing."""

    def do_commit(self, dbapi_connection: Any) -> None:
        """Do nothing."""


registry.register("duckdb.gx", __name__, "StatelessDialect")


@dataclass(frozen=True, eq=False)
class Check:
    """One expectation of a contract's suite, and what its failure means for a row."""

    rule: str
    severity: Severity
    message: str
    column: str | None
    expectation: Expectation
    rows_query: str | None = None


@dataclass(frozen=True)
class Failure:
    """A rule that a batch fails, with the query that gives the `_row` of its bad rows; none where no row is to blame."""

    check: Check
    rows_query: str | None


@cache
def build_checks(contract: Contract) -> tuple[Check, ...]:
    """The suite of a contract, in the order of its columns, then its rules; `ConfigError` names what cannot be built.

    Remembered, since most of what a small delivery takes would be building them.
    """
    checks = [check for column in contract.columns for check in _column_checks(contract, column)]
    return (*checks, *(_rule_check(contract, rule) for rule in contract.rules))


def _column_checks(contract: Contract, column: Column) -> Iterator[Check]:
    def check(rule: str, message: str, expectation: str, **arguments: Any) -> Check:
        built = _built(contract, rule, expectation, column=column.name, **arguments)
        return Check(rule, "error", message, column.name, built)

    if column.required or column.is_key:
        yield check("required", "is empty", "ExpectColumnValuesToNotBeNull")
    if column.allowed:
        message = f"is none of {', '.join(column.allowed)}"
        yield check("allowed_values", message, "ExpectColumnValuesToBeInSet", value_set=list(column.allowed))
    if column.minimum is not None or column.maximum is not None:
        bounds = {"at least": column.minimum, "at most": column.maximum}
        message = "is not " + " and ".join(f"{word} {bound}" for word, bound in bounds.items() if bound is not None)
        yield check(
            "range", message, "ExpectColumnValuesToBeBetween", min_value=column.minimum, max_value=column.maximum
        )


def _rule_check(contract: Contract, rule: Rule) -> Check:
    column, query = rule.arguments.get("column"), rule.arguments.get("unexpected_rows_query")
    if query is not None and not ("{batch}" in str(query) and ROWS_SELECTED.match(str(query))):
        raise ConfigError(f"{contract.name}.yml: rule {rule.id}: its query must begin: select * from {{batch}}.")
    return Check(
        rule=rule.id,
        severity=rule.severity,
        message=rule.title,
        column=column if isinstance(column, str) else None,
        expectation=_built(contract, rule.id, rule.expectation, **rule.arguments),
        rows_query=query,
    )


def _built(contract: Contract, rule: str, name: str, **arguments: Any) -> Expectation:
    """The expectation of that name, or `ConfigError` with the rule that cannot be built."""
    build = getattr(gxe, name, None)
    if not (isinstance(build, type) and issubclass(build, Expectation)):
        raise ConfigError(f"{contract.name}.yml: rule {rule}: Great Expectations has no {name!r}.")
    try:
        return build(**arguments)
    except (TypeError, ValueError) as error:
        raise ConfigError(
            f"{contract.name}.yml: rule {rule}: {name} cannot be built: {' '.join(str(error).split())}"
        ) from error


def find_failures(
    workspace: Workspace, suites: dict[str, tuple[Contract, tuple[str, ...]]]
) -> dict[str, list[Failure]]:
    """Run each relation's suite; per relation the rules that some row fails.

    `suites` maps a table or view of the workspace (all columns of its contract, and `_row`) to the contract and the
    columns the feed maps. About a column that a feed leaves out it says nothing, so no rule asks for it alone.
    """
    workspace.close()
    try:
        with _source(workspace) as source:
            return {
                relation: _failures(source, relation, _asked(contract, mapped))
                for relation, (contract, mapped) in suites.items()
            }
    finally:
        workspace.open()


def _asked(contract: Contract, mapped: tuple[str, ...]) -> list[Check]:
    """The checks that ask for at least one column the feed maps."""
    return [check for check in build_checks(contract) if _columns_asked(contract, check) & set(mapped)]


def _columns_asked(contract: Contract, check: Check) -> set[str]:
    if check.column is not None:
        return {check.column}
    text = check.rows_query or str(check.expectation.configuration.kwargs)
    return {column.name for column in contract.columns if re.search(rf"\b{column.name}\b", text)}


@cache
def _context() -> EphemeralDataContext:
    context = gx.get_context(mode="ephemeral")
    context.variables.progress_bars = {"globally": False}  # type: ignore[assignment]
    return context


@contextmanager
def _source(workspace: Workspace) -> Iterator[Any]:
    name = f"delivery_{uuid.uuid4().hex}"
    source = _context().data_sources.add_sql(  # type: ignore[call-arg]
        name,
        connection_string=f"duckdb+gx:///{workspace.database}",
        # The stub leaves `kwargs` out; the data source hands it to SQLAlchemy's create_engine.
        kwargs={"connect_args": {"read_only": True, "config": locked_configuration(workspace.folder)}},
        create_temp_table=False,
    )
    try:
        yield source
    finally:
        source.get_execution_engine().close()
        source.get_engine().dispose()
        _context().data_sources.delete(name)


def _failures(source: Any, relation: str, checks: list[Check]) -> list[Failure]:
    """The checks that fail, in order: all are asked whether, and only those that fail are asked where."""
    if not checks:
        return []
    batch = source.add_table_asset(relation, table_name=relation).add_batch_definition_whole_table("all").get_batch()
    verdicts = _validated(batch, relation, checks, {"result_format": "BOOLEAN_ONLY"})
    failing = [check for check, verdict in zip(checks, verdicts, strict=True) if not verdict.success]
    located = [check for check in failing if check.rows_query is None]
    where = {"result_format": "COMPLETE", "unexpected_index_column_names": [ROW]}
    results = dict(zip(failing, (verdict for verdict in verdicts if not verdict.success), strict=True))
    results |= dict(zip(located, _validated(batch, relation, located, where), strict=True)) if located else {}
    return [_failure(check, results[check], relation) for check in failing]


def _validated(
    batch: Any, relation: str, checks: list[Check], result_format: dict[str, Any]
) -> list[ExpectationValidationResult]:
    """One result a check, in the order of the checks; `ConfigError` where one was dropped."""
    expectations = [copy.copy(check.expectation) for check in checks]
    for number, expectation in enumerate(expectations):
        expectation.meta = {"check": number}
    suite = ExpectationSuite(name=f"{relation}_{uuid.uuid4().hex}", expectations=expectations)
    result = batch.validate(suite, result_format=result_format)
    entries = {entry.expectation_config.meta["check"]: entry for entry in result.results}
    if len(entries) != len(checks):
        raise ConfigError(f"{relation}: {len(checks)} expectations were declared, {len(entries)} were run.")
    return [entries[number] for number in range(len(checks))]


def _failure(check: Check, entry: ExpectationValidationResult, relation: str) -> Failure:
    if _raised(entry):
        raise DeliveryRefused(
            check.rule,
            "The rule could not be computed on this delivery.",
            f"Mend the rule {check.rule} in expectations/, then send the file again.",
        )
    if check.rows_query:
        return Failure(check, f"select {ROW} from ({check.rows_query.replace('{batch}', relation)})")
    query = entry.result.get("unexpected_index_query")
    return Failure(check, f"select {ROW} from ({query.rstrip().rstrip(';')})" if query else None)


def _raised(entry: ExpectationValidationResult) -> bool:
    """Whether computing raised: one error, or, by metric, errors nested one deeper."""
    information = entry.exception_info or {}
    nested = [value for value in information.values() if isinstance(value, dict)]
    return bool(information.get("raised_exception")) or any(value.get("raised_exception") for value in nested)
