"""Where several feeds speak of one thing: which of them said which columns of it last.

The published row names the feed that spoke last. But a feed speaks only for the columns that it maps, and what the
others said stands in files of theirs: these are looked up in the lake.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import duckdb

from pipelines.errors import LakeDamaged
from pipelines.lake import ContractRows, Lake, Manifest, standing
from pipelines.published import Published
from pipelines.settings import Settings
from pipelines.sql import quoted

FILES_AT_ONCE = 200

Place = tuple[datetime, str, str]


@dataclass(frozen=True)
class Said:
    """What one delivery brought of a contract, and its place among all deliveries."""

    place: Place
    manifest: Manifest
    entry: ContractRows


@dataclass(frozen=True)
class Voice:
    """The row of one feed about a thing, and the columns that it was the last to speak for."""

    feed: str
    batch_id: str
    row: int
    columns: tuple[str, ...]


@dataclass
class Voices:
    """Finds, for a key of a contract that several feeds deliver, the rows that make up what is known of it."""

    settings: Settings
    warehouse: Published
    _said: dict[str, dict[str, list[Said]]] = field(default_factory=dict)

    def of(self, contract: str, key: dict[str, Any]) -> list[Voice]:
        """The newest row of each feed with this key, and the columns that it was the last to speak for.

        The newest first; empty where one feed alone delivers the contract, or the lake cannot be read.
        """
        try:
            feeds = self._deliveries(contract)
            if len(feeds) < 2:
                return []
            found = [newest for said in feeds.values() for newest in self._newest(said, key)]
        except (LakeDamaged, OSError, duckdb.Error):
            return []
        taken: set[str] = set(key)
        voices = []
        for said, line in sorted(found, key=lambda one: one[0].place, reverse=True):
            columns = tuple(name for name in said.entry.mapped_columns if name not in taken)
            taken |= set(columns)
            voices.append(Voice(said.manifest.feed, said.manifest.batch_id, line, columns))
        return voices

    def _deliveries(self, contract: str) -> dict[str, list[Said]]:
        """By feed, the deliveries of a contract that stand and are published, the newest first."""
        if contract not in self._said:
            lake = Lake.of(self.settings)
            feeds = sorted(path.name for path in (lake.folder / contract).glob("*") if path.is_dir())
            known = self._published_ids() if len(feeds) > 1 else set()
            self._said[contract] = {
                feed: sorted(_said_by(lake, feed, contract, known), key=lambda said: said.place, reverse=True)
                for feed in feeds
            }
        return self._said[contract]

    def _published_ids(self) -> set[str]:
        return {row["delivery_id"] for row in self.warehouse.rows("select delivery_id from meta.delivery")}

    def _newest(self, said: list[Said], key: dict[str, Any]) -> Iterator[tuple[Said, int]]:
        """The newest delivery that holds the key, and its last line with it; nothing where the feed never spoke of it."""
        lake = Lake.of(self.settings)
        condition = " and ".join(f"{quoted(name)} = ${name}" for name in key)
        for start in range(0, len(said), FILES_AT_ONCE):
            parts = [
                f"select {number} as number, _row from {lake.relation(one.entry.rows)} where {condition}"
                for number, one in enumerate(said[start : start + FILES_AT_ONCE], start)
            ]
            with duckdb.connect() as connection:
                row = connection.execute(
                    f"{' union all '.join(parts)} order by number, _row desc limit 1", key
                ).fetchone()
            if row is not None:
                yield said[row[0]], row[1]
                return


def _said_by(lake: Lake, feed: str, contract: str, known: set[str]) -> Iterator[Said]:
    manifests = [manifest for manifest in lake.manifests(feed) if manifest.delivery_id in known]
    received = {manifest.delivery_id: manifest.received_at for manifest in manifests}
    for manifest in standing(manifests):
        for entry in manifest.contracts:
            if manifest.status == "accepted" and entry.contract == contract:
                placed = manifest.as_at or received.get(manifest.root_id, manifest.received_at)
                yield Said((placed, manifest.root_id, manifest.delivery_id), manifest, entry)
