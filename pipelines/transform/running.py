"""A plan's steps, run on a warehouse file."""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field, replace
from threading import Lock
from typing import Any

import duckdb

from pipelines import warehouse
from pipelines.disk import NEXT_STEP, says_full
from pipelines.errors import BuildFailed, DiskFull
from pipelines.sql import quoted
from pipelines.transform.course import Course
from pipelines.transform.memory import Made, Memory
from pipelines.transform.standing import Standing, known_by
from pipelines.transform.steps import PLACEHOLDERS, Step

SCHEMAS = ("staging", "core", "gaps", "marts", "meta")
TRANSACTION_SECONDS = 1.0
LOG_SIZE = "1GB"  # before it is moved into the file amid a build, which keeps all steps waiting
FEW_ROWS = 200_000  # in all raw tables
PLACEHOLDER = re.compile("|".join(map(re.escape, PLACEHOLDERS.values())))


def make_schemas(connection: duckdb.DuckDBPyConnection) -> None:
    """The rooms of the warehouse besides `raw`, where they are not there yet."""
    for schema in SCHEMAS:
        connection.execute(f"create schema if not exists {schema}")


def suit_to_size(connection: duckdb.DuckDBPyConnection) -> int:
    """One thread and no compression where there is little to do; as DuckDB would have it where there is much.

    Of statements that take milliseconds a second thread makes longer ones, and to look for the best of a dozen ways to
    compress each of some thousand short columns takes longer than to write them. Returns how many steps are to be run at
    a time: most tables of a large portfolio are still too small for a statement to keep two threads busy, and while one
    waits for the disk, others go on.
    """
    row = connection.execute("select sum(estimated_size) from duckdb_tables() where schema_name = 'raw'").fetchone()
    is_small = row is None or (row[0] or 0) < FEW_ROWS
    connection.execute(f"set threads = {1 if is_small else warehouse.THREADS}")
    connection.execute(f"set force_compression = '{'uncompressed' if is_small else 'auto'}'")
    connection.execute(f"set wal_autocheckpoint = '{LOG_SIZE}'")
    return 1 if is_small else warehouse.THREADS + 1


@dataclass
class Report:
    """How a build's steps ended: how many there are, which tests warned, and which found something, with the word on it."""

    steps: int = 0
    warnings: list[str] = field(default_factory=list)
    failures: dict[str, str] = field(default_factory=dict)

    def add(self, other: Report) -> None:
        """What another lane has to report."""
        self.steps += other.steps
        self.warnings += other.warnings
        self.failures |= other.failures


def run_steps(
    connection: duckdb.DuckDBPyConnection,
    steps: tuple[Step, ...],
    stands: Standing,
    memory: Memory,
    on_step: Callable[[str, float], None],
    lanes: int = 1,
) -> Report:
    """Run the steps that `memory` does not hold the results of, so many at a time; `on_step` is told of each and its seconds.

    All tests are run, so that a build that fails names all that is wrong. Raises `BuildFailed` with what failed, at once
    where a step cannot be run at all.
    """
    values = {
        PLACEHOLDERS["as_of"]: stands.as_of.isoformat(),
        PLACEHOLDERS["known_at"]: stands.known_at.isoformat(sep=" ", timespec="microseconds"),
        PLACEHOLDERS["known_by"]: known_by(connection, stands).isoformat(sep=" ", timespec="microseconds"),
        PLACEHOLDERS["seq"]: "null" if stands.seq is None else str(stands.seq),
    }
    kinds, telling = _kinds(connection), Lock()

    def tell(name: str, seconds: float) -> None:
        with telling:
            on_step(name, seconds)

    if lanes == 1:
        report = _Lane(connection, memory, values, kinds, tell).run(Course(steps), TRANSACTION_SECONDS)
    else:
        course, report = Course((*steps, _closing(steps))), Report()

        def run(cursor: duckdb.DuckDBPyConnection) -> Report:
            return _Lane(cursor, memory.over(cursor), values, kinds, tell).run(course, 0.0)

        with _plain_texts(connection):
            for other in warehouse.side_by_side(connection, lanes, run, course.stop):
                report.add(other)
    report.warnings.sort()
    if report.failures:
        raise failed(dict(sorted(report.failures.items())))
    return report


def _closing(steps: tuple[Step, ...]) -> Step:
    """Once all tables are made, what they have left in the log is moved into the file, while tests are still under way."""
    return Step("(log)", "log", "", "", needs=tuple(step.name for step in steps if step.kind != "test"))


@contextmanager
def _plain_texts(connection: duckdb.DuckDBPyConnection) -> Iterator[None]:
    """Texts are written as they are: to shorten them takes longer than to make them, and most are soon made anew."""
    connection.execute("set disabled_compression_methods = 'fsst,dict_fsst,zstd'")
    try:
        yield
    finally:
        with suppress(duckdb.Error):  # of a file that can be written no more
            connection.execute("reset disabled_compression_methods")


@dataclass
class _Lane:
    """One connection that runs steps, one after the other."""

    connection: duckdb.DuckDBPyConnection
    memory: Memory
    values: Mapping[str, str]
    kinds: Mapping[str, str]
    on_step: Callable[[str, float], None]
    report: Report = field(default_factory=Report)

    def run(self, course: Course, transaction_seconds: float) -> Report:
        """Run what the course gives. Steps share a transaction for so long, since a commit waits for the disk.

        A test changes nothing, and so needs none: that it passed is kept with the next step.
        """
        began: float | None = None
        try:
            for step in course.steps():
                if step.kind == "log":
                    self._close_log()
                    continue
                started = time.monotonic()
                if began is None and step.kind != "test":
                    self.connection.execute("begin")
                    began = started
                self._make_or_fail(step)
                if began is not None and time.monotonic() - began >= transaction_seconds:
                    self._commit()
                    began = None
                self.report.steps += 1
                self.on_step(step.name, time.monotonic() - started)
            if began is None:
                self.connection.execute("begin")
            self._commit()
        except BaseException:
            course.stop()
            with suppress(duckdb.Error):  # of a file that can be written no more
                self.connection.execute("rollback")
            raise
        return self.report

    def _close_log(self) -> None:
        """Long tables are in the file already; short ones are left, not worth compressing: most are soon made anew."""
        self.connection.execute("set force_compression = 'uncompressed'")
        try:
            self.connection.execute("checkpoint")
        finally:
            with suppress(duckdb.Error):  # of a file that can be written no more
                self.connection.execute("set force_compression = 'auto'")

    def _make_or_fail(self, step: Step) -> None:
        try:
            self._make(step)
        except Exception as error:  # a Python model may raise anything
            raise failed({step.name: f"{type(error).__name__}: {error}"}) from error

    def _make(self, step: Step) -> None:
        """One step, unless it stands."""
        moment = " ".join(self.values[name] for name in sorted(set(PLACEHOLDER.findall(step.code))))
        code = PLACEHOLDER.sub(lambda match: self.values[match[0]], step.code)
        present = self.kinds.get(step.relation)
        outline = self.memory.outlined(step, moment)
        is_there = step.kind == "test" or present == _wanted(step)
        recalled = self.memory.recalled(step, outline) if is_there else None
        if recalled:
            self.memory.follow(step, recalled)
            if recalled.warned:
                self.report.warnings.append(step.name)
        elif step.kind == "test":
            self._test(step, code, outline)
        else:
            before = self.memory.before(step, outline, is_there)
            _run(self.connection, step, code, present)
            self.memory.note(step, outline, before)

    def _test(self, step: Step, code: str, outline: Made) -> None:
        """A data test; one that fails is asked again by the next build."""
        row = self.connection.execute(code).fetchone()
        count, is_error, is_warning = row or (None, False, False)
        if is_error:
            self.report.failures[step.name] = f"Got {count} results, expected none."
            return
        if is_warning:
            self.report.warnings.append(step.name)
        self.memory.note(step, replace(outline, warned=bool(is_warning)))

    def _commit(self) -> None:
        self.memory.keep()
        self.connection.execute("commit")


def _wanted(step: Step) -> str:
    return "view" if step.kind == "view" else "table"


def _run(connection: duckdb.DuckDBPyConnection, step: Step, code: str, present: str | None) -> None:
    """Make what a step makes, in the place of what is `present`."""
    wanted = _wanted(step)
    if present not in {None, wanted}:
        connection.execute(f"drop {present} {step.relation}")
    if step.kind == "python":
        frame = _frame(connection, code)
        connection.execute(f"create or replace table {step.relation} as select * from frame")
        del frame
    elif step.columns and step.kind == "table":
        names = ", ".join(quoted(name) for name, _ in step.columns)
        declared = ", ".join(f"{quoted(name)} {declaration}" for name, declaration in step.columns)
        connection.execute(f"create or replace table {step.relation} ({declared})")
        connection.execute(f"insert into {step.relation} ({names}) select {names} from (\n{code}\n) as made")
    else:
        connection.execute(f"create or replace {wanted} {step.relation} as (\n{code}\n)")
    for comment in step.comments:
        connection.execute(comment)


def _frame(connection: duckdb.DuckDBPyConnection, code: str) -> Any:
    """What a Python model makes, run as dbt runs it: with the tables that it refers to, and the connection."""
    names: dict[str, Any] = {}
    exec(code, names)
    return names["model"](names["dbtObj"](lambda relation: connection.sql(f"from {relation}")), connection)


def _kinds(connection: duckdb.DuckDBPyConnection) -> dict[str, str]:
    """What stands there already, table or view, so that the one makes way for the other."""
    found = connection.execute(
        "select schema_name, table_name, 'table' from duckdb_tables() where not temporary union all "
        "select schema_name, view_name, 'view' from duckdb_views() where not internal and not temporary"
    ).fetchall()
    return {f"{quoted(schema)}.{quoted(name)}": kind for schema, name, kind in found}


def failed(failures: dict[str, str]) -> BuildFailed | DiskFull:
    """The error that says what failed."""
    if any(says_full(message) for message in failures.values()):
        return DiskFull(NEXT_STEP)
    named = "; ".join(f"{name} ({' '.join(message.split())[:200]})" for name, message in list(failures.items())[:5])
    more = f" and {len(failures) - 5} more" if len(failures) > 5 else ""
    return BuildFailed(
        f"{len(failures)} of the warehouse's models and tests failed: {named}{more}. What was published stays."
    )
