"""Room to live: disk space, permissions, what a stopped run left, what is late, and the clock."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path

from pipelines import landing
from pipelines.doctor.findings import Check, counted, fault, ok, warning
from pipelines.doctor.storage import LOCK_SECONDS, Memory
from pipelines.errors import WarehouseBusy
from pipelines.feeds import readable_feeds
from pipelines.lake import Lake
from pipelines.landing import receipt_of
from pipelines.settings import Settings

ENOUGH_NIGHTS = 14
GROWTH_DAYS = 30
LEAST_NIGHT_BYTES = 100 * 1024**2  # what the first night of a small portfolio takes
CLOCK_SLACK = timedelta(minutes=5)
SPACE = "Free disk space, move FRUITION_HOME to a larger disk, or run `fruition tidy`."


def home_check(settings: Settings) -> Check:
    """Whether this user may write the home and each folder in it."""
    home = settings.home
    folders = (
        [home, *(path for path in sorted(home.glob("*")) if path.is_dir())] if home.exists() else [_existing(home)]
    )
    closed = [path for path in folders if not path.is_dir() or not os.access(path, os.W_OK | os.X_OK)]
    if closed:
        names = ", ".join(str(path) for path in closed)
        return fault(
            "Home",
            f"may not be written: {names}.",
            "Give this user the right to write there, or run as the one who has.",
        )
    return ok("Home", f"{home}, writable" if home.exists() else f"{home} is not there yet; the first run makes it")


def disk_check(settings: Settings, memory: Memory, at: datetime) -> Check:
    """How many more nights fit on the disk.

    While a night runs, a second copy of the published files stands beside the first, and the warehouse may grow by
    as much as it holds; what stays is what archive and lake grow by.
    """
    free = shutil.disk_usage(_existing(settings.home)).free
    swap = _size(settings.warehouse.parent) + _size(settings.published.parent)
    growth = growth_a_day(settings, memory, at)
    need = max(swap + growth, LEAST_NIGHT_BYTES)
    nights = int((free - need) // max(growth, 1)) + 1 if free >= need else 0
    seen = f"{_bytes(free)} free; one more night needs about {_bytes(need)}, and {_bytes(growth)} of it stay"
    if nights == 0:
        return fault("Disk space", f"{seen}: the next night does not fit.", SPACE)
    if nights < ENOUGH_NIGHTS:
        return warning("Disk space", f"{seen}: {counted(nights, 'more night')} fit.", SPACE)
    return ok("Disk space", seen)


def growth_a_day(settings: Settings, memory: Memory, at: datetime) -> int:
    """Bytes a day by which archive and lake grew over the last 30 days, or since the first delivery."""
    since = at - timedelta(days=GROWTH_DAYS)
    recent = [manifest for manifest in memory.manifests if since < manifest.received_at <= at]
    if not recent:
        return 0
    archived = {(manifest.feed, manifest.sha256): manifest.size_bytes for manifest in recent}
    stored = {file.path for manifest in recent for file in manifest.files}
    first = min(manifest.received_at for manifest in memory.manifests)
    days = min(max((at - first) / timedelta(days=1), 1.0), float(GROWTH_DAYS))
    total = sum(archived.values()) + sum(_file_size(settings.lake / path) for path in stored)
    return int(total / days)


def claim_checks(settings: Settings) -> Iterator[Check]:
    """Files that a run had taken and not finished, where no run is at it now."""
    left = False
    for folder in sorted(path for path in settings.landing.glob("*") if path.is_dir()):
        claims = landing.claims(settings, folder.name)
        if not claims:
            continue
        left = True
        name = f"landing/{landing.printable(folder.name)}"
        try:
            with Lake(settings.lake, lock_seconds=LOCK_SECONDS).hold_feed(folder.name):
                pass
        except WarehouseBusy:
            yield ok(name, f"{counted(len(claims), 'file')} being taken in at this moment")
        except OSError as error:
            yield fault(
                name, f"the feed's lock cannot be taken: {error.strerror}.", "Make lake/ writable for this user."
            )
        else:
            since = f"{claims[0].received_at:%Y-%m-%d %H:%M} UTC"
            seen = f"{counted(len(claims), 'file')} left by a run that was stopped, the first since {since}."
            yield warning(name, seen, f"Run `fruition ingest {folder.name}`: what was left is finished first.")
    if not left:
        yield ok("Claimed files", "none left by a stopped run")


def lateness_checks(settings: Settings, memory: Memory, at: datetime) -> Iterator[Check]:
    """Feeds of which nothing good has come for longer than their freshness allows, as of now."""
    good: dict[str, datetime] = {}
    for manifest in memory.manifests:
        if manifest.status != "refused":
            first = receipt_of(manifest.root_id)  # a replay brings nothing new
            good[manifest.feed] = max(first, good.get(manifest.feed, first))
    expected = {name: feed.freshness for name, feed in readable_feeds(settings.feeds)[0].items() if feed.freshness}
    late = [name for name, freshness in sorted(expected.items()) if name not in good or at - good[name] > freshness]
    for name in late:
        since = (
            f"nothing good since {good[name]:%Y-%m-%d %H:%M} UTC" if name in good else "nothing good was ever delivered"
        )
        seen = f"{since}; expected every {_hours(expected[name])}."
        yield warning(f"Feed {name}", seen, f"Ask its sender, and look at `fruition deliveries {name}`.")
    if not late:
        yield ok("Late feeds", f"none of the {len(expected)} that say how fresh they must be")


def clock_check(memory: Memory, at: datetime) -> Check:
    """Whether a delivery was received later than now."""
    ahead = [manifest for manifest in memory.manifests if manifest.received_at > at + CLOCK_SLACK]
    if not ahead:
        return ok("Clock", f"{at:%Y-%m-%d %H:%M:%S} UTC; nothing was received after that")
    last = max(ahead, key=lambda manifest: manifest.received_at)
    several = "1 delivery was" if len(ahead) == 1 else f"{len(ahead):,} deliveries were"
    return fault(
        "Clock",
        f"it is {at:%Y-%m-%d %H:%M} UTC, but {several} received later, the last {last.feed}/{last.name} "
        f"at {last.received_at:%Y-%m-%d %H:%M} UTC.",
        "Set this machine's clock by a time server, and that of the machine which took them in.",
    )


def _existing(path: Path) -> Path:
    """The folder, or the nearest one above it that is there."""
    return next(folder for folder in (path, *path.parents) if folder.exists())


def _size(folder: Path) -> int:
    return sum(_file_size(path) for path in folder.rglob("*")) if folder.exists() else 0


def _file_size(path: Path) -> int:
    try:
        return path.stat().st_size if path.is_file() else 0
    except OSError:
        return 0


def _hours(span: timedelta) -> str:
    hours = span / timedelta(hours=1)
    return f"{hours / 24:g} days" if hours >= 72 else f"{hours:g} hours"


def _bytes(count: float) -> str:
    """A size as people say it: 512 bytes, 1.4 MB, 20 GB."""
    for unit in ("bytes", "kB", "MB", "GB"):
        if abs(count) < 1000:
            return f"{count:.0f} {unit}" if unit == "bytes" or count >= 10 else f"{count:.1f} {unit}"
        count /= 1000
    return f"{count:,.1f} TB"
