"""The example portfolio after one night, shared by the end-to-end tests: built once, only read."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

import duckdb
import pytest

from examples.portfolio import write_example
from pipelines.feeds import load_feeds
from pipelines.night import Sweep, run_night
from pipelines.settings import Settings

AS_OF = date(2026, 6, 30)


@dataclass(frozen=True)
class Night:
    """The example after one night: what came through the door, what is published, and the warehouse, read-only."""

    settings: Settings
    swept: Sweep
    published: duckdb.DuckDBPyConnection
    warehouse: duckdb.DuckDBPyConnection

    def rows(self, query: str, *values: object) -> list[tuple[Any, ...]]:
        return self.warehouse.execute(query, values).fetchall()

    def gaps(self) -> set[tuple[str, str, str]]:
        return set(self.rows("select gap_code, subject_type, subject_id from marts.realisation_gap"))


def spend_a_night(home: Path, as_of: date) -> Night:
    """Write the example into a home and run one night on it."""
    settings = Settings(home=home, feeds=home / "feeds")
    write_example(settings.landing, settings.feeds, as_of=as_of)
    spent = run_night(settings, load_feeds(settings.feeds), as_of)
    return Night(
        settings,
        spent.sweep,
        duckdb.connect(str(settings.published), read_only=True),
        duckdb.connect(str(settings.warehouse), read_only=True),
    )


@pytest.fixture(scope="session")
def night(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Night]:
    spent = spend_a_night(tmp_path_factory.mktemp("example"), AS_OF)
    yield spent
    spent.published.close()
    spent.warehouse.close()
