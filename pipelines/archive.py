"""The archive: every delivered file's bytes, once, under their hash, and never changed."""

from __future__ import annotations

import hashlib
import os
import re
import stat
import tempfile
from dataclasses import dataclass
from pathlib import Path

from pipelines.errors import SourceUnavailable
from pipelines.lake import CHUNK, Lake, Manifest, Removal, put_in_place, sha256_of
from pipelines.settings import Settings

SUFFIX = re.compile(r"(\.[A-Za-z0-9]{1,8}){1,2}$")


@dataclass(frozen=True)
class Archived:
    """An immutable copy: where it lies, the SHA-256 of its bytes and how many there are."""

    path: Path
    sha256: str
    size_bytes: int


def keep(settings: Settings, feed: str, source: Path) -> Archived | None:
    """Copy a file's bytes into `archive/<feed>/`, unless they are there; None where it changed while being read.

    Raises `SourceUnavailable` where the file may not be read.
    """
    folder = settings.archive / feed
    folder.mkdir(parents=True, exist_ok=True)
    try:
        descriptor = os.open(source, os.O_RDONLY | os.O_NOFOLLOW)
    except PermissionError as error:
        raise SourceUnavailable(f"{feed}/{source.name}: may not be read; change its permissions.") from error
    handle, part = tempfile.mkstemp(prefix=".", suffix=".part", dir=folder)
    digest = hashlib.sha256()
    try:
        with os.fdopen(descriptor, "rb") as file, os.fdopen(handle, "wb") as copy:
            before = os.fstat(file.fileno())
            while block := file.read(CHUNK):
                digest.update(block)
                copy.write(block)
            after = os.fstat(file.fileno())
        if (before.st_size, before.st_mtime_ns) != (after.st_size, after.st_mtime_ns):
            return None
        path = find(settings, feed, digest.hexdigest()) or folder / (digest.hexdigest() + _suffix(source.name))
        if not path.exists():
            Path(part).chmod(stat.S_IRUSR | stat.S_IRGRP | stat.S_IROTH)
            put_in_place(Path(part), path)
        return Archived(path, digest.hexdigest(), after.st_size)
    finally:
        Path(part).unlink(missing_ok=True)


def find(settings: Settings, feed: str, sha256: str) -> Path | None:
    """The archived file with these bytes, whatever suffix it was first delivered under."""
    return next(iter(sorted((settings.archive / feed).glob(f"{sha256}*"))), None)


def fault(settings: Settings, manifest: Manifest) -> str | None:
    """Why a delivery's archived bytes cannot be read again, and what to do; None where they are as they should be."""
    where = f"archive/{manifest.feed}/{manifest.archived}"
    path = settings.archive / manifest.feed / manifest.archived
    if not path.is_file():
        removal = removed_since(settings, manifest)
        return f"{where} was removed: {removal.why}." if removal else f"{where} is missing; restore it from a backup."
    if sha256_of(path) not in _sound_hashes(settings, manifest):
        return f"{where} was altered; restore it from a backup."
    return None


def removed_since(settings: Settings, manifest: Manifest) -> Removal | None:
    """Why a delivery's archived bytes are gone, where that was decided after it came."""
    removal = Lake.of(settings).removal(manifest.feed, manifest.sha256)
    return removal if removal and removal.removed_at >= manifest.received_at else None


def _sound_hashes(settings: Settings, manifest: Manifest) -> set[str]:
    """The hashes that a delivery's archived bytes may have: what came, or what the last erasure of a name made of it."""
    hashes = {manifest.sha256}
    for erasure in Lake.of(settings).erasures():
        mended = erasure.hashes.get(f"archive/{manifest.feed}/{manifest.archived}")
        if mended:
            hashes = {mended} if erasure.erased_at else hashes | {mended}
    return hashes


def _suffix(name: str) -> str:
    match = SUFFIX.search(name)
    return match[0].lower() if match else ""
