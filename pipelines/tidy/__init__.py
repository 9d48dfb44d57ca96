"""Room to live: small batches put together, what nothing references removed, archives kept as long as their feed says.

Never history: no manifest, no recorded build, no row that was accepted, and no archived bytes but under a feed's
`retention`. Each step leaves everything readable; what a stopped `tidy` leaves undone the next one does.
"""

from __future__ import annotations

import shutil
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from pipelines import warehouse
from pipelines.feeds import Feed, readable_feeds
from pipelines.lake import Lake, known_feeds
from pipelines.landing import CLAIMED, COPYING
from pipelines.settings import Settings
from pipelines.tidy.compaction import MERGED, Merged, batches_in, compact
from pipelines.tidy.retention import expired

GRACE_SECONDS = 3600.0  # what nobody's lock guards and is younger may still be written by another process

Tell = Callable[[str], None]


@dataclass(frozen=True)
class Removed:
    """A file or folder that is gone, below the home: what it was, and its size in bytes."""

    path: str
    why: str
    size_bytes: int


@dataclass(frozen=True)
class Tidied:
    """What was done, or, in a dry run, would be."""

    merged: tuple[Merged, ...]
    expired: tuple[Removed, ...]
    removed: tuple[Removed, ...]

    @property
    def freed_bytes(self) -> int:
        return sum(entry.size_bytes for entry in self.expired + self.removed)


def tidy(settings: Settings, dry_run: bool = False, tell: Tell = lambda text: None) -> Tidied:
    """Compact, expire and remove, feed after feed, each under its lock.

    Raises `LakeDamaged` where a manifest cannot be read or a batch is not as it was: then nothing of that feed is
    removed; `WarehouseBusy` where another process keeps a feed or the warehouse.
    """
    lake = Lake.of(settings)
    feeds, _ = readable_feeds(settings.feeds)
    merged: list[Merged] = []
    gone: list[Removed] = []
    removed: list[Removed] = []
    for name in known_feeds(settings):
        tell(f"tidy {name}")
        with lake.hold_feed(name):
            merged += compact(lake, name, dry_run)
            gone += _expired(settings, lake, feeds.get(name), dry_run)
            with warehouse.held(settings):  # nobody is loading what is about to go
                removed += _removed(settings, [*_rests(lake, settings, name), *_claim_rests(settings, name)], dry_run)
    with warehouse.held(settings):
        removed += _removed(settings, [*_unfinished(settings), *_spilled(settings)], dry_run)
    return Tidied(tuple(merged), tuple(gone), tuple(removed))


def _expired(settings: Settings, lake: Lake, feed: Feed | None, dry_run: bool) -> Iterator[Removed]:
    """Remove what is past its feed's retention, once the lake remembers why."""
    for path, removal in expired(settings, lake, feed):
        entry = Removed(str(path.relative_to(settings.home)), removal.why, path.stat().st_size)
        if not dry_run:
            lake.note_removal(removal)
            path.unlink()
        yield entry


Rest = tuple[Path, str]


def _rests(lake: Lake, settings: Settings, feed: str) -> Iterator[Rest]:
    """What stopped runs left in the lake: while the feed is held, nobody is writing there."""
    manifests = list(lake.manifests(feed))
    named = {lake.folder / stored.path for manifest in manifests for stored in manifest.files}
    committed = {manifest.sha256[:16] for manifest in manifests}
    for path in lake.batch_files(feed):
        if path not in named and not _may_be_wanted(settings, feed, path, committed):
            yield path, "no delivery rests on it"
    for path in sorted(lake.workspaces(feed).glob("*")):
        yield path, "of a run that was stopped"


def _may_be_wanted(settings: Settings, feed: str, path: Path, committed: set[str]) -> bool:
    """Whether a batch's bytes are archived, but committed by no delivery: they wait to be taken up, or lost a manifest."""
    stems = {batch[:16] for batch in (batches_in(path) if path.name.startswith(MERGED) else [path.name])}
    archived = {archived.name[:16] for archived in (settings.archive / feed).glob("*")}
    return any(stem in archived and stem not in committed for stem in stems)


def _claim_rests(settings: Settings, feed: str) -> Iterator[Rest]:
    """Claims without a file, and files that were only half copied: of runs that were stopped a while ago."""
    for folder in sorted((settings.landing / feed / CLAIMED).glob("*")):
        inside = list(folder.glob("*")) + list(folder.glob(".*"))
        if folder.is_dir() and all(path.name == COPYING for path in inside) and all(map(_is_old, [folder, *inside])):
            yield folder, "a claim of a run that was stopped"


def _unfinished(settings: Settings) -> Iterator[Rest]:
    """Files that were being written when their process was stopped, a while ago."""
    folders = (settings.archive, settings.lake, settings.rejected, settings.published.parent, settings.warehouse.parent)
    for folder in folders:
        for path in sorted([*folder.rglob(".*.part"), *folder.rglob(".*.part.wal")]):
            if path.is_file() and _is_old(path):
                yield path, "was never finished"
    for path in sorted(settings.warehouse.parent.glob(".*.rebuild*")):  # while the warehouse is held, nobody rebuilds
        yield path, "of a rebuild that was stopped"


def _spilled(settings: Settings) -> Iterator[Rest]:
    """What the warehouse put aside for want of memory: while it is held, nobody needs it."""
    spill = settings.warehouse.parent / ".spill"
    if spill.exists():
        yield spill, "put aside by a run that was stopped"


def _is_old(path: Path) -> bool:
    try:
        return time.time() - path.stat().st_mtime > GRACE_SECONDS
    except FileNotFoundError:  # its process has finished it meanwhile
        return False


def _removed(settings: Settings, rests: list[Rest], dry_run: bool) -> list[Removed]:
    entries = []
    for path, why in rests:
        size = sum(part.stat().st_size for part in ([path] if path.is_file() else path.rglob("*")) if part.is_file())
        entries.append(Removed(str(path.relative_to(settings.home)), why, size))
        if dry_run:
            continue
        if path.is_dir():
            shutil.rmtree(path)
        else:
            path.unlink(missing_ok=True)
    return entries
