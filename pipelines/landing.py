"""The landing folder: what lies in it, what is ready, and what a run has claimed by renaming it."""

from __future__ import annotations

import contextlib
import os
import re
import secrets
import stat
import time
import unicodedata
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from pipelines.feeds import Feed, LandingSource
from pipelines.settings import Settings, now

CLAIMED = ".claimed"
COPYING = ".copying"
SETTLE_SECONDS = 5.0
UNFINISHED = (".part", ".tmp")
ID_TIME = "%Y%m%dT%H%M%S%fZ"
MESSAGE_MARK = re.compile(r"\d+-\d+\.[0-9a-f]{8}~")
DELIVERY_ID = re.compile(r"\d{8}T\d{12}Z-[0-9a-f]{6}")

Look = tuple[int, int, int]  # when a file's content and its entry last changed (ns), and its size (bytes)


@dataclass(frozen=True)
class Claim:
    """A file that a run has taken: it stays here until its delivery is committed to the lake."""

    delivery_id: str
    path: Path

    @property
    def name(self) -> str:
        return self.path.name

    @property
    def received_at(self) -> datetime:
        return receipt_of(self.delivery_id)

    @classmethod
    def new(cls, home: Path, name: str) -> Claim:
        """A place of its own below the feed's landing folder, to which a file can be renamed."""
        delivery_id = new_delivery_id(now())
        place = home / CLAIMED / delivery_id
        place.mkdir(parents=True)
        return cls(delivery_id, place / name)

    def put_back(self, home: Path) -> None:
        """Undo the claim: the file was not ready after all. Stays claimed where another of its name has arrived."""
        if (home / self.name).exists():
            return
        with contextlib.suppress(FileNotFoundError):  # another run has taken it up already
            self.path.rename(home / self.name)
            self.path.parent.rmdir()

    def release(self) -> None:
        """Remove the claimed file: its bytes are archived and its manifest is written."""
        self.path.unlink(missing_ok=True)
        with contextlib.suppress(FileNotFoundError):
            self.path.parent.rmdir()


def new_delivery_id(received_at: datetime) -> str:
    """A delivery's identifier, which sorts by receipt."""
    return f"{received_at.strftime(ID_TIME)}-{secrets.token_hex(3)}"


def receipt_of(delivery_id: str) -> datetime:
    """When a delivery was received, as its identifier says."""
    return datetime.strptime(delivery_id.partition("-")[0], ID_TIME)


@dataclass(frozen=True)
class LeftAlone:
    """Something in the landing folder that was not taken, and why."""

    feed: str
    name: str
    reason: str


def folder(settings: Settings, feed: str) -> Path:
    """Where the files of a feed are dropped."""
    return settings.landing / feed


def claims(settings: Settings, feed: str) -> list[Claim]:
    """What has been claimed and not yet committed, in order of receipt: this run's and any stopped run's before it."""
    root = folder(settings, feed) / CLAIMED
    found = (path for path in root.glob("*/*") if DELIVERY_ID.fullmatch(path.parent.name) and path.name != COPYING)
    return [Claim(path.parent.name, path) for path in sorted(found, key=lambda path: path.parent.name)]


def ready(settings: Settings, feed: Feed, patient: bool = True) -> tuple[list[Path], list[LeftAlone]]:
    """The files that may be taken, oldest first, and what must be left alone.

    A `settled` feed's young files are watched once for `SETTLE_SECONDS`; those that change meanwhile are still being
    written. Who is not `patient` watches only where there is no older file to take: something else comes back for them.
    """
    candidates, left = found(settings, feed)
    if feed.arrival == "settled":
        young = [path for path in candidates if not has_rested(look(path))]
        if patient or len(young) == len(candidates):
            unready, reason = _moving(young), "is still being written"
        else:
            unready, reason = young, f"changed less than {SETTLE_SECONDS:.0f} s ago"
        candidates = [path for path in candidates if path not in unready]
        left += [LeftAlone(feed.name, path.name, reason) for path in unready]
    return sorted(candidates, key=lambda path: (look(path), path.name)), left


def found(settings: Settings, feed: Feed) -> tuple[list[Path], list[LeftAlone]]:
    """The files of a feed that lie in its folder, in name order, and what lies there besides."""
    files: list[Path] = []
    left: list[LeftAlone] = []
    for path in sorted(folder(settings, feed.name).iterdir()):
        if path.name.startswith(".") or path.name.endswith(UNFINISHED):
            continue
        try:
            reason = _unfit(path, feed)
        except FileNotFoundError:  # another run was quicker
            continue
        if reason:
            left.append(LeftAlone(feed.name, printable(path.name), reason))
        else:
            files.append(path)
    return files, left


def look(path: Path) -> Look:
    """How a file looks now; zeros where it is gone."""
    try:
        status = path.lstat()
    except FileNotFoundError:
        return 0, 0, 0
    return status.st_mtime_ns, status.st_ctime_ns, status.st_size


def has_rested(seen: Look) -> bool:
    """Whether content and entry have not changed for `SETTLE_SECONDS`, by the clock."""
    return max(seen[:2]) <= time.time_ns() - int(SETTLE_SECONDS * 1e9)


def message_name(message_id: str, sha256: str, name: str) -> str:
    """The name under which a message's delivery lies here: the same message with the same bytes always has the same."""
    return f"{message_id}.{sha256[:8]}~{name}"


def sender_name(name: str) -> str:
    """A file's name as its sender gave it: without the mark of the message that brought it."""
    return MESSAGE_MARK.sub("", name, count=1) if MESSAGE_MARK.match(name) else name


def printable(name: str) -> str:
    """A file's name as it may stand in a log: control characters and bytes that are no text are written as escapes."""
    return "".join(sign.encode("unicode_escape").decode() if _is_control(sign) else sign for sign in name)


def _is_control(sign: str) -> bool:
    return unicodedata.category(sign) in {"Cc", "Cs", "Zl", "Zp"}


def _unfit(path: Path, feed: Feed) -> str | None:
    mode = path.lstat().st_mode
    if printable(path.name) != path.name:
        return "has control characters or bytes that are no UTF-8 in its name"
    if stat.S_ISLNK(mode):
        return "is a symbolic link; only regular files are taken"
    if not stat.S_ISREG(mode):
        return "is no regular file"
    if isinstance(feed.source, LandingSource) and not path.match(feed.source.pattern):
        return f"does not match the feed's pattern {feed.source.pattern}"
    if not os.access(path, os.R_OK):
        return "may not be read: give the pipeline's user the right to"
    return None


def _moving(paths: list[Path]) -> list[Path]:
    """Those of the files that change while they are watched."""
    first = {path: look(path) for path in paths}
    if paths:
        time.sleep(SETTLE_SECONDS)
    return [path for path in paths if look(path) != first[path]]
