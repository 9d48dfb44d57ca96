"""A full disk, by its name: the operating system and DuckDB report it in several ways."""

from __future__ import annotations

import errno
from collections.abc import Iterator
from contextlib import contextmanager

import duckdb

from pipelines.errors import DiskFull

NO_ROOM = frozenset({errno.ENOSPC, errno.EDQUOT})
NEXT_STEP = (
    "There is no room left on the disk that holds FRUITION_HOME, so the run stopped. Nothing is lost: "
    "make room (`fruition tidy` says what it can spare) and run again."
)
TEXTS = ("No space left on device", "Disk quota exceeded")


@contextmanager
def naming_a_full_disk() -> Iterator[None]:
    """`DiskFull` where something inside found no room; every other error goes through as it is."""
    try:
        yield
    except (OSError, duckdb.Error) as error:
        if not is_full(error):
            raise
        raise DiskFull(NEXT_STEP) from error


def is_full(error: BaseException) -> bool:
    """Whether an error says that there is no room."""
    return (isinstance(error, OSError) and error.errno in NO_ROOM) or says_full(str(error))


def says_full(text: str) -> bool:
    """Whether a message, of DuckDB through dbt for instance, says that there is no room."""
    return any(known in text for known in TEXTS)
