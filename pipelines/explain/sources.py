"""From a row of the warehouse back to the file and line that it came from."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime

from pipelines import archive
from pipelines.errors import LakeDamaged
from pipelines.explain.voices import Voices
from pipelines.lake import Lake
from pipelines.published import Published, Row
from pipelines.settings import Settings

PROVENANCE = ("_feed", "_batch_id", "_row", "_delivery_id")


@dataclass(frozen=True)
class Source:
    """Where one row came from. `archived` is the file's path below the home; None where it is not there any more,
    and `removed` says why, where that was decided.

    `row` is the line of a text file, or the row of a sheet. `deliveries` counts how often these bytes were delivered;
    `delivery_id`, `file` and `received_at` are of the one that counts.
    """

    contract: str
    feed: str
    batch_id: str
    row: int | None
    delivery_id: str | None
    file: str | None
    received_at: datetime | None
    sha256: str | None
    archived: str | None
    removed: str | None
    deliveries: int


@dataclass
class Sources:
    """Finds the files behind rows; each batch is looked up once."""

    settings: Settings
    warehouse: Published
    voices: Voices = field(init=False)
    _batches: dict[tuple[str, str], list[Row]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.voices = Voices(self.settings, self.warehouse)

    def of(self, contract: str, feed: str | None, batch_id: str | None, row: int | None) -> Source | None:
        """The source of a row; None where the row does not say."""
        if feed is None or batch_id is None:
            return None
        asserted = self._deliveries(feed, batch_id)
        one = asserted[-1] if asserted else {}
        found = archive.find(self.settings, feed, one["sha256"]) if one else None
        removal = None if found or not one else _removal(self.settings, feed, one["sha256"])
        return Source(
            contract=contract,
            feed=feed,
            batch_id=batch_id,
            row=row,
            delivery_id=one.get("delivery_id"),
            file=one.get("name"),
            received_at=one.get("received_at"),
            sha256=one.get("sha256"),
            archived=str(found.relative_to(self.settings.home)) if found else None,
            removed=removal,
            deliveries=len(asserted),
        )

    def fact(self, contract: str, row: Row, **key: object) -> Row:
        """A row of `core`, its pipeline columns replaced by `source`, where it came from.

        With the row's key, and where several feeds speak of the contract, `said_by` lists the row of each with the
        columns that it was the last to speak for.
        """
        plain = {name: value for name, value in row.items() if name not in PROVENANCE}
        plain["source"] = self.of(contract, row.get("_feed"), row.get("_batch_id"), row.get("_row"))
        voices = self.voices.of(contract, key) if key else []
        plain["said_by"] = [
            {"source": self.of(contract, voice.feed, voice.batch_id, voice.row), "columns": list(voice.columns)}
            for voice in voices
        ]
        return plain

    def _deliveries(self, feed: str, batch_id: str) -> list[Row]:
        """The deliveries that assert a batch, the one that counts last: accepted, not replaced by a replay, newest."""
        if (feed, batch_id) not in self._batches:
            found = self.warehouse.rows(
                "select * from meta.delivery where feed = $feed and batch_id = $batch order by delivery_id",
                feed=feed,
                batch=batch_id,
            )
            self._batches[feed, batch_id] = sorted(
                found, key=lambda one: (one["status"] == "accepted", one.get("withdrawn_at") is None)
            )
        return self._batches[feed, batch_id]


def _removal(settings: Settings, feed: str, sha256: str) -> str | None:
    """Why archived bytes are gone, where that was decided and can be read."""
    try:
        removal = Lake.of(settings).removal(feed, sha256)
    except LakeDamaged:
        return None
    return removal.why if removal else None
