"""The framing pass: where each record of a delimited file begins and ends, found without the parser's help.

It decodes, checks that quotes stand where they may, counts the records and their fields, keeps back records with too
few or too many, and writes the others as UTF-8 with plain line feeds. What the parser is then given cannot be read in
two ways, and what it returns must match the count. Whole blocks are handled at once by NumPy; no line is looped over
unless something is wrong with it.
"""

from __future__ import annotations

import codecs
import csv
import errno
import gzip
import io
import lzma
import struct
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, BinaryIO, NoReturn

import numpy as np
import numpy.typing as npt

from pipelines.errors import DeliveryRefused
from pipelines.feeds import CsvFormat
from pipelines.readers.tables import Malformed, column_names

BLOCK_BYTES = 8 << 20
LINE_CAP_BYTES = 1 << 20
UNPACKED_CAP_BYTES = 64 << 30
UNPACKED_RATIO_CAP = 200
MALFORMED_CAP = 100_000
MALFORMED_CAP_BYTES = 64 << 20
NEWLINE, CARRIAGE_RETURN = 10, 13
GZIP_MAGIC, ZIP_MAGIC = b"\x1f\x8b", b"PK\x03\x04"
DAMAGE = (
    EOFError,
    zlib.error,
    lzma.LZMAError,
    zipfile.BadZipFile,
    NotImplementedError,
    RuntimeError,
    ValueError,
    struct.error,
)

Positions = npt.NDArray[np.int64]


@dataclass
class Framing:
    """What the pass found: the header's names, how many records, and those that are no rows.

    `offsets` tells the line of the n-th record that was kept (from 0): of its rows (first, offset), the last with
    first <= n gives line = n + offset. `has_quotes` says whether any quote is among the kept records.
    """

    header: tuple[str, ...]
    counted: int = 0
    kept: int = 0
    has_quotes: bool = False
    malformed: list[Malformed] = field(default_factory=list)
    offsets: list[Positions] = field(default_factory=list)


def frame(source: Path, format: CsvFormat, target: Path) -> Framing:
    """Frame `source` into `target`, which gets the kept records without the header.

    Raises `DeliveryRefused` where the file as a whole cannot be taken apart for certain.
    """
    with opened(source) as raw, target.open("wb") as out:
        out.write(codecs.BOM_UTF8)  # the parser drops one; without it, one of the data's own
        return _Framer(format, out).run(decoded(raw, format.encoding))


@contextmanager
def opened(source: Path) -> Iterator[BinaryIO]:
    """The file's bytes, unpacked where they are those of a gzip or zip file, with caps on what may come out."""
    if _begins_with(source, GZIP_MAGIC):
        with gzip.open(source) as file:
            yield _Capped(file, source.stat().st_size)  # type: ignore[misc]
    elif _begins_with(source, ZIP_MAGIC):
        with _unpacking():
            archive = zipfile.ZipFile(source)
            member = archive.open(_only_member(archive))
        with archive, member:
            yield _Capped(member, source.stat().st_size)  # type: ignore[misc]
    else:
        with source.open("rb") as file:
            yield file


@contextmanager
def _unpacking() -> Iterator[None]:
    """Whatever a damaged archive makes its library raise refuses the delivery; a fault of the disk does not."""
    try:
        yield
    except (*DAMAGE, OSError) as error:
        if isinstance(error, OSError) and error.errno not in {None, errno.EINVAL}:
            raise
        raise DeliveryRefused(
            "unreadable",
            f"The compressed file is damaged, cut short or locked ({type(error).__name__}).",
            "Send it again, whole and without a password.",
        ) from error


def _begins_with(source: Path, magic: bytes) -> bool:
    with source.open("rb") as file:
        return file.read(len(magic)) == magic


def _only_member(archive: zipfile.ZipFile) -> zipfile.ZipInfo:
    members = [member for member in archive.infolist() if not member.is_dir()]
    if len(members) != 1:
        raise DeliveryRefused("unreadable", f"The archive holds {len(members)} files.", "Send one file an archive.")
    return members[0]


class _Capped(io.RawIOBase):
    """A reader that refuses to unpack more than a plausible file would hold."""

    def __init__(self, file: object, packed_bytes: int) -> None:
        super().__init__()
        self._file = file
        self._left = min(UNPACKED_CAP_BYTES, max(packed_bytes * UNPACKED_RATIO_CAP, 64 << 20))

    def read(self, size: int = -1, /) -> bytes:
        with _unpacking():
            block: bytes = self._file.read(size)  # type: ignore[attr-defined]
        self._left -= len(block)
        if self._left < 0:
            raise DeliveryRefused(
                "unreadable",
                "The file unpacks to far more than its size allows for.",
                "Send it uncompressed, or in parts.",
            )
        return block


def decoded(raw: BinaryIO, encoding: str) -> Iterator[bytes]:
    """Blocks of UTF-8, from bytes in the declared encoding; a byte that does not belong to it refuses the delivery."""
    name = codecs.lookup(encoding).name
    decoder = codecs.getincrementaldecoder("utf-8-sig" if name == "utf-8" else name)()
    line = 1
    looks_utf8 = _Utf8Witness(name)
    has_begun = False
    while True:
        block = raw.read(BLOCK_BYTES)
        try:
            text = decoder.decode(block, final=not block)
            utf8 = (text if has_begun else text.removeprefix("\ufeff")).encode("utf-8")
        except UnicodeError as error:
            line += error.object[: error.start].count(b"\n") if isinstance(error, UnicodeDecodeError) else 0
            raise DeliveryRefused(
                "encoding",
                f"Line {line} holds a byte that is not {encoding}.",
                "Send the file in the encoding the feed declares, or correct format.encoding in the feed.",
            ) from error
        looks_utf8.see(block)
        line += text.count("\n")
        has_begun = has_begun or bool(text)
        if utf8:
            yield utf8
        if not block:
            looks_utf8.judge(encoding)
            return


class _Utf8Witness:
    """Bytes beyond ASCII that form valid UTF-8 throughout are UTF-8, whatever single-byte encoding was declared."""

    def __init__(self, declared: str) -> None:
        single_byte = declared.startswith(("iso8859", "cp", "mac", "latin", "koi8"))
        self._decoder = codecs.getincrementaldecoder("utf-8")() if single_byte else None
        self._beyond_ascii = False

    def see(self, block: bytes) -> None:
        if self._decoder is None:
            return
        try:
            self._decoder.decode(block, final=not block)
        except UnicodeDecodeError:
            self._decoder = None
            return
        self._beyond_ascii = self._beyond_ascii or not block.isascii()

    def judge(self, encoding: str) -> None:
        if self._decoder is not None and self._beyond_ascii:
            raise DeliveryRefused(
                "encoding",
                f"The feed declares {encoding}, the file is UTF-8 throughout.",
                "Declare encoding: utf-8 in the feed, or send the file as declared.",
            )


class _Framer:
    """The state of one pass. `_line` is the source line at which `_rest`, the unfinished record, begins."""

    def __init__(self, format: CsvFormat, out: BinaryIO) -> None:
        self._format = format
        self._delimiter = ord(format.delimiter)
        self._quote = None if format.quote == "none" else ord(format.quote)
        self._out = out
        self._line = 1
        self._skip = format.skip_lines
        self._kept_back_bytes = 0
        self._framing: Framing | None = None

    def run(self, blocks: Iterator[bytes]) -> Framing:
        rest = b""
        returns_end_lines: bool | None = None
        for block in blocks:
            data = rest + block
            self._guard_nul_bytes(data)
            if returns_end_lines is None:
                if b"\n" not in data and len(data) <= LINE_CAP_BYTES:
                    rest = data
                    continue
                returns_end_lines = b"\n" not in data and b"\r" in data
            rest = self._take(data.replace(b"\r", b"\n") if returns_end_lines else data, final=False)
        if returns_end_lines is None:
            rest = self._take(rest.replace(b"\r", b"\n"), final=False)
        kept_back = len(self._framing.malformed) if self._framing else 0
        if rest:
            self._take(rest + b"\n", final=True)
        if self._framing is None:
            raise DeliveryRefused("empty", "The file holds no header.", "Send the file with its header and records.")
        if rest:
            self._guard_truncation(last_is_malformed=len(self._framing.malformed) > kept_back)
        return self._framing

    def _guard_nul_bytes(self, data: bytes) -> None:
        position = data.find(b"\0")
        if position >= 0:
            raise self._refused("nul_bytes", "holds a NUL byte", "Send text, in the declared encoding.", data, position)

    def _take(self, data: bytes, *, final: bool) -> bytes:
        """Handle the whole records of `data`; return what is left of it."""
        while self._framing is None:
            cut = self._record_end(data)
            self._guard_length(data if cut is None else data[:cut], 0)
            if cut is None:
                if final:
                    self._unclosed_quote()
                return data
            self._header(data[:cut])
            self._line += data.count(b"\n", 0, cut + 1)
            data = data[cut + 1 :]
        if data:
            return self._records(data, self._framing, final=final)
        return b""

    def _record_end(self, data: bytes) -> int | None:
        """Where the first record's line feed is, quotes heeded; none of them while lines are being skipped."""
        if self._skip:
            return data.find(b"\n") if b"\n" in data else None
        ends = self._ends(np.frombuffer(data, np.uint8))
        return int(ends[0]) if len(ends) else None

    def _header(self, record: bytes) -> None:
        if self._skip:
            self._skip -= 1
            return
        text = record.removesuffix(b"\r").decode("utf-8")
        if not text.strip():
            return
        options: dict[str, Any] = (
            {"quoting": csv.QUOTE_NONE} if self._quote is None else {"quotechar": chr(self._quote)}
        )
        try:
            names = next(csv.reader([text], delimiter=self._format.delimiter, strict=True, **options))
        except csv.Error as error:
            raise self._refused(
                "quoting", "is a header whose quotes do not close", "Mend the header.", record, 0
            ) from error
        self._framing = Framing(column_names(names, "The header"))

    def _records(self, data: bytes, framing: Framing, *, final: bool) -> bytes:
        bytes_ = np.frombuffer(data, np.uint8)
        ends = self._ends(bytes_)
        if not len(ends):
            self._guard_length(data, 0)
            if final:
                self._unclosed_quote()
            return data
        size = int(ends[-1]) + 1
        starts = np.concatenate(([0], ends[:-1] + 1))
        self._guard_lengths(data, starts, ends)
        fields = self._field_counts(bytes_[:size], ends)
        blank = (ends - starts) - (bytes_[np.maximum(ends - 1, 0)] == CARRIAGE_RETURN) * (ends > starts) == 0
        self._guard_carriage_returns(data, bytes_[:size])
        good = (fields == len(framing.header)) & ~blank
        self._note(data, framing, starts, ends, fields, blank, good)
        self._write(data[:size], framing, starts, ends, good)
        self._line += data.count(b"\n", 0, size)
        rest = data[size:]
        self._guard_length(rest, 0)
        return rest

    def _ends(self, bytes_: npt.NDArray[np.uint8]) -> Positions:
        """Positions of the line feeds that end a record: those outside quotes."""
        newlines = np.flatnonzero(bytes_ == NEWLINE)
        if self._quote is None:
            return newlines
        quotes = np.flatnonzero(bytes_ == self._quote)
        if not len(quotes):
            return newlines
        self._guard_quotes(bytes_, quotes)
        outside: Positions = newlines[np.searchsorted(quotes, newlines) % 2 == 0]
        return outside

    def _guard_quotes(self, bytes_: npt.NDArray[np.uint8], quotes: Positions) -> None:
        """An opening quote begins a field (or doubles the quote before it); a closing one ends it (or is doubled)."""
        opening, closing = quotes[0::2], quotes[1::2]
        before = np.where(opening > 0, bytes_[np.maximum(opening - 1, 0)], NEWLINE)
        may_open = (before == self._delimiter) | (before == NEWLINE) | (before == self._quote)
        last = len(bytes_) - 1
        after = np.where(closing < last, bytes_[np.minimum(closing + 1, last)], NEWLINE)
        may_close = np.isin(after, [self._delimiter, NEWLINE, CARRIAGE_RETURN, int(self._quote or 0)])
        wrong = np.concatenate((opening[~may_open], closing[~may_close]))
        if len(wrong):
            raise self._refused(
                "quoting",
                "has a quote in the middle of a field",
                "Quote such fields and double the quotes inside, or declare quote: none in the feed.",
                bytes_.tobytes(),
                int(wrong.min()),
            )

    def _field_counts(self, bytes_: npt.NDArray[np.uint8], ends: Positions) -> Positions:
        delimiters = np.flatnonzero(bytes_ == self._delimiter)
        if self._quote is not None:
            quotes = np.flatnonzero(bytes_ == self._quote)
            if len(quotes):
                delimiters = delimiters[np.searchsorted(quotes, delimiters) % 2 == 0]
        return np.diff(np.searchsorted(delimiters, ends), prepend=0) + 1

    def _note(
        self,
        data: bytes,
        framing: Framing,
        starts: Positions,
        ends: Positions,
        fields: Positions,
        blank: npt.NDArray[np.bool_],
        good: npt.NDArray[np.bool_],
    ) -> None:
        """Count the records, keep back the malformed ones, and remember at which line each kept one begins."""
        lines = self._line + self._newlines_before(data, starts, ends)
        for index in np.flatnonzero(~good & ~blank):
            raw = data[starts[index] : ends[index]].decode("utf-8").removesuffix("\r")
            message = f"has {fields[index]} fields, the header has {len(framing.header)}"
            self._keep_back(framing, Malformed(int(lines[index]), "field_count", message, raw))
        framing.counted += int((~blank).sum())
        kept = np.flatnonzero(good)
        if not len(kept):
            return
        numbers = framing.kept + np.arange(len(kept))
        offsets = lines[kept] - numbers
        previous = framing.offsets[-1][-1, 1] if framing.offsets else offsets[0] - 1
        changes = np.flatnonzero(np.diff(offsets, prepend=previous))
        if len(changes):
            framing.offsets.append(np.column_stack((numbers[changes], offsets[changes])))
        framing.kept += len(kept)

    def _keep_back(self, framing: Framing, record: Malformed) -> None:
        framing.malformed.append(record)
        self._kept_back_bytes += len(record.raw)
        if len(framing.malformed) > MALFORMED_CAP or self._kept_back_bytes > MALFORMED_CAP_BYTES:
            raise DeliveryRefused(
                "field_count",
                f"{len(framing.malformed)} records up to line {record.line} do not have the header's "
                f"{len(framing.header)} fields; no more are kept back.",
                "Check the delimiter and quote that the feed declares.",
            )

    @staticmethod
    def _newlines_before(data: bytes, starts: Positions, ends: Positions) -> Positions:
        newlines = np.flatnonzero(np.frombuffer(data, np.uint8)[: int(ends[-1]) + 1] == NEWLINE)
        if len(newlines) == len(starts):
            return np.arange(len(starts))
        return np.searchsorted(newlines, starts)

    def _write(
        self, data: bytes, framing: Framing, starts: Positions, ends: Positions, good: npt.NDArray[np.bool_]
    ) -> None:
        """Write the good records with plain line feeds; carriage returns inside quotes stay as they are."""
        if not good.all():
            runs = np.flatnonzero(np.diff(good.astype(np.int8), prepend=0, append=0))
            parts = zip(starts[runs[0::2]], ends[runs[1::2] - 1], strict=True)
            data = b"".join(data[start : end + 1] for start, end in parts)
        has_quotes = self._quote is not None and self._quote in data
        framing.has_quotes = framing.has_quotes or has_quotes
        if b"\r" not in data:
            self._out.write(data)
        elif not has_quotes:
            self._out.write(data.replace(b"\r\n", b"\n"))
        else:
            bytes_ = np.frombuffer(data, np.uint8)
            record_ends = self._ends(bytes_)
            before = record_ends[(record_ends > 0) & (bytes_[record_ends - 1] == CARRIAGE_RETURN)] - 1
            self._out.write(np.delete(bytes_, before).tobytes())

    def _guard_carriage_returns(self, data: bytes, bytes_: npt.NDArray[np.uint8]) -> None:
        if b"\r" not in data:
            return
        returns = np.flatnonzero(bytes_ == CARRIAGE_RETURN)
        if self._quote is not None:
            quotes = np.flatnonzero(bytes_ == self._quote)
            returns = returns[np.searchsorted(quotes, returns) % 2 == 0]
        bare = returns[bytes_[np.minimum(returns + 1, len(bytes_) - 1)] != NEWLINE]
        if len(bare):
            raise self._refused(
                "line_endings",
                "holds a carriage return that ends no line",
                "Send one kind of line ending, or quote the field.",
                data,
                int(bare[0]),
            )

    def _guard_lengths(self, data: bytes, starts: Positions, ends: Positions) -> None:
        lengths = ends - starts
        longest = int(lengths.argmax())
        if lengths[longest] > LINE_CAP_BYTES:
            self._guard_length(
                data[int(starts[longest]) : int(ends[longest])], data.count(b"\n", 0, int(starts[longest]))
            )

    def _guard_length(self, record: bytes, lines_before: int) -> None:
        if len(record) > LINE_CAP_BYTES:
            if self._quote is not None and self._quote in record[: LINE_CAP_BYTES + 1] and b"\n" in record:
                self._unclosed_quote(lines_before)
            raise DeliveryRefused(
                "line_length",
                f"Line {self._line + lines_before} is longer than {LINE_CAP_BYTES} bytes.",
                "Check the line endings, and that no quote stays open.",
            )

    def _unclosed_quote(self, lines_before: int = 0) -> NoReturn:
        raise DeliveryRefused(
            "quoting",
            f"A quote that is opened in the record at line {self._line + lines_before} is never closed.",
            "Close it, or declare quote: none in the feed where quotes are plain text.",
        )

    def _refused(self, rule: str, what: str, next_step: str, data: bytes, position: int) -> DeliveryRefused:
        line = self._line + data.count(b"\n", 0, position)
        return DeliveryRefused(rule, f"Line {line} {what}.", next_step)

    def _guard_truncation(self, *, last_is_malformed: bool) -> None:
        """Of a file without a final line ending: refuse it where its last record shows that it was cut short."""
        if last_is_malformed or self._format.final_newline == "required":
            raise DeliveryRefused(
                "truncated",
                f"The file ends in the middle of line {self._line - 1}.",
                "Send it again, whole; let the sender write it under another name and rename it when it is complete.",
            )
