"""landing -> archive: take what is ready, once, and keep its bytes before anything is made of them."""

from __future__ import annotations

import shutil
import stat
from dataclasses import dataclass
from pathlib import Path

from pipelines import archive, landing
from pipelines.errors import ConfigError, FruitionError, SourceUnavailable
from pipelines.feeds import Feed
from pipelines.landing import Claim, LeftAlone
from pipelines.settings import Settings


@dataclass(frozen=True)
class Received:
    """What one sweep of a feed's landing folder took, and what it left alone."""

    feed: str
    claimed: tuple[str, ...]
    left: tuple[LeftAlone, ...]


def receive(settings: Settings, feed: Feed, files: tuple[Path, ...] = (), patient: bool = True) -> Received:
    """Claim what lies ready in `landing/<feed>/`, or copies of the given files, and archive the bytes of each.

    Who is not `patient` leaves files that have only just changed to whoever watches the folder. Two runs never take the
    same file: a claim is a rename. A file that changes while it is copied is put back. Raises `SourceUnavailable` where
    a given file cannot be read, `ConfigError` where its name is no text.
    """
    home = landing.folder(settings, feed.name)
    home.mkdir(parents=True, exist_ok=True)
    left: list[LeftAlone] = []
    if files:
        taken = _claim_copies(home, files)
    else:
        paths, left = landing.ready(settings, feed, patient)
        taken = [claim for path in paths if (claim := _claim(home, path))]
    claimed: list[str] = []
    for claim in taken:
        reason = _archive(settings, feed, claim)
        if reason:
            claim.put_back(home)
            left.append(LeftAlone(feed.name, claim.name, reason))
        else:
            claimed.append(claim.name)
    return Received(feed.name, tuple(claimed), tuple(left))


def _archive(settings: Settings, feed: Feed, claim: Claim) -> str | None:
    """Keep a claimed file's bytes; why not, where that cannot be done yet."""
    try:
        return None if archive.keep(settings, feed.name, claim.path) else "changed while it was being copied"
    except FileNotFoundError:  # another run has taken it up, and is done with it
        return None
    except SourceUnavailable as error:
        return str(error)


def _claim(home: Path, path: Path) -> Claim | None:
    """Take a file by renaming it; None where another run was quicker, or it is no regular file any more."""
    claim = Claim.new(home, path.name)
    try:
        path.rename(claim.path)
    except FileNotFoundError:
        claim.path.parent.rmdir()
        return None
    if not stat.S_ISREG(claim.path.lstat().st_mode):
        claim.put_back(home)
        return None
    return claim


def _claim_copies(home: Path, files: tuple[Path, ...]) -> list[Claim]:
    """Copies of the given files, claimed: of all of them or of none."""
    taken: list[Claim] = []
    try:
        for path in files:
            taken.append(_claim_copy(home, path))
    except FruitionError:
        for claim in taken:
            claim.release()
        raise
    return taken


def _claim_copy(home: Path, path: Path) -> Claim:
    if landing.printable(path.name) != path.name or path.name.startswith("."):
        raise ConfigError(f"{landing.printable(path.name)}: give the file a name of plain text without a leading dot.")
    claim = Claim.new(home, path.name)
    part = claim.path.with_name(landing.COPYING)
    try:
        shutil.copyfile(path, part)
    except OSError as error:
        part.unlink(missing_ok=True)
        claim.path.parent.rmdir()
        raise SourceUnavailable(
            f"{path.name}: cannot be read ({error.strerror}). Check the path and permissions."
        ) from error
    part.rename(claim.path)
    return claim
