"""The published warehouse, asked one question after another within one connection, so that every answer agrees."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import duckdb

from pipelines.errors import ConfigError
from pipelines.settings import Settings

Row = dict[str, Any]


@dataclass(frozen=True)
class Published:
    """The published file, open for reading."""

    connection: duckdb.DuckDBPyConnection

    def rows(self, query: str, **parameters: object) -> list[Row]:
        """The rows of a query with `$name` parameters, as mappings."""
        return fetched(self.connection.execute(query, parameters))

    def row(self, query: str, **parameters: object) -> Row | None:
        """The first row of a query, if there is one."""
        return next(iter(self.rows(query, **parameters)), None)

    def has(self, schema: str, table: str) -> bool:
        """Whether the file holds the table: one that was published before the table existed does not."""
        found = "select 1 as there from duckdb_tables() where schema_name = $schema and table_name = $table"
        return self.row(found, schema=schema, table=table) is not None


@contextmanager
def published(settings: Settings) -> Iterator[Published]:
    """The published file; `ConfigError` where there is none, or none that can be opened."""
    if not settings.published.exists():
        raise ConfigError("Nothing is published yet: run `fruition run` first.")
    try:
        connection = duckdb.connect(str(settings.published), read_only=True)
    except duckdb.IOException as error:
        raise ConfigError(
            "published/benefits.duckdb cannot be opened: run `fruition publish` to make it anew from the warehouse."
        ) from error
    try:
        yield Published(connection)
    finally:
        connection.close()


def fetched(cursor: duckdb.DuckDBPyConnection) -> list[Row]:
    """What a query found, as mappings."""
    names = [column[0] for column in cursor.description or ()]
    return [dict(zip(names, row, strict=True)) for row in cursor.fetchall()]
