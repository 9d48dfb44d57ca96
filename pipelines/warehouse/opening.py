"""Opening the DuckDB files: one process writes, or many read; who finds it taken waits within bounds."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path

import duckdb

from pipelines.errors import ConfigError, LakeDamaged, WarehouseBusy
from pipelines.lake import put_in_place
from pipelines.locks import hold
from pipelines.settings import Settings
from pipelines.warehouse.schema import is_outdated

LOCK_SECONDS = 600.0
LOCK_POLL_SECONDS = 0.5
MEMORY_LIMIT = "2GB"
THREADS = 2
STORAGE = "v1.5.0"  # texts are written in half the time of the oldest format's

Configuration = dict[str, str | bool | int | float | list[str]]

_open: dict[Path, duckdb.DuckDBPyConnection] = {}  # what this process has open for writing


@contextmanager
def writing(settings: Settings, *, renew: bool = False) -> Iterator[duckdb.DuckDBPyConnection]:
    """The warehouse, open for writing by this process alone; opened again within, it is the same connection.

    So stages that follow each other open and close the file once, which takes half a second of a small build. With
    `renew`, for who goes on to load what the lake has, an empty file takes the place of one that another version made.
    """
    path = settings.warehouse
    with held(settings):
        if path in _open:
            yield _open[path]
            return
        if not path.exists():
            _create(path)
        with _renewed(path) if renew else closing_connection(path, read_only=False) as connection:
            _open[path] = connection
            try:
                yield connection
            finally:
                del _open[path]


@contextmanager
def _renewed(path: Path) -> Iterator[duckdb.DuckDBPyConnection]:
    """A warehouse file of today's version, open for writing: the one that is there, or an empty one in its place."""
    with closing_connection(path, read_only=False) as connection:
        if not is_outdated(connection):
            yield connection
            return
    remove_database(path)
    _create(path)
    with closing_connection(path, read_only=False) as connection:
        yield connection


def _create(path: Path) -> None:
    """Make an empty database, seen whole or not at all: DuckDB refuses a file that it was killed over while making it."""
    part = path.with_name(f".{path.name}.part")
    remove_database(part)
    with closing_connection(part, read_only=False):
        pass
    put_in_place(part, path)


@contextmanager
def reading(settings: Settings) -> Iterator[duckdb.DuckDBPyConnection]:
    """The warehouse, open for reading: waits its turn, since DuckDB lets nobody read while one process writes."""
    if not settings.warehouse.exists():
        raise ConfigError(f"{settings.warehouse.name} does not exist yet: run `fruition run` first.")
    if settings.warehouse in _open:
        yield _open[settings.warehouse]
        return
    with held(settings), closing_connection(settings.warehouse, read_only=True) as connection:
        yield connection


def held(settings: Settings, seconds: float | None = None) -> AbstractContextManager[None]:
    """The warehouse's lock; `WarehouseBusy` after a bounded wait. Taken again by the same process, it counts."""
    return hold(settings.warehouse.with_suffix(".lock"), "warehouse", LOCK_SECONDS if seconds is None else seconds)


@contextmanager
def closing_connection(path: Path, *, read_only: bool) -> Iterator[duckdb.DuckDBPyConnection]:
    """A DuckDB file of ours, opened with bounded memory and no extensions from outside, and closed again."""
    configuration: Configuration = {
        "threads": THREADS,
        "memory_limit": MEMORY_LIMIT,
        "storage_compatibility_version": STORAGE,
        "autoinstall_known_extensions": "false",
        "autoload_known_extensions": "false",
        "allow_community_extensions": "false",
        "temp_directory": str(path.parent / ".spill"),
        "preserve_insertion_order": "false",  # rows carry their line; large loads are then written once, not twice
    }
    connection = _connected(path, read_only, configuration)
    try:
        yield connection
    finally:
        connection.close()


def remove_database(path: Path) -> None:
    """Remove a DuckDB file, and the log that a killed process may have left beside it: it would fit no other file."""
    path.with_name(f"{path.name}.wal").unlink(missing_ok=True)
    path.unlink(missing_ok=True)


def _connected(path: Path, read_only: bool, configuration: Configuration) -> duckdb.DuckDBPyConnection:
    """Connect; wait, within bounds, for somebody who has the file open without having asked for our lock."""
    deadline = time.monotonic() + LOCK_SECONDS
    while True:
        try:
            return duckdb.connect(str(path), read_only=read_only, config=configuration)
        except duckdb.IOException as error:
            if "not a valid DuckDB database file" in str(error):
                raise LakeDamaged(
                    f"{path.name} is no database that can be opened: remove it; what it held is made anew from the lake."
                ) from error
            if "set lock on file" not in str(error):
                raise
            if time.monotonic() > deadline:
                raise WarehouseBusy(
                    f"Another program has had {path.name} open for {LOCK_SECONDS:.0f} s. Close it there and run again; "
                    "to look at the figures, open published/benefits.duckdb instead."
                ) from error
        time.sleep(LOCK_POLL_SECONDS)
