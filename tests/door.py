"""What the tests of the door share: a home in a temporary folder, feeds, files, and what became of them."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import duckdb
import yaml

from pipelines.feeds import Feed, load_feed
from pipelines.ingest import Outcome
from pipelines.lake import Lake, Manifest
from pipelines.night import Sweep, sweep
from pipelines.settings import Settings

NAME = "readings"
HEADER = "kpi_id,day,dim,value,unit\n"
MAPPING = {"kpi_id": "kpi_id", "period_start": "day", "dimension": "dim", "value": "value", "unit": "unit"}


def reading(kpi: object = "K1", day: str = "2026-01-05", value: object = "1.5", dim: str = "", unit: str = "") -> str:
    """A line of a file of readings."""
    return f"{kpi},{day},{dim},{value},{unit}\n"


def readings(count: int) -> str:
    """A file of so many sound readings, each of its own KPI."""
    return HEADER + "".join(reading(f"K{number}") for number in range(1, count + 1))


@dataclass(frozen=True)
class Door:
    """A home of its own, and the ways into it."""

    settings: Settings

    def feed(self, name: str = NAME, **keys: Any) -> Feed:
        """Write a feed of readings from CSV, with some keys changed or added."""
        document: dict[str, Any] = {
            "source": {"kind": "landing"},
            "format": {"reader": "csv"},
            "arrival": "atomic",
            "delivers": [{"contract": "kpi_reading", "columns": MAPPING}],
        }
        path = self.settings.feeds / f"{name}.yml"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(yaml.safe_dump({**document, **keys}))
        return load_feed(path)

    def mapped(
        self, columns: dict[str, str], where: str | None = None, contract: str = "kpi_reading", **keys: Any
    ) -> Feed:
        """Write a feed with another mapping."""
        delivers = {"contract": contract, "columns": columns, **({"where": where} if where else {})}
        return self.feed(**{"tolerance": {"rejected_rows": "100%"}, **keys, "delivers": [delivers]})

    def landing(self, feed: str = NAME) -> Path:
        folder = self.settings.landing / feed
        folder.mkdir(parents=True, exist_ok=True)
        return folder

    def drop(self, content: str | bytes, name: str = "readings.csv", feed: str = NAME) -> Path:
        """Put a file into the landing folder."""
        path = self.landing(feed) / name
        path.write_bytes(content.encode() if isinstance(content, str) else content)
        return path

    def sweep(self, feed: str = NAME) -> Sweep:
        return sweep(self.settings, {feed: load_feed(self.settings.feeds / f"{feed}.yml")})

    def deliver(self, content: str | bytes, name: str = "readings.csv", feed: str = NAME) -> Outcome:
        """Drop a file, sweep, and tell how its delivery ended; a feed that fails raises."""
        if not (self.settings.feeds / f"{feed}.yml").exists():
            self.feed(feed)
        self.drop(content, name, feed)
        swept = self.sweep(feed)
        for failure in swept.failures:
            raise failure
        return swept.outcomes[-1]

    def manifests(self) -> list[Manifest]:
        return list(Lake.of(self.settings).manifests())

    def rows(
        self, columns: str = "kpi_id, period_start, dimension, value, _row", contract: str = "kpi_reading"
    ) -> list[Any]:
        """The accepted rows of every batch in the lake, in order of line."""
        return self.query(f"select {columns} from read_parquet($1) order by _row", f"{contract}/*/*.parquet")

    def rejects(self, columns: str = "_row, column_name, rule") -> list[Any]:
        """The rejected rows of every batch in the lake, in order of line."""
        return self.query(f"select {columns} from read_parquet($1) order by _row", "_rejects/*/*.parquet")

    def query(self, query: str, pattern: str) -> list[Any]:
        with duckdb.connect() as connection:
            return connection.execute(query, [str(self.settings.lake / pattern)]).fetchall()

    def warehouse(self, query: str) -> list[Any]:
        with duckdb.connect(str(self.settings.warehouse), read_only=True) as connection:
            return connection.execute(query).fetchall()

    def report(self, outcome: Outcome) -> dict[str, Any]:
        """What `rejected/` says of a refused delivery."""
        path = self.settings.rejected / outcome.feed / f"{outcome.batch_id}.json"
        report: dict[str, Any] = json.loads(path.read_text())
        return report
