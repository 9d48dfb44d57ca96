"""landing -> archive: take what is ready, once, and keep its bytes before anything is made of them."""

from __future__ import annotations

import shutil
from dataclasses import dataclass
from pathlib import Path

from pipelines import archive, landing
from pipelines.errors import SourceUnavailable
from pipelines.feeds import Feed
from pipelines.landing import Claim, LeftAlone
from pipelines.settings import Settings


@dataclass(frozen=True)
class Received:
    """What one sweep of a feed's landing folder took, and what it left alone."""

    feed: str
    claimed: tuple[str, ...]
    left: tuple[LeftAlone, ...]


def receive(settings: Settings, feed: Feed, files: tuple[Path, ...] = ()) -> Received:
    """Claim what lies ready in `landing/<feed>/`, or copies of the given files, and archive the bytes of each.

    Two runs never take the same file: a claim is a rename. A file that changes while it is copied is put back.
    Raises `SourceUnavailable` where a given file cannot be read.
    """
    home = landing.folder(settings, feed.name)
    home.mkdir(parents=True, exist_ok=True)
    left: list[LeftAlone] = []
    if files:
        taken = [_claim_copy(home, path) for path in files]
    else:
        paths, left = landing.ready(settings, feed)
        taken = [claim for path in paths if (claim := _claim(home, path))]
    claimed: list[str] = []
    for claim in taken:
        if archive.keep(settings, feed.name, claim.path):
            claimed.append(claim.name)
        else:
            claim.put_back(home)
            left.append(LeftAlone(feed.name, claim.name, "changed while it was being copied"))
    return Received(feed.name, tuple(claimed), tuple(left))


def _claim(home: Path, path: Path) -> Claim | None:
    claim = Claim.new(home, path.name)
    try:
        path.rename(claim.path)
    except FileNotFoundError:  # another run was quicker
        claim.path.parent.rmdir()
        return None
    return claim


def _claim_copy(home: Path, path: Path) -> Claim:
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
