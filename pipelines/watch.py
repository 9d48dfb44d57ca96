"""What waits in the landing folders, seen again and again: what is ready, and when that is to be said.

The folder is the state: a file is said to wait until it has been taken, so that an event that is lost costs a delay. Who
runs the watch decides how often it looks; nothing here sleeps.
"""

from __future__ import annotations

import logging
from dataclasses import dataclass, field
from pathlib import Path

from pipelines import landing
from pipelines.feeds import Feed, feed_files, readable_feeds
from pipelines.landing import Look
from pipelines.settings import Settings

CLAIMED_FOR = 30.0  # seconds; a claim is younger while a run is at it
SAY_AGAIN_AFTER = 10.0  # seconds, and then twice as long each time
SAY_AGAIN_WITHIN = 3600.0  # seconds
log = logging.getLogger("fruition")

Waiting = frozenset[
    tuple[str, int, int]
]  # what waits for one feed: each file's name, when it was written, and its size
NOTHING: Waiting = frozenset()


@dataclass
class Announcements:
    """When it is to be said that something waits for a feed.

    At once for what is new; for what still lies there after it was said, after ever longer pauses, so that a paused DAG
    or a file that nobody can take wakes no run for ever.
    """

    said: Waiting = NOTHING
    again_at: float = 0.0
    pause: float = SAY_AGAIN_AFTER

    def due(self, waiting: Waiting, moment: float) -> bool:
        """Whether to say now that this waits; if so, it counts as said. `moment` is in seconds, by any steady clock."""
        if waiting - self.said:
            self.pause = SAY_AGAIN_AFTER
        elif waiting and moment >= self.again_at:
            self.pause = min(2 * self.pause, SAY_AGAIN_WITHIN)
        else:
            return False
        self.said, self.again_at = waiting, moment + self.pause
        return True


@dataclass(frozen=True)
class _Sight:
    """A file as it was last seen: which it is, since when it looks so, and whether it has changed under our eyes.

    One that does so is being written where it lies, whatever its feed says of its arrival.
    """

    seen: Look
    inode: int
    since: float
    changes: bool = False

    @property
    def content(self) -> tuple[int, int]:
        """When it was written, and its size; not when its entry changed: putting a claim back does that."""
        return self.seen[0], self.seen[2]

    def again(self, now: _Sight) -> _Sight:
        """The same file as it looks now; another of its name is seen for the first time."""
        if self.inode != now.inode and self.content != now.content:
            return now
        changes = self.changes or self.content != now.content
        return _Sight(now.seen, now.inode, self.since if self.seen == now.seen else now.since, changes)


@dataclass
class Watch:
    """One watch over every feed's landing folder: the feeds as their files say, and since when each thing looks so."""

    settings: Settings
    _feeds: dict[str, Feed] = field(default_factory=dict)
    _written: list[tuple[Path, Look]] = field(default_factory=list)
    _sights: dict[Path, _Sight] = field(default_factory=dict)
    _unreadable: set[str] = field(default_factory=set)

    def waiting(self, moment: float) -> dict[str, Waiting]:
        """What is ready to be taken, by feed; feeds for which nothing waits are left out.

        A `settled` feed's file is ready once it has been seen unchanged for `SETTLE_SECONDS`, or is older than that; and so
        is an `atomic` feed's that changes all the same after it was first seen. What a run had claimed and left behind
        waits as well. `moment` is in seconds, by any steady clock.
        """
        self._read_feeds()
        before, self._sights = self._sights, {}
        ready = {name: self._ready(feed, before, moment) for name, feed in self._feeds.items()}
        return {name: waiting for name, waiting in ready.items() if waiting}

    def _read_feeds(self) -> None:
        """A feed file that is new, changed or gone counts from the next look on."""
        written = [(path, landing.look(path)) for path in feed_files(self.settings.feeds)]
        if written != self._written:
            self._feeds, self._written = readable_feeds(self.settings.feeds)[0], written

    def _ready(self, feed: Feed, before: dict[Path, _Sight], moment: float) -> Waiting:
        try:
            files, _ = landing.found(self.settings, feed)
            claimed = [claim.path for claim in landing.claims(self.settings, feed.name)]
        except FileNotFoundError:  # nothing was ever dropped there
            return NOTHING
        except OSError as error:
            if feed.name not in self._unreadable:
                log.warning("landing/%s cannot be read (%s): looked at again and again.", feed.name, error.strerror)
            self._unreadable.add(feed.name)
            return NOTHING
        self._unreadable.discard(feed.name)
        for path in claimed:  # put back, it is the file that it was
            lay = landing.folder(self.settings, feed.name) / path.name
            if lay in before:
                self._sights[lay] = before[lay]
        ready = set()
        for path in [*files, *claimed]:
            sight = _sight(path, moment)
            self._sights[path] = sight = before[path].again(sight) if path in before else sight
            rested = moment - sight.since
            if path in claimed:
                is_ready = rested >= CLAIMED_FOR
            elif feed.arrival == "atomic" and not sight.changes:
                is_ready = True
            else:
                is_ready = rested >= landing.SETTLE_SECONDS or landing.has_rested(sight.seen)
            if is_ready:
                ready.add((path.name, *sight.content))
        return frozenset(ready)


def _sight(path: Path, moment: float) -> _Sight:
    try:
        inode = path.lstat().st_ino
    except FileNotFoundError:  # a run was quicker
        inode = 0
    return _Sight(landing.look(path), inode, moment)
