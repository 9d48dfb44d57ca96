"""Several connections to one file at work, each in a thread of its own."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import FIRST_EXCEPTION, Future, ThreadPoolExecutor, wait
from contextlib import ExitStack
from typing import TypeVar

import duckdb

Result = TypeVar("Result")


def side_by_side(
    connection: duckdb.DuckDBPyConnection,
    count: int,
    work: Callable[[duckdb.DuckDBPyConnection], Result],
    stop: Callable[[], None],
) -> list[Result]:
    """Have so many more connections to the same file do the work, and close them: one left open would keep it from others.

    What ends one, and what reaches this thread meanwhile, ends all: statements under way are interrupted, and `stop` sees
    to it that no other is begun. Raises what came first.
    """
    with ExitStack() as stack:
        cursors = [stack.enter_context(connection.cursor()) for _ in range(count)]
        pool = stack.enter_context(ThreadPoolExecutor(count))
        running: list[Future[Result]] = []
        try:
            running += [pool.submit(work, cursor) for cursor in cursors]
            ended, _ = wait(running, return_when=FIRST_EXCEPTION)
            return [one.result() for one in sorted(running, key=lambda one: one not in ended)]
        except BaseException:
            stop()
            for cursor in cursors:
                cursor.interrupt()
            raise
