"""Steps side by side: each after those it needs, and what ends one lane ends all, with nothing left half done."""

from __future__ import annotations

import signal
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from datetime import date, datetime
from pathlib import Path
from types import FrameType
from typing import NoReturn

import duckdb
import pytest
from hypothesis import given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from pipelines import warehouse
from pipelines.errors import BuildFailed
from pipelines.transform import Standing, running
from pipelines.transform.course import Course
from pipelines.transform.memory import Memory
from pipelines.transform.steps import Step

NIGHT = Standing(date(2026, 6, 30), datetime(2026, 7, 1), 1, is_forward=True)
LANES = 2
FOR_EVER = "select count(*) as rows from range(100_000_000_000) as given(number) where number % 7 = 3"


def table(name: str, code: str, *needs: str) -> Step:
    return Step(name, "table", f'"core"."{name}"', code, needs)


@st.composite
def networks(draw: st.DrawFn) -> tuple[Step, ...]:
    """Up to a dozen steps, each of which needs some of those before."""
    count = draw(st.integers(0, 12))
    return tuple(
        Step(
            str(number),
            draw(st.sampled_from(["table", "test"])),
            str(number),
            "select 1",
            tuple(map(str, draw(st.sets(st.integers(0, number - 1))) if number else ())),
        )
        for number in range(count)
    )


@hypothesis_settings(deadline=None)
@given(networks(), st.integers(1, 4))
def test_each_step_is_run_once_and_after_those_that_it_needs(steps: tuple[Step, ...], threads: int) -> None:
    course, lock = Course(steps), threading.Lock()
    begun: list[str] = []
    done: list[str] = []

    def lane() -> None:
        for step in course.steps():
            with lock:
                assert set(step.needs) <= set(done), step
                begun.append(step.name)
            with lock:
                done.append(step.name)

    with ThreadPoolExecutor(threads) as pool:
        for one in [pool.submit(lane) for _ in range(threads)]:
            one.result()
    assert sorted(begun) == sorted(step.name for step in steps)


def test_what_the_longest_chain_waits_for_comes_first() -> None:
    steps = (table("a", ""), table("b", ""), table("c", "", "b"), table("d", "", "c"))
    assert [step.name for step in Course(steps).steps()] == ["b", "c", "a", "d"]


def test_who_waits_for_a_step_that_does_not_come_is_told_to_stop() -> None:
    course = Course((table("a", ""), table("b", "", "a")))
    taken = course.steps()
    assert next(taken).name == "a"
    with ThreadPoolExecutor(1) as pool:
        waiting = pool.submit(lambda: list(course.steps()))
        course.stop()
        assert waiting.result(timeout=10) == []


@contextmanager
def opened(path: Path) -> Iterator[duckdb.DuckDBPyConnection]:
    """A warehouse file as a build has it: the process that it is opened by is the only one, so a lane left open shows."""
    with warehouse.closing_connection(path, read_only=False) as connection:
        warehouse.prepare(connection, {}, {})
        running.make_schemas(connection)
        yield connection
    with duckdb.connect(str(path), config={"threads": 7}) as other:  # refused while anybody has it open otherwise
        other.execute("select 1")


def built(path: Path, steps: tuple[Step, ...], stop_after: str | None = None) -> int:
    """Build the steps, and how many were made anew."""
    made = 0

    def on_step(name: str, seconds: float) -> None:
        if name == stop_after:
            raise KeyboardInterrupt

    with opened(path) as connection, pytest.MonkeyPatch.context() as patch:
        run = running._run

        def counted(*given: object) -> None:
            nonlocal made
            made += 1
            run(*given)  # type: ignore[arg-type]

        patch.setattr(running, "_run", counted)
        running.run_steps(connection, steps, NIGHT, Memory(connection, "plan", afresh=False), on_step, LANES)
    return made


def rows(path: Path, relation: str) -> list[tuple[object, ...]]:
    with duckdb.connect(str(path), read_only=True) as connection:
        return connection.execute(f"from {relation}").fetchall()


STEPS = (
    *(table(f"left_{number}", f"select {number} as x", *[f"left_{number - 1}"][: number > 0]) for number in range(9)),
    *(table(f"right_{number}", f"select {number} as x") for number in range(9)),
    Step("all_there", "test", "all_there", "select count(*), count(*) <> 1, false from core.left_8", ("left_8",)),
)


def test_every_lane_keeps_what_it_has_run(tmp_path: Path) -> None:
    path = tmp_path / "benefits.duckdb"
    assert built(path, STEPS) == 18
    assert built(path, STEPS) == 0
    assert rows(path, "core.left_8") == [(8,)]


def test_whatever_is_interrupted_stands_and_the_rest_is_made_by_the_next_build(tmp_path: Path) -> None:
    path = tmp_path / "benefits.duckdb"
    with pytest.raises(KeyboardInterrupt):
        built(path, STEPS, stop_after="left_3")
    kept = {name for (name,) in rows(path, "(select step from meta.made)")}
    tables = {name for (name,) in rows(path, "(select table_name from duckdb_tables() where schema_name = 'core')")}
    assert kept == tables >= {"left_0", "left_1", "left_2", "left_3"}
    assert "left_8" not in kept
    assert built(path, STEPS) == 18 - len(kept)


def test_once_all_tables_are_made_the_log_is_empty_and_what_is_written_then_is_compressed_as_ever(
    tmp_path: Path,
) -> None:
    path = tmp_path / "benefits.duckdb"
    steps = tuple(
        table(f"short_{number}", "select i, 'text ' || i as t from range(50_000) as r(i)") for number in range(4)
    )
    with opened(path) as connection:
        running.run_steps(connection, steps, NIGHT, Memory(connection, "plan", afresh=False), lambda *_: None, LANES)
        log = path.with_name(f"{path.name}.wal")
        assert not log.exists() or log.stat().st_size < 50_000  # of the four tables alone it would hold millions
        connection.execute("create table raw.kept as select 'text ' || i as t from range(200_000) as r(i)")
        connection.execute("checkpoint")
        found = connection.execute("select distinct compression from pragma_storage_info('raw.kept')").fetchall()
        assert ("DICT_FSST",) in found


def test_a_step_that_cannot_be_run_ends_every_lane_and_is_named(tmp_path: Path) -> None:
    path = tmp_path / "benefits.duckdb"
    steps = (*STEPS, table("wrong", "select no_such_column"), table("rests_on_it", "from core.wrong", "wrong"))
    with pytest.raises(BuildFailed, match=r"wrong .*no_such_column"):
        built(path, steps)
    assert "wrong" not in {name for (name,) in rows(path, "(select step from meta.made)")}
    built(path, STEPS)
    assert rows(path, "core.left_8") == [(8,)]


def test_a_test_that_finds_something_fails_the_build_after_all_is_run(tmp_path: Path) -> None:
    path = tmp_path / "benefits.duckdb"
    wrong = [Step(f"test_{number}", "test", "", f"select {number}, true, false") for number in (1, 2)]
    with pytest.raises(BuildFailed, match=r"2 of the warehouse's models and tests failed: test_1 .*; test_2"):
        built(path, (*wrong, *STEPS))
    assert rows(path, "core.left_8") == [(8,)]


def test_who_is_asked_to_end_does_not_wait_for_the_statements_under_way(tmp_path: Path) -> None:
    def end(number: int, frame: FrameType | None) -> NoReturn:
        raise KeyboardInterrupt

    before = signal.signal(signal.SIGALRM, end)
    signal.setitimer(signal.ITIMER_REAL, 1)
    try:
        with pytest.raises(KeyboardInterrupt):
            built(tmp_path / "benefits.duckdb", (table("one", FOR_EVER), table("other", FOR_EVER)))
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)
