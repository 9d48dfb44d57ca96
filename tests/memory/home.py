"""The real thing beside the model: a small home into which the model's files are dropped, and what it publishes."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import duckdb
import yaml

from pipelines.feeds import load_feed
from pipelines.lake import Lake
from pipelines.night import load_and_build, sweep
from pipelines.publish import publish
from pipelines.rebuild import rebuild
from pipelines.replay import replay
from pipelines.settings import Settings
from pipelines.transform import build
from tests.dying import KILLED, die_at
from tests.faults import forks
from tests.faults.small import NIGHTS
from tests.memory.model import Attempt, File, Way
from tests.warehouse.reference_versions import Contract

Rows = dict[tuple[Any, ...], tuple[Any, ...]]

AS_OF = NIGHTS[1]


class Home:
    """A home of its own, and the ways into it and out of it."""

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self.known_at: list[Any] = []

    def write_feed(self, way: Way) -> None:
        """Declare a feed; each column of its files is named as the contract's."""
        columns = {name: name for name in way.mapped}
        if way.factor != 1:
            columns["value"] = f"value::double * {way.factor}"
        document = {
            "source": {"kind": "landing"},
            "format": {"reader": "csv"},
            "arrival": "atomic",
            "mode": way.mode,
            "tolerance": {"rejected_rows": "100%"},
            "delivers": [{"contract": way.contract.name, "columns": columns}],
        }
        if way.has_as_at:
            document["as_at"] = {"pattern": r"_(\d{4}-\d{2}-\d{2})\.csv$"}
        (self.settings.feeds / f"{way.feed}.yml").write_text(yaml.safe_dump(document))

    def drop(self, file: File, way: Way) -> None:
        """Put a file into its landing folder."""
        folder = self.settings.landing / file.feed
        folder.mkdir(parents=True, exist_ok=True)
        header = "something,else" if file.is_broken else ",".join(way.mapped)
        lines = [",".join(text or "" for _, text in line.cells) for line in file.lines]
        moment = f"_{file.as_at:%Y-%m-%d}" if file.as_at else ""
        (folder / f"file{moment}.csv").write_text("\n".join([header, *lines, ""]))

    def sweep(self, feed: str) -> list[str]:
        """Take in what lies there; how each delivery ended."""
        swept = sweep(self.settings, {feed: load_feed(self.settings.feeds / f"{feed}.yml")})
        assert swept.failures == []
        return [outcome.status for outcome in swept.outcomes]

    def statuses(self) -> list[str]:
        """How every delivery ended, in order of receipt."""
        manifests = sorted(Lake.of(self.settings).manifests(), key=lambda manifest: manifest.delivery_id)
        return [manifest.status for manifest in manifests]

    def replay(self, root: Attempt) -> list[str]:
        """Replay the batch of a delivery, by its number in order of receipt; how the new attempts ended."""
        manifests = sorted(Lake.of(self.settings).manifests(), key=lambda manifest: manifest.delivery_id)
        chosen = manifests[root.number]
        batches = {f"{m.feed}/{m.batch_id}" for m in manifests if (m.feed, m.sha256) == (chosen.feed, chosen.sha256)}
        results = replay(self.settings, sorted(batches))
        return [result.status for result in results if not result.unchanged]

    def build(self) -> None:
        """A forward build, published."""
        _, built = load_and_build(self.settings, AS_OF)
        publish(self.settings)
        self.known_at.append(built.known_at)

    def rebuild(self) -> None:
        rebuild(self.settings)

    def then(self, number: int, contract: Contract) -> Rows:
        """The current rows of a contract as the n-th build knew them, from a build that looks back."""
        into = self.settings.home / "then.duckdb"
        build(self.settings, AS_OF, self.known_at[number - 1], into)
        return current_rows(into, contract)

    def now(self, contract: Contract) -> Rows:
        """The current rows of a contract as published."""
        return current_rows(self.settings.published, contract)

    def die(self, call: int, *arguments: str) -> None:
        """Run a command in a process of its own that dies at its n-th durable call, if it makes so many."""
        ended = forks.run(self.settings, *arguments, prepare=die_at, given=(call,))
        assert ended.exit_code in {0, 1, KILLED}, ended.output


def current_rows(database: Path, contract: Contract) -> Rows:
    """The rows of a core table by key."""
    columns = ", ".join(contract.columns)
    with duckdb.connect(str(database), read_only=True) as connection:
        rows = connection.execute(f"select {columns} from core.{contract.name}").fetchall()
    positions = [contract.columns.index(key) for key in contract.keys]
    keyed = {tuple(row[position] for position in positions): row for row in rows}
    assert len(keyed) == len(rows)
    return keyed
