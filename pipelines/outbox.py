"""lake/_outbox: what receivers have not accepted yet, one file each, and up to which build they were told.

Everything is put in before the marker moves on, and nothing is sent before it has: stopped anywhere, the same files are
put in again under the same names, and none that was sent comes back.
"""

from __future__ import annotations

import json
import logging
from collections.abc import Iterator
from contextlib import AbstractContextManager, suppress
from dataclasses import asdict, dataclass, replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, Literal

from pipelines.errors import LakeDamaged
from pipelines.lake import TIMESTAMP, write_json
from pipelines.locks import hold
from pipelines.settings import Settings, now

Kind = Literal["webhook", "message"]
LOCK_SECONDS = 60.0
FIRST_PAUSE = timedelta(seconds=30)
LONGEST_PAUSE = timedelta(minutes=10)
BEFORE_ALL = datetime(1970, 1, 1)
log = logging.getLogger("fruition")


@dataclass(frozen=True)
class Marker:
    """The last build whose events were put in. Builds are told apart by `known_at`: it grows even where, after a backup
    was restored, numbers are given out again.
    """

    seq: int = 0
    known_at: datetime = BEFORE_ALL


@dataclass(frozen=True)
class Entry:
    """Something that waits for its receiver: a CloudEvent for the webhook, or a message.

    `accepted` names the receivers of a message that have it, by fingerprint; `problem` says why the last try failed.
    """

    name: str
    kind: Kind
    seq: int
    content: dict[str, Any]
    queued_at: datetime
    tries: int = 0
    next_try_at: datetime | None = None
    problem: str | None = None
    accepted: tuple[str, ...] = ()

    def failed(self, problem: str) -> Entry:
        """The entry after a try that failed: to be tried again after a pause that doubles, up to ten minutes."""
        pause = min(FIRST_PAUSE * 2 ** min(self.tries, 10), LONGEST_PAUSE)
        return replace(self, tries=self.tries + 1, problem=problem, next_try_at=now() + pause)


@dataclass(frozen=True)
class Outbox:
    """The folder and what is in it."""

    folder: Path

    @classmethod
    def of(cls, settings: Settings) -> Outbox:
        return cls(settings.lake / "_outbox")

    def hold(self) -> AbstractContextManager[None]:
        """One process at a time puts in, sends or mends; `WarehouseBusy` after a bounded wait."""
        return hold(self.folder / ".lock", "notify", LOCK_SECONDS)

    def marker(self) -> Marker | None:
        """The last build whose events were put in; None while no receiver is known.

        Where that cannot be read, the one before it: what happened since is put in once more, under the same ids. Raises
        `LakeDamaged` where that cannot be read either.
        """
        if not self._marker_path.exists():
            return None
        try:
            return _marker(self._marker_path)
        except LakeDamaged as damage:
            with suppress(LakeDamaged):
                before = _marker(self._marker_before_path)
                log.warning("%s Until then build %d counts as the last one told.", damage, before.seq)
                return before
            raise

    def begin(self, last: Marker) -> None:
        """From the build after the last recorded one on, events are told; where that was decided before, it stands."""
        with hold(self.folder / ".marker.lock", "notify", LOCK_SECONDS):
            if not self._marker_path.exists():
                self.advance(last)

    def advance(self, to: Marker) -> None:
        """Everything up to this build has been put in; up to which one it had been before is kept as well."""
        for path, marker in ((self._marker_before_path, self.marker() or to), (self._marker_path, to)):
            write_json(path, {"seq": marker.seq, "known_at": marker.known_at.strftime(TIMESTAMP)})

    def forget(self) -> None:
        """No receiver is known: the next one is told from the build after the last recorded one on."""
        self._marker_path.unlink(missing_ok=True)
        self._marker_before_path.unlink(missing_ok=True)

    def put(self, entry: Entry) -> bool:
        """Put an entry in, durably; one that waits already stays as it is. Whether it is new."""
        if self._path(entry).exists():
            return False
        self.write(entry)
        return True

    def write(self, entry: Entry) -> None:
        """Keep an entry as it is by now."""
        document = asdict(entry)
        for moment in ("queued_at", "next_try_at"):
            document[moment] = document[moment].strftime(TIMESTAMP) if document[moment] else None
        write_json(self._path(entry), document)

    def remove(self, entry: Entry) -> None:
        """Its receiver has it."""
        self._path(entry).unlink(missing_ok=True)

    def waiting(self, damaged: list[LakeDamaged] | None = None) -> Iterator[Entry]:
        """Everything that waits, build after build. What cannot be read is added to `damaged`; without it, raised."""
        for path in sorted(self.folder.glob("*.json")):
            if path == self._marker_path:
                continue
            try:
                yield _entry(path)
            except LakeDamaged as error:
                if damaged is None:
                    raise
                damaged.append(error)

    def _path(self, entry: Entry) -> Path:
        return self.folder / f"{entry.name}.json"

    @property
    def _marker_path(self) -> Path:
        return self.folder / "told.json"

    @property
    def _marker_before_path(self) -> Path:
        return self.folder / "told.json.before"


def event_name(seq: int, event_id: str) -> str:
    """What an event for the webhook is called; sorts by build."""
    return f"{seq:08d}-{event_id}.webhook"


def message_name(seq: int) -> str:
    """What the message on a build is called; sorts by build."""
    return f"{seq:08d}.message"


def _marker(path: Path) -> Marker:
    document = _read(path)
    try:
        return Marker(document["seq"], datetime.strptime(document["known_at"], TIMESTAMP))
    except (KeyError, TypeError, ValueError) as error:
        raise _damaged(path) from error


def _entry(path: Path) -> Entry:
    document = _read(path)
    try:
        moments = {
            name: datetime.strptime(document[name], TIMESTAMP) if document[name] else None
            for name in ("queued_at", "next_try_at")
        }
        return Entry(**{**document, **moments, "accepted": tuple(document["accepted"])})
    except (KeyError, TypeError, ValueError) as error:
        raise _damaged(path) from error


def _read(path: Path) -> dict[str, Any]:
    try:
        document: dict[str, Any] = json.loads(path.read_text("utf-8"))
        return document
    except (OSError, ValueError) as error:
        raise _damaged(path) from error


def _damaged(path: Path) -> LakeDamaged:
    return LakeDamaged(
        f"lake/_outbox/{path.name} cannot be read: restore it from a backup, or remove it, and what it stands for is told "
        "nobody; what happened to gaps is in marts.gap_event."
    )
