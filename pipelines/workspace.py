"""A delivery's own folder and locked-down DuckDB file, in which untrusted bytes become checked rows."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType

import duckdb

MEMORY_LIMIT = "1200MB"
THREADS = 2


def locked_configuration(folder: Path) -> dict[str, str | bool | int | float | list[str]]:
    """What an untrusted session starts with; `lock` then takes away the rest."""
    return {
        "threads": THREADS,
        "memory_limit": MEMORY_LIMIT,
        "temp_directory": str(folder / "spill"),
        "autoinstall_known_extensions": "false",
        "autoload_known_extensions": "false",
        "allow_community_extensions": "false",
        "preserve_insertion_order": "true",
    }


def lock(connection: duckdb.DuckDBPyConnection, folder: Path) -> None:
    """From here on the session reads and writes below `folder` only, and cannot change its mind."""
    connection.execute("set timezone = 'UTC'")
    connection.execute("set allowed_directories = [$1]", [f"{folder}/"])
    connection.execute("set enable_external_access = false")
    connection.execute("set lock_configuration = true")


@contextmanager
def scratch(folder: Path) -> Iterator[duckdb.DuckDBPyConnection]:
    """A DuckDB in memory for work on our own files, with bounded memory; what does not fit spills into the folder."""
    with duckdb.connect(config=locked_configuration(folder)) as connection:
        yield connection


@dataclass
class Workspace:
    """A temporary folder with a DuckDB file in it; `with` it, and nothing of it stays."""

    beside: Path
    folder: Path = field(init=False)
    connection: duckdb.DuckDBPyConnection = field(init=False)

    def __enter__(self) -> Workspace:
        self.beside.mkdir(parents=True, exist_ok=True)
        self.folder = Path(tempfile.mkdtemp(prefix=".work-", dir=self.beside))
        self.open()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.connection.close()
        shutil.rmtree(self.folder, ignore_errors=True)

    @property
    def database(self) -> Path:
        """The DuckDB file."""
        return self.folder / "delivery.duckdb"

    def open(self) -> None:
        """Open the file, locked down; after `close`, to go on with the same tables."""
        self.connection = duckdb.connect(str(self.database), config=locked_configuration(self.folder))
        lock(self.connection, self.folder)

    def close(self) -> None:
        """Let go of the file, so that Great Expectations can open it read-only."""
        self.connection.close()

    def count(self, relation: str) -> int:
        """How many rows a table or view of the workspace has."""
        row = self.connection.execute(f"select count(*) from {relation}").fetchone()
        return int(row[0]) if row else 0

    def has(self, table: str) -> bool:
        """Whether the workspace has a table of that name."""
        return self.count(f"(select 1 from duckdb_tables() where table_name = '{table}')") > 0
