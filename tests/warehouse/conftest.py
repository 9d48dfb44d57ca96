"""What the warehouse tests share: a warehouse of rows written in Python."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import duckdb
import pytest

from tests.warehouse.building import Rows, build_warehouse, failures

Build = Callable[..., duckdb.DuckDBPyConnection]


@pytest.fixture
def built(tmp_path: Path) -> Iterator[Build]:
    """Build a warehouse of raw rows and ledger rows, every test of the dbt project passing, and open it for reading."""
    connections: list[duckdb.DuckDBPyConnection] = []

    def build(
        raw: Mapping[str, Rows], meta: Mapping[str, Rows] | None = None, **options: Any
    ) -> duckdb.DuckDBPyConnection:
        database = tmp_path / str(len(connections)) / "benefits.duckdb"
        assert failures(build_warehouse(database, raw, meta, **options)) == []
        connections.append(duckdb.connect(str(database), read_only=True))
        return connections[-1]

    yield build
    for connection in connections:
        connection.close()
