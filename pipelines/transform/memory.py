"""What each step of a build was last made of, kept in the warehouse: only what could come out otherwise is made anew.

A step's result depends on its SQL and on what it reads: other steps, the row versions, the ledger. Each of these has a
`state`, a text that changes whenever its rows may have: of what no step makes, a digest of its rows; of a step, a digest of
its SQL and of the states of what it reads. A step of which that digest is the one noted when it was last run stands.

The business date is in the SQL of nearly all, the build's moment in that of some, and they change with every build. Where
nothing but these has changed, or a table is small, its rows are compared before and after: if they are the same, its state
stays the one it was, and so do all that rest on it.
"""

from __future__ import annotations

import copy
import hashlib
from dataclasses import dataclass, replace

import duckdb

from pipelines import warehouse
from pipelines.sql import quoted
from pipelines.transform.steps import Step

SMALL = 20_000  # rows; of what is larger, and made of something else, it is not asked whether it came out the same
VERSION_SUFFIX, VERSIONED_SUFFIX = '_version"', '_versioned"'  # the row versions, and the deliveries that they are of


@dataclass(frozen=True)
class Made:
    """How a step last ended: what it was made of, for which inputs of a build; its state; a digest of its rows, once asked for.

    `warned` is of a test that passed with a warning.
    """

    made_of: str
    moment: str
    state: str
    warned: bool = False
    rows: str | None = None


class Memory:
    """The steps that a warehouse file holds the results of; `afresh` forgets them."""

    def __init__(self, connection: duckdb.DuckDBPyConnection, fingerprint: str, afresh: bool) -> None:
        self._connection = connection
        self._fingerprint = fingerprint
        self._states: dict[str, str] = {}
        self._moments: dict[str, str] = {}
        self._changed: dict[str, Made] = {}
        if afresh:
            connection.execute("delete from meta.made")
        self._nested = self._nested_columns()
        query = "select step, made_of, moment, state, warned, rows from meta.made"
        self._made = {name: Made(*values) for name, *values in connection.execute(query).fetchall()}

    def over(self, connection: duckdb.DuckDBPyConnection) -> Memory:
        """The same memory for who runs steps over another connection, beside this one: each keeps what it has run itself."""
        other = copy.copy(self)
        other._connection, other._changed = connection, {}
        return other

    def outlined(self, step: Step, moment: str) -> Made:
        """The step as it would be made now; `moment` says the inputs of the build that its SQL names.

        A view is nothing by itself: the inputs that it names are named by who reads it.
        """
        inherited = [self._moments[name] for name in step.needs if name in self._moments]
        moment = _digest(moment, *inherited) if moment or any(inherited) else ""
        read = [self._states[name] for name in step.needs if name in self._states]
        read += [self._state_of(relation) for relation in step.reads]
        made_of = _digest(self._fingerprint, step.kind, step.code, *read)
        return Made(made_of, moment, made_of if step.kind == "view" else _digest(made_of, moment))

    def recalled(self, step: Step, outline: Made) -> Made | None:
        """What the step made when it was last run, if it would be the same."""
        made = self._made.get(step.name)
        return made if made and (made.made_of, made.moment) == (outline.made_of, outline.moment) else None

    def before(self, step: Step, outline: Made, is_there: bool) -> Made | None:
        """What stands in the place of a table, with a digest of its rows, where these may well come out the same."""
        made = self._made.get(step.name)
        if not made or not is_there or step.kind not in {"table", "python"}:
            return None
        if made.made_of != outline.made_of and self._count(step.relation) > SMALL:
            return None
        return made if made.rows else replace(made, rows=self._rows_of(step.relation))

    def note(self, step: Step, made: Made, before: Made | None = None) -> None:
        """The step was run; it keeps the state of what stood there `before` if its rows are the same."""
        if before:
            rows = self._rows_of(step.relation)
            made = replace(made, rows=rows, state=before.state if rows == before.rows else made.state)
        self._changed[step.name] = made
        self.follow(step, made)

    def follow(self, step: Step, made: Made) -> None:
        """Steps to come rest on the step as it is."""
        self._states[step.name] = made.state
        if step.kind == "view":
            self._moments[step.name] = made.moment

    def keep(self) -> None:
        """Write down what was run, in the transaction that ran it."""
        if self._changed:
            names = list(self._changed)
            self._connection.execute("delete from meta.made where step in (select unnest($1::varchar[]))", [names])
            self._connection.executemany(
                "insert into meta.made values (?, ?, ?, ?, ?, ?)",
                [
                    [name, one.made_of, one.moment, one.state, one.warned, one.rows]
                    for name, one in self._changed.items()
                ],
            )
            self._changed = {}

    def _state_of(self, relation: str) -> str:
        """The state of what no step makes. The row versions are what their deliveries and their SQL made of them."""
        if relation not in self._states:
            if relation.endswith(VERSION_SUFFIX):
                made_by = warehouse.fingerprint(self._connection, "versions")
                deliveries = self._rows_of(relation.replace(VERSION_SUFFIX, VERSIONED_SUFFIX))
                self._states[relation] = f"{made_by} {deliveries}"
            else:
                self._states[relation] = self._rows_of(relation)
        return self._states[relation]

    def _count(self, relation: str) -> int:
        row = self._connection.execute(f"select count(*) from {relation}").fetchone()
        return int(row[0]) if row else 0

    def _nested_columns(self) -> dict[str, list[str]]:
        """The columns of each relation that hold lists or structs: `hash` takes an empty one for one that is null."""
        columns = self._connection.execute(
            "select schema_name, table_name, column_name from duckdb_columns() "
            "where regexp_matches(data_type, '\\]$|^STRUCT|^MAP|^UNION') and not internal"
        )
        nested: dict[str, list[str]] = {}
        for schema, table, column in columns.fetchall():
            nested.setdefault(f"{quoted(schema)}.{quoted(table)}", []).append(f"{quoted(column)}::varchar")
        return nested

    def _rows_of(self, relation: str) -> str:
        """A digest of a relation's rows, in whatever order."""
        hashed = ", ".join(["given", *self._nested.get(relation, [])])
        query = f"select count(*), coalesce(sum(hash({hashed})::hugeint), 0) from {relation} as given"
        count, total = self._connection.execute(query).fetchone() or (0, 0)
        return f"{count} {total}"


def _digest(*parts: str) -> str:
    return hashlib.sha256("\0".join(parts).encode()).hexdigest()[:32]
