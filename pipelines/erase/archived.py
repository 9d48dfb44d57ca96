"""Archived bytes without a name: text is mended where it lies, what is no plain text goes.

A workbook or a zip cannot be mended with certainty that nothing of the name stays in it; its rows are in the lake.
"""

from __future__ import annotations

import gzip
import hashlib
import html
import io
import re
import stat
import zipfile
import zlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from pipelines.erase.names import Names
from pipelines.feeds import CsvFormat, readable_feeds
from pipelines.lake import Lake, Removal, write_atomically
from pipelines.settings import Settings, now

WHY = "it held a person's name that was erased"
READ_ONLY = stat.S_IRUSR | stat.S_IRGRP | stat.S_IROTH
GUESSES = ("utf-8", "utf-16-le", "utf-16-be", "latin-1")
TAG = re.compile(r"<[^>]*>")


@dataclass(frozen=True)
class Mended:
    """An archived file's path below the home, and the hash of the bytes that it is to have."""

    path: str
    sha256: str


def erase_archived(
    settings: Settings, lake: Lake, names: Names, note: Callable[[Mended], None] | None
) -> Iterator[tuple[str, bool]]:
    """Mend each archived file that holds the name, or remove it; its path, and whether it was removed.

    `note` is told of a file's new hash before it has it; without `note` nothing is done.
    """
    encodings = {
        feed.name: feed.format.encoding
        for feed in readable_feeds(settings.feeds)[0].values()
        if isinstance(feed.format, CsvFormat)
    }
    for path in sorted(settings.archive.glob("*/*")):
        if path.name.startswith("."):
            continue
        content = path.read_bytes()
        mended = _mended(content, path, names, encodings.get(path.parent.name))
        if mended == content:
            continue
        name = str(path.relative_to(settings.home))
        if note and mended is None:
            lake.note_removal(Removal(path.parent.name, path.name.partition(".")[0], now(), WHY))
            path.unlink()
        elif note and mended is not None:
            note(Mended(name, hashlib.sha256(mended).hexdigest()))
            write_atomically(path, mended)
            path.chmod(READ_ONLY)
        yield name, mended is None


def _mended(content: bytes, path: Path, names: Names, encoding: str | None) -> bytes | None:
    """The bytes without the name, themselves where it is not in them; None where they cannot be mended."""
    if path.suffix.lower() == ".gz":
        try:
            inside = gzip.decompress(content)
        except (OSError, EOFError, zlib.error):  # nobody can tell what is in it
            return None
        mended = _mended(inside, path.with_suffix(""), names, encoding)
        if mended is None:
            return None
        return content if mended == inside else gzip.compress(mended, mtime=0)
    text = None if zipfile.is_zipfile(io.BytesIO(content)) else _text(content, encoding)
    if text is None:
        return None if holds(content, names) else content
    decoded, used = text
    return names.replaced(decoded).encode(used, "surrogateescape") if names.within(decoded) else content


def _text(content: bytes, encoding: str | None) -> tuple[str, str] | None:
    """The content as text, where it is text in its feed's encoding and gives the same bytes back."""
    for guess in [encoding] if encoding else ["utf-8"]:
        try:
            text = content.decode(guess, "surrogateescape")
            if b"\0" in content and guess in {"utf-8", "latin-1", "ascii"}:
                return None
            return (text, guess) if text.encode(guess, "surrogateescape") == content else None
        except (UnicodeError, LookupError):
            return None
    return None


def holds(content: bytes, names: Names) -> bool:
    """Whether bytes hold the name, in whichever encoding, or packed; what cannot be unpacked may hold anything."""
    if zipfile.is_zipfile(io.BytesIO(content)):
        try:
            with zipfile.ZipFile(io.BytesIO(content)) as members:
                return any(holds(members.read(member), names) for member in members.namelist())
        except (OSError, EOFError, zlib.error, zipfile.BadZipFile, RuntimeError, NotImplementedError):
            return True
    texts = [content.decode(guess, "ignore") for guess in GUESSES] + [content[1:].decode("utf-16-le", "ignore")]
    plain = html.unescape(TAG.sub("", texts[0]))  # in a workbook a name may be cut by its formatting
    return any(names.within(text) for text in (*texts, plain))
