"""Feeds that fell silent: nothing good came for longer than the feed's `freshness`.

Said once a breach, and once when it is over. What was said is remembered in `lake/_alerts/freshness.json`; a message is
in the outbox before it is. Neither the warehouse nor its lock is needed.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from pathlib import Path

from pipelines import alerts
from pipelines.feeds import Feed
from pipelines.lake import TIMESTAMP, Lake, read_json, read_manifest, write_json
from pipelines.landing import found, receipt_of
from pipelines.locks import hold
from pipelines.settings import Settings, now

LOCK_SECONDS = 60.0
MOST_NAMED = 5  # files that one alert names


@dataclass(frozen=True)
class Freshness:
    """Whether a feed is late: since when nothing good came (or nothing ever did), and until when something should have."""

    feed: str
    last_good_at: datetime | None
    due_at: datetime
    is_late: bool


@dataclass(frozen=True)
class _Watched:
    """Since when a feed's freshness is looked at, and whether a breach was told that is not over yet."""

    since: str
    is_told: bool = False


def check_freshness(settings: Settings, feeds: Iterable[Feed]) -> list[Freshness]:
    """Look at every feed that has a `freshness`, and put an alert in the outbox where one has become late or is no more.

    A feed of which nothing good ever came is late that long after it was first looked at. As in `meta.feed_health`, a
    repeat is good, and a replay makes a delivery no newer. Raises `WarehouseBusy` where another check is at it.
    """
    lake, at = Lake.of(settings), now()
    path = settings.lake / "_alerts" / "freshness.json"
    looked_at: list[Freshness] = []
    with hold(path.with_name(".lock"), "freshness", LOCK_SECONDS):
        before = _read(path)
        after: dict[str, _Watched] = {}
        for feed in feeds:
            if feed.freshness is None:
                continue
            watched = before.get(feed.name) or _Watched(at.strftime(TIMESTAMP))
            one = _freshness(lake, feed, feed.freshness, watched, at)
            after[feed.name] = _Watched(watched.since, _tell(settings, feed, one, watched.is_told))
            looked_at.append(one)
        if after != before:
            write_json(path, {name: asdict(watched) for name, watched in after.items()})
    return looked_at


def tell_of_rejected_messages(settings: Settings) -> None:
    """Put an alert in the outbox for each message that `fruition listen` set aside and nobody was told of yet."""
    reports = {f"{path.parent.name}/{path.stem}": path for path in settings.rejected.glob("*/message-*.json")}
    path = settings.lake / "_alerts" / "messages.json"
    with hold(path.with_name(".lock"), "freshness", LOCK_SECONDS):
        told = set(read_json(path)["told"]) if path.exists() else set()
        for name in sorted(reports.keys() - told):
            report = read_json(reports[name])
            is_put = alerts.put(
                settings,
                f"rejected-{name}",
                f"Message set aside: {report['feed']}",
                f"Rule {report['rule']}: {report['message']}",
                f"Next step: {report['next_step']}",
                f"Its bytes: {report['archived'] or 'none were left'}.",
            )
            told |= {name} if is_put else set()
        if told & reports.keys() or path.exists():
            write_json(path, {"told": sorted(told & reports.keys())})


def tell_of_files_left_alone(settings: Settings, feeds: Iterable[Feed]) -> None:
    """Put an alert in the outbox for each feed in whose landing folder lies what no run will take: each file once.

    What is still being written is not among it: time mends that.
    """
    path = settings.lake / "_alerts" / "left_alone.json"
    with hold(path.with_name(".lock"), "freshness", LOCK_SECONDS):
        before: dict[str, list[str]] = read_json(path) if path.exists() else {}
        after = {feed.name: _tell_left_alone(settings, feed, set(before.get(feed.name, ()))) for feed in feeds}
        if (told := {name: sorted(files) for name, files in after.items() if files}) != before:
            write_json(path, told)


def _tell_left_alone(settings: Settings, feed: Feed, told: set[str]) -> set[str]:
    """Of what lies there and is not taken, the files that are told by now."""
    try:
        left = {f"{one.name} {one.reason}" for one in found(settings, feed)[1]}
    except FileNotFoundError:  # nothing was ever dropped there
        return set()
    except OSError:  # the share is away: nothing is known of it, and nothing forgotten
        return told
    told &= left
    news = sorted(left - told)
    if not news:
        return told
    more = [f"… and {len(news) - MOST_NAMED} more"] if len(news) > MOST_NAMED else []
    is_put = alerts.put(
        settings,
        f"left-{feed.name}-{now():%Y%m%dT%H%M%S%f}",
        f"Left alone: {feed.name}",
        f"What lies in landing/{feed.name} and is not taken:",
        *news[:MOST_NAMED],
        *more,
        "Next step: mend or remove it, or the feed's pattern.",
    )
    return told | set(news) if is_put else told


def _read(path: Path) -> dict[str, _Watched]:
    return {name: _Watched(**watched) for name, watched in read_json(path).items()} if path.exists() else {}


def _freshness(lake: Lake, feed: Feed, limit: timedelta, watched: _Watched, at: datetime) -> Freshness:
    last_good_at = _last_good_at(lake, feed.name)
    due_at = (last_good_at or datetime.strptime(watched.since, TIMESTAMP)) + limit
    return Freshness(feed.name, last_good_at, due_at, at > due_at)


def _last_good_at(lake: Lake, feed: str) -> datetime | None:
    """When the newest delivery came that was not refused; reads no more manifests than it must."""
    newest = ""
    for path in sorted(lake.manifest_path(feed, "").parent.glob("*.json"), reverse=True):
        if path.stem <= newest:
            break
        manifest = read_manifest(path)
        if manifest.status != "refused":
            newest = max(newest, manifest.root_id)
    return receipt_of(newest) if newest else None


def _tell(settings: Settings, feed: Feed, one: Freshness, was_told: bool) -> bool:
    """Put an alert in the outbox where something has changed; whether a breach is told by now."""
    since = f"since {one.last_good_at:%Y-%m-%d %H:%M} UTC" if one.last_good_at else "yet"
    if one.is_late and not was_told:
        return alerts.put(
            settings,
            f"silent-{feed.name}-{one.due_at:%Y%m%dT%H%M%S}",
            f"Silent: {feed.name}",
            f"Nothing good has come from {feed.name} {since}; something was due by {one.due_at:%Y-%m-%d %H:%M} UTC.",
            f"Next step: ask its owner ({feed.owner or 'not named'}), and see what came with `fruition deliveries {feed.name}`.",
        )
    if was_told and not one.is_late:
        alerts.put(
            settings,
            f"heard-{feed.name}-{one.due_at:%Y%m%dT%H%M%S}",
            f"Heard of again: {feed.name}",
            f"{feed.name} is fresh again: something good has come {since}.",
        )
    return one.is_late and was_told
