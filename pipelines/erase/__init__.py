"""A person's name, out of everything that is kept: archive, lake, reports, recorded builds, outbox, warehouse, publication.

A placeholder takes its place everywhere, so that keys and joins still match. What was done is recorded, the name is not.
Each file is mended beside the old one and put in its place in one step, and a manifest never names a file that is not
as it says; stopped at any point, running it again goes on with the same placeholder.
"""

from __future__ import annotations

import hashlib
import secrets
import shutil
from collections.abc import Callable, Iterable
from contextlib import ExitStack
from dataclasses import dataclass, replace

from pipelines import warehouse
from pipelines.erase.archived import Mended, erase_archived
from pipelines.erase.names import Names
from pipelines.erase.stored import erase_builds, erase_documents, erase_outbox, erase_rows, waiting
from pipelines.errors import ConfigError
from pipelines.lake import Erasure, Lake, known_feeds
from pipelines.outbox import Outbox
from pipelines.rebuild import rebuild
from pipelines.serve import serve
from pipelines.settings import Settings, now

SHORTEST = 3  # characters; what is shorter would be found in many words that are no name
Tell = Callable[[str], None]


@dataclass(frozen=True)
class Erased:
    """What was mended or removed, by path below the home, or in a dry run would be.

    `waiting` are files in landing folders that hold the name: they are left alone. `placeholder` is None where
    nobody has the name, and nothing was done.
    """

    placeholder: str | None
    mended: tuple[str, ...]
    removed: tuple[str, ...]
    rows: int
    waiting: tuple[str, ...]


def erase(settings: Settings, names: Iterable[str], dry_run: bool = False, tell: Tell = lambda text: None) -> Erased:
    """Put a placeholder in the place of a name, given in each way it is spelt, in everything below the home.

    Whole words in any letter case. Raises `ConfigError` where a name is too short to be one, `WarehouseBusy` where a
    feed or the warehouse is being worked on, `LakeDamaged` where a manifest cannot be read.
    """
    spellings = [name.strip() for name in names]
    if not spellings or any(len(name) < SHORTEST for name in spellings):
        raise ConfigError(f"Give the name as it stands in the data, at least {SHORTEST} characters long.")
    lake = Lake.of(settings)
    with ExitStack() as held:
        for feed in known_feeds(settings):
            held.enter_context(lake.hold_feed(feed))
        held.enter_context(warehouse.held(settings))
        held.enter_context(Outbox.of(settings).hold())
        unfinished = _unfinished(lake, spellings)
        record = unfinished or _begun(spellings)
        wanted = Names.of(spellings, record.placeholder)
        left = tuple(waiting(settings, wanted))
        found = _everything(settings, lake, wanted, record, dry_run=True, tell=tell)
        nobody = unfinished is None and not (found.files or found.removed)
        if nobody or dry_run:
            placeholder = None if nobody else record.placeholder
            return Erased(placeholder, found.files, found.removed, found.rows, left)
        lake.note_erasure(record)
        _sweep_rests(settings, lake)
        done = _everything(settings, lake, wanted, record, dry_run=False, tell=tell)
        done = replace(done, erased_at=now())
        lake.note_erasure(done)
        _make_warehouse_anew(settings, tell)
        lake.note_erasure(replace(done, finished_at=now(), names_hash=None))
    return Erased(done.placeholder, done.files, done.removed, done.rows, left)


def _begun(spellings: list[str]) -> Erasure:
    placeholder = f"erased-{secrets.token_hex(3)}"
    return Erasure(placeholder, now(), names_hash=_hash(placeholder, spellings))


def _unfinished(lake: Lake, spellings: list[str]) -> Erasure | None:
    """The erasure that was stopped, to be gone on with; `ConfigError` where it was of other names."""
    unfinished = next((erasure for erasure in lake.erasures() if erasure.finished_at is None), None)
    if unfinished and unfinished.names_hash != _hash(unfinished.placeholder, spellings):
        raise ConfigError("An erasure was stopped: run it again with the same names first.")
    return unfinished


def _hash(placeholder: str, spellings: list[str]) -> str:
    """By which an unfinished erasure knows its names again; it goes with the names once that is finished."""
    text = "\0".join([placeholder, *sorted(name.casefold() for name in spellings)])
    return hashlib.sha256(text.encode()).hexdigest()


def _sweep_rests(settings: Settings, lake: Lake) -> None:
    """Remove what stopped runs left: every feed and the warehouse are held, so nobody needs it."""
    shutil.rmtree(lake.folder / "_work", ignore_errors=True)
    for folder in (settings.archive, settings.lake, settings.rejected, settings.published.parent):
        for path in folder.rglob(".*.part"):
            path.unlink(missing_ok=True)
    for path in settings.warehouse.parent.glob(".*.rebuild*"):
        path.unlink(missing_ok=True)


def _everything(settings: Settings, lake: Lake, names: Names, record: Erasure, *, dry_run: bool, tell: Tell) -> Erasure:
    """Mend archive, lake, reports, recorded builds and outbox; the record with what was done added."""

    def note(mended: Mended) -> None:
        """The new hash of an archived file is known before the file has it."""
        nonlocal record
        record = replace(record, hashes={**record.hashes, mended.path: mended.sha256})
        lake.note_erasure(record)

    files: list[str] = []
    removed: list[str] = []
    rows = 0
    tell("erase archive")
    for path, is_removed in erase_archived(settings, lake, names, None if dry_run else note):
        (removed if is_removed else files).append(path)
    tell("erase lake")
    for path, count in erase_rows(settings, lake, names, dry_run):
        files.append(path)
        rows += count
    tell("erase builds")
    for path, count in erase_builds(settings, lake, names, dry_run):
        files.append(path)
        rows += count
    tell("erase documents")
    files += erase_documents(settings, lake, names, dry_run)
    files += erase_outbox(settings, names, dry_run)
    return replace(
        record,
        files=tuple(sorted({*record.files, *files})),
        removed=tuple(sorted({*record.removed, *removed})),
        rows=record.rows + rows,
    )


def _make_warehouse_anew(settings: Settings, tell: Tell) -> None:
    """No block of the old files stays: the warehouse and what is published are made from the lake."""
    if not settings.warehouse.exists() and not settings.published.exists():
        return
    for folder in ("dbt", ".spill"):
        shutil.rmtree(settings.warehouse.parent / folder, ignore_errors=True)
    rebuild(settings, tell=tell)
    serve(settings)
