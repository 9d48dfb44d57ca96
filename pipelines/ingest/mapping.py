"""Text -> a contract's typed columns: the feed's expressions, then casts that check the text's shape first.

A value that its type cannot hold exactly is a fault of its row; nothing is rounded and nothing is guessed.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from functools import cache

import duckdb

from pipelines.contracts import DECIMAL, Column, Contract
from pipelines.errors import ConfigError, DeliveryRefused
from pipelines.feeds import Delivers, Feed
from pipelines.readers.tables import LINE_COLUMN, Table
from pipelines.sql import quoted
from pipelines.workspace import Workspace

EXACT_NUMBERS = re.compile(r"(U?(TINY|SMALL|BIG|HUGE)INT|U?INTEGER|DECIMAL\(\d+,\d+\))")
ISO_DATE = r"[0-9]{4}-[0-9]{2}-[0-9]{2}"
ISO_OFFSET = r" ?Z|[+-](0[0-9]|1[0-4])(:?[0-5][0-9])?"
ISO_TIME = rf"[0-9]{{2}}:[0-9]{{2}}(:[0-9]{{2}}(\.[0-9]{{1,6}})?)?({ISO_OFFSET})?"


@dataclass(frozen=True)
class Fault:
    """Why a row cannot be typed: the column, the rule and the words for it."""

    column: str | None
    rule: str
    message: str


@dataclass(frozen=True)
class Candidate:
    """A contract's rows as a feed gives them, before the contract's own rules.

    `relation` in the workspace has every column of the contract, typed (those not mapped are null), `_row` (the line)
    and `_fault` (position in `faults`, null where the row is sound). `filtered` rows were left out by `where`.
    """

    relation: str
    contract: Contract
    table: Table
    mapped: tuple[str, ...]
    faults: tuple[Fault, ...]
    filtered: int


@dataclass(frozen=True)
class _Cast:
    """A typed value, and the conditions under which it is at fault, over the untyped SQL value `v`."""

    value: str
    faults: tuple[tuple[str, str, str], ...] = ()


def map_rows(workspace: Workspace, feed: Feed, delivers: Delivers, contract: Contract, table: Table) -> Candidate:
    """Apply one feed entry to its table. `DeliveryRefused` where a source column is missing, `ConfigError` where the
    mapping itself cannot be read.
    """
    relation = f"candidate_{contract.name}"
    expressions = _expressions(delivers, contract)
    evaluated, selected, conditions = [], [], []
    faults: list[Fault] = []
    if delivers.where:
        if _type_of(workspace, feed, contract, "where", delivers.where, table) != "BOOLEAN":
            raise ConfigError(f"{feed.name}.yml: delivers.{contract.name}.where: is neither true nor false of a row.")
        evaluated.append(f"try({{'v': ({delivers.where})}}) as _where")
        conditions.append("_where is null")
        faults.append(Fault(None, "where", "the feed's where cannot be computed for this row"))
    for column in contract.columns:
        if column.name not in expressions:
            selected.append(f"null::{column.type} as {quoted(column.name)}")
            continue
        expression = expressions[column.name]
        type_ = _type_of(workspace, feed, contract, column.name, expression, table)
        name = quoted(f"_e_{column.name}")
        can_fail = not _is_column(expression, table)
        evaluated.append((f"try({{'v': ({expression})}})" if can_fail else quoted(expression.strip())) + f" as {name}")
        cast = _cast(feed, contract, column, type_, f"{name}.v" if can_fail else name)
        selected.append(f"{_with_default(column, cast.value)} as {quoted(column.name)}")
        failed = (f"{name} is null", "expression", "cannot be computed by the feed's mapping")
        for condition, rule, message in (*([failed] if can_fail else []), *cast.faults):
            conditions.append(condition)
            faults.append(Fault(column.name, rule, message))
    branches = " ".join(f"when {condition} then {number}" for number, condition in enumerate(conditions))
    fault = f"case {branches} end" if branches else "null"
    kept = "where _where is null or _where.v" if delivers.where else ""
    workspace.connection.execute(
        f"create table {relation} as "
        f"with evaluated as (select _row, {', '.join(evaluated)} from {table.relation}) "
        f"select {', '.join(selected)}, _row, ({fault})::smallint as _fault from evaluated {kept}"
    )
    return Candidate(
        relation,
        contract,
        table,
        tuple(c.name for c in contract.columns if c.name in expressions),
        tuple(faults),
        _filtered(workspace, table, delivers.where) if delivers.where else 0,
    )


def _is_column(expression: str, table: Table) -> bool:
    """Whether an expression is a column as it stands, which always can be computed."""
    name = expression.strip()
    return name in table.columns and columns_of(name) == frozenset({name})


def _filtered(workspace: Workspace, table: Table, where: str) -> int:
    """How many rows `where` leaves out, counted by themselves: a row lost elsewhere must not pass for one."""
    kept = f"coalesce(try({{'v': coalesce(({where}), false)}}).v, true)"
    return workspace.count(f"(select 1 from {table.relation} where not {kept})")


def check_mapping(feed: Feed, delivers: Delivers, contracts: dict[str, Contract]) -> Contract:
    """The contract that a feed entry names, if the entry fits it; `ConfigError` names the feed and the key."""
    where = f"{feed.name}.yml: delivers.{delivers.contract}"
    contract = contracts.get(delivers.contract)
    if contract is None:
        raise ConfigError(f"{where}: there is no such contract; there are {', '.join(sorted(contracts))}.")
    unknown = sorted(set(delivers.columns) - {column.name for column in contract.columns})
    if unknown:
        raise ConfigError(f"{where}.columns: {contract.name} has no column {', '.join(unknown)}.")
    missing = [key.name for key in contract.keys if key.name not in delivers.columns and key.default is None]
    if missing:
        raise ConfigError(f"{where}.columns: the key {', '.join(missing)} must be mapped.")
    for key, expression in [*delivers.columns.items(), *([("where", delivers.where)] if delivers.where else [])]:
        if columns_of(expression) is None:
            raise ConfigError(
                f"{where}.{key}: is no SQL expression that DuckDB can read. "
                "(A column named like a word of SQL goes in double quotes.)"
            )
    return contract


@cache
def columns_of(expression: str) -> frozenset[str] | None:
    """The source columns an SQL expression names; None where it cannot be parsed as one expression."""
    with duckdb.connect() as connection:
        row = connection.execute("select json_serialize_sql($1)", [f"select ({expression}) as v"]).fetchone()
    document = json.loads(row[0]) if row else {"error": True}
    if document["error"] or len(document["statements"]) != 1:
        return None
    return frozenset(_column_names(document))


def _column_names(node: object) -> list[str]:
    if isinstance(node, list):
        return [name for item in node for name in _column_names(item)]
    if not isinstance(node, dict):
        return []
    if node.get("type") == "COLUMN_REF":
        return [node["column_names"][-1]]
    if node.get("type") == "LAMBDA":
        parameters = set(_column_names(node["lhs"]))
        return [name for name in _column_names(node["expr"]) if name not in parameters]
    return [name for value in node.values() for name in _column_names(value)]


def _expressions(delivers: Delivers, contract: Contract) -> dict[str, str]:
    """The mapped expressions, with a key's default where the feed leaves it out."""
    defaults = {key.name: _literal(key) for key in contract.keys if key.default is not None}
    return {**defaults, **delivers.columns}


def _literal(column: Column) -> str:
    value = column.default.value if column.default else None
    return "'" + str("" if value is None else value).replace("'", "''") + "'"


def _with_default(column: Column, value: str) -> str:
    return f"coalesce({value}, {_literal(column)})" if column.is_key and column.default is not None else value


def _type_of(workspace: Workspace, feed: Feed, contract: Contract, key: str, expression: str, table: Table) -> str:
    """The SQL type an expression gives, a row at a time; `ConfigError` where it cannot be computed so."""
    query = f"describe select _row, try({{'v': ({expression})}}).v as v from {table.relation}"
    try:
        return str(workspace.connection.execute(query).fetchall()[1][1])
    except duckdb.Error as error:
        present = {LINE_COLUMN, *(column.casefold() for column in table.columns)}
        missing = sorted(name for name in columns_of(expression) or () if name.casefold() not in present)
        if missing and isinstance(error, duckdb.BinderException):
            raise DeliveryRefused(
                "missing_column",
                f"{table.name} has no column {', '.join(missing)}, which {contract.name}.{key} is made of.",
                "Send the file with that column, or mend the feed's mapping.",
            ) from error
        raise ConfigError(
            f"{feed.name}.yml: delivers.{contract.name}.{key}: DuckDB cannot compute it: {str(error).splitlines()[0]}"
        ) from error


def _cast(feed: Feed, contract: Contract, column: Column, type_: str, value: str) -> _Cast:
    """How a value of the SQL type `type_` becomes the column's; `ConfigError` where it never can without a guess."""
    if type_ in {"VARCHAR", '"NULL"'}:
        return _from_text(column, f"nullif({value}::varchar, '')", feed.format.decimal)
    cast = _from_typed(column, type_, value)
    if cast is None:
        raise ConfigError(
            f"{feed.name}.yml: delivers.{contract.name}.{column.name}: gives {type_}, which does not become {column.type}; "
            "cast it in the expression."
        )
    return cast


def _from_text(column: Column, text: str, point: str) -> _Cast:
    decimal = DECIMAL.fullmatch(column.type)
    if column.type == "varchar":
        return _Cast(text)
    if decimal:
        return _decimal_from_text(column.type, int(decimal[1]), int(decimal[2]), text, point)
    shape, words = {
        "date": (ISO_DATE, "is no date written YYYY-MM-DD"),
        "timestamp": (f"{ISO_DATE}([T ]{ISO_TIME})?", "is no ISO 8601 date and time"),
        "double": (_number(point) + "([eE][+-]?[0-9]{1,3})?", "is no number"),
        "integer": ("[+-]?[0-9]{1,10}", "is no whole number"),
        "boolean": ("true|false", "is neither true nor false"),
    }[column.type]
    value = f"try_cast({_plain(text, point) if column.type == 'double' else text} as {column.type})"
    if column.type == "timestamp":
        with_seconds = f"regexp_replace({text}, '([T ][0-9]{{2}}:[0-9]{{2}})({ISO_OFFSET})$', '\\1:00\\2')"
        value = f"cast(try_cast({with_seconds} as timestamptz) as timestamp)"
    held = f"regexp_full_match({text}, '{shape}') and {value} is not null"
    if column.type == "double":
        held += f" and isfinite({value})"
    return _Cast(value, ((f"{text} is not null and not coalesce({held}, false)", "type", words),))


def _decimal_from_text(type_: str, precision: int, scale: int, text: str, point: str) -> _Cast:
    number = f"regexp_full_match({text}, '{_number(point)}')"
    exact = f"not regexp_matches({text}, '[{point}][0-9]{{{scale}}}[0-9]*[1-9]')"
    value = f"try_cast({_plain(text, point)} as {type_})"
    return _Cast(
        value,
        (
            (f"{text} is not null and not {number}", "type", "is no number"),
            (
                f"{text} is not null and not ({exact})",
                "precision",
                f"has more than {scale} decimals; nothing is rounded",
            ),
            (f"{text} is not null and {value} is null", "type", f"is too large for {precision - scale} digits"),
        ),
    )


def _number(point: str) -> str:
    return rf"[+-]?([0-9]+([{point}][0-9]*)?|[{point}][0-9]+)"


def _plain(text: str, point: str) -> str:
    return text if point == "." else f"replace({text}, ',', '.')"


def _from_typed(column: Column, type_: str, value: str) -> _Cast | None:
    exact = bool(EXACT_NUMBERS.fullmatch(type_))
    if column.type == "varchar":
        return _Cast(f"{value}::varchar")
    if column.type == "boolean":
        return _Cast(value) if type_ == "BOOLEAN" else None
    if column.type == "timestamp":
        return _Cast(f"{value}::timestamp") if type_ in {"DATE", "TIMESTAMP", "TIMESTAMP WITH TIME ZONE"} else None
    if column.type == "date" and type_ == "DATE":
        return _Cast(value)
    if column.type == "date":
        moment = (f"{value}::date::timestamp <> {value}", "type", "has a time of day")
        return _Cast(f"{value}::date", (moment,)) if type_ == "TIMESTAMP" else None
    if not exact and type_ not in {"DOUBLE", "FLOAT"}:
        return None
    finite = () if exact else ((f"not isfinite({value})", "type", "is not finite"),)
    if column.type == "double":
        return _Cast(f"{value}::double", finite)
    cast = f"try_cast({value} as {column.type})"
    lost = f"{value} is not null and ({cast} is null or {cast}::{type_} <> {value})"
    return _Cast(cast, (*finite, (lost, "precision", f"does not fit {column.type} without rounding")))
