"""The whole night in one process: every feed into the lake, then load, transform, publish, notify, serve."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import date
from pathlib import Path

import duckdb

from pipelines.disk import naming_a_full_disk
from pipelines.errors import DiskFull, FruitionError, SourceUnavailable
from pipelines.feeds import Feed
from pipelines.freshness import Freshness, check_freshness, tell_of_files_left_alone, tell_of_rejected_messages
from pipelines.ingest import Outcome, ingest
from pipelines.landing import LeftAlone
from pipelines.notify import Notified, notify
from pipelines.publish import Published, publish
from pipelines.receive import receive
from pipelines.serve import serve
from pipelines.settings import Settings
from pipelines.transform import Build, build, check_forward
from pipelines.warehouse import Loaded, load, writing

Tell = Callable[[str], None]


@dataclass
class Sweep:
    """What came through the door: deliveries and how they ended, what was left alone, and feeds that failed."""

    outcomes: list[Outcome] = field(default_factory=list)
    left: list[LeftAlone] = field(default_factory=list)
    failures: list[FruitionError] = field(default_factory=list)

    @property
    def refused(self) -> list[Outcome]:
        return [outcome for outcome in self.outcomes if outcome.status == "refused"]

    @property
    def exit_code(self) -> int:
        """The gravest of what happened: 0 where every delivery was accepted or a repeat."""
        return max([error.exit_code for error in self.failures] + [1 if self.refused else 0])


@dataclass(frozen=True)
class Night:
    """One whole night; where a later stage failed, it is among the sweep's failures and has left nothing here."""

    sweep: Sweep
    loaded: Loaded | None = None
    built: Build | None = None
    published: Published | None = None
    notified: Notified | None = None
    freshness: tuple[Freshness, ...] = ()

    @property
    def exit_code(self) -> int:
        """The gravest of what happened; 3 where all went well, but a receiver of gap events did not accept one."""
        return max(self.sweep.exit_code, self.notified.exit_code if self.notified else 0)


def sweep(
    settings: Settings, feeds: dict[str, Feed], files: tuple[Path, ...] = (), tell: Tell = lambda text: None
) -> Sweep:
    """Take in what lies ready for each feed; one feed's failure stops no other, but for want of room nothing goes on."""
    result = Sweep()
    for feed in feeds.values():
        try:
            tell(f"receive {feed.name}")
            with naming_a_full_disk():
                result.left += receive(settings, feed, files).left
                result.outcomes += ingest(settings, feed, lambda name, feed=feed: tell(f"ingest {feed.name}: {name}"))  # type: ignore[misc]
        except DiskFull as error:
            result.failures.append(error)
            break
        except FruitionError as error:
            result.failures.append(error)
    return result


def load_and_build(settings: Settings, as_of: date | None, tell: Tell = lambda text: None) -> tuple[Loaded, Build]:
    """Load what the lake has, then build every model for the date."""
    with writing(settings, renew=True):  # so that nobody else's load comes between
        loaded = load(settings, lambda name: tell(f"load {name}"))
        return loaded, build(settings, as_of, on_node=lambda name, seconds: tell(f"build {name}"))


def load_build_publish(
    settings: Settings, as_of: date | None, tell: Tell = lambda text: None
) -> tuple[Loaded, Build, Published]:
    """From the lake to what is published, the warehouse held all the while, so that two runs do not mix their nights."""
    with naming_a_full_disk(), writing(settings, renew=True):
        loaded, built = load_and_build(settings, as_of, tell)
        tell("publish")
        return loaded, built, publish(settings)


def run_night(settings: Settings, feeds: dict[str, Feed], as_of: date | None, tell: Tell = lambda text: None) -> Night:
    """The whole night: a stage that fails is reported beside what came before it.

    Raises `ConfigError`, before anything is taken in, where the date is no forward build's.
    """
    check_forward(settings, as_of or settings.today())
    swept = sweep(settings, feeds, tell=tell)
    if any(isinstance(failure, DiskFull) for failure in swept.failures):
        return Night(swept)
    try:
        night = Night(swept, *load_build_publish(settings, as_of, tell))
    except FruitionError as error:
        swept.failures.append(error)
        night = Night(swept)
    freshness = _looked_at(settings, feeds, swept)
    night = replace(night, freshness=freshness, notified=tell_receivers(settings, swept, tell))
    if night.published:
        _serve(settings, swept, tell)
    return night


def _looked_at(settings: Settings, feeds: dict[str, Feed], swept: Sweep) -> tuple[Freshness, ...]:
    """Whether feeds are late; that it cannot be said changes nothing else that the night brought."""
    try:
        tell_of_rejected_messages(settings)
        tell_of_files_left_alone(settings, feeds.values())
        return tuple(check_freshness(settings, feeds.values()))
    except FruitionError as error:
        swept.failures.append(error)
    except OSError as error:
        swept.failures.append(SourceUnavailable(f"Whether feeds are late could not be looked at: {error}"))
    return ()


def tell_receivers(settings: Settings, swept: Sweep, tell: Tell) -> Notified | None:
    """Tell the receivers, of an earlier night too; that it fails changes nothing else that the night brought."""
    tell("notify")
    try:
        return notify(settings)
    except FruitionError as error:
        swept.failures.append(error)
    except (duckdb.Error, OSError) as error:
        swept.failures.append(SourceUnavailable(f"Gap events could not be sent: {error}"))
    return None


def _serve(settings: Settings, swept: Sweep, tell: Tell) -> None:
    """Copy what was published to the serving database; where that is away, what is published stands."""
    tell("serve")
    try:
        with naming_a_full_disk():
            serve(settings)
    except FruitionError as error:
        swept.failures.append(error)
    except (duckdb.Error, OSError) as error:
        swept.failures.append(SourceUnavailable(f"What is published could not be served: {error}"))
