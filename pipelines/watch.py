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


@dataclass
class Watch:
    """One watch over every feed's landing folder: the feeds as their files say, and since when each thing looks so."""

    settings: Settings
    _feeds: dict[str, Feed] = field(default_factory=dict)
    _written: list[tuple[Path, Look]] = field(default_factory=list)
    _since: dict[Path, tuple[Look, float]] = field(default_factory=dict)
    _unreadable: set[str] = field(default_factory=set)

    def waiting(self, moment: float) -> dict[str, Waiting]:
        """What is ready to be taken, by feed; feeds for which nothing waits are left out.

        A `settled` feed's file is ready once it has been seen unchanged for `SETTLE_SECONDS`, or is older than that. What
        a run had claimed and left behind waits as well. `moment` is in seconds, by any steady clock.
        """
        self._read_feeds()
        before, self._since = self._since, {}
        ready = {name: self._ready(feed, before, moment) for name, feed in self._feeds.items()}
        return {name: waiting for name, waiting in ready.items() if waiting}

    def _read_feeds(self) -> None:
        """A feed file that is new, changed or gone counts from the next look on."""
        written = [(path, landing.look(path)) for path in feed_files(self.settings.feeds)]
        if written != self._written:
            self._feeds, self._written = readable_feeds(self.settings.feeds)[0], written

    def _ready(self, feed: Feed, before: dict[Path, tuple[Look, float]], moment: float) -> Waiting:
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
        ready = set()
        for path in [*files, *claimed]:
            seen = landing.look(path)
            unchanged, since = before.get(path, (seen, moment))
            self._since[path] = seen, since if unchanged == seen else moment
            rested = moment - self._since[path][1]
            if path in claimed:
                is_ready = rested >= CLAIMED_FOR
            else:
                is_ready = feed.arrival == "atomic" or rested >= landing.SETTLE_SECONDS or landing.has_rested(seen)
            if is_ready:
                ready.add((path.name, seen[0], seen[2]))  # not when its entry changed: putting a claim back does that
        return frozenset(ready)
