"""Source files as other systems would drop them: CSV (plain or packed) and workbooks, the same bytes each time."""

from __future__ import annotations

import csv
import gzip
import io
import zipfile
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path
from typing import Any, BinaryIO

from openpyxl import Workbook
from openpyxl.cell import WriteOnlyCell
from openpyxl.styles import Font

Cell = str | float | int | date | None
STAMP = datetime(2000, 1, 1)
"""What every file inside a workbook is dated, so that the same cells are the same bytes."""


@dataclass(frozen=True)
class CsvFile:
    """A delimited file of a feed; `rows` are texts, read once. A name that ends in `.gz` is packed."""

    feed: str
    name: str
    header: tuple[str, ...]
    rows: Iterable[Sequence[str]]
    delimiter: str = ","
    encoding: str = "utf-8"
    line_end: str = "\n"


@dataclass(frozen=True)
class Sheet:
    """A sheet: a title over it, an empty row, the header in row 3, and its rows."""

    name: str
    title: str
    header: tuple[str, ...]
    rows: Iterable[Sequence[Cell]]


@dataclass(frozen=True)
class WorkbookFile:
    """A workbook of a feed."""

    feed: str
    name: str
    sheets: tuple[Sheet, ...]


SourceFile = CsvFile | WorkbookFile


def write(file: SourceFile, landing: Path) -> Path:
    """Write a file into its feed's landing folder: under another name first, then renamed, so never seen half."""
    folder = landing / file.feed
    folder.mkdir(parents=True, exist_ok=True)
    part = folder / f"{file.name}.part"
    with part.open("wb") as raw:
        if isinstance(file, CsvFile):
            _write_csv(file, raw)
        else:
            _write_workbook(file, raw)
    return part.replace(folder / file.name)


def _write_csv(file: CsvFile, raw: BinaryIO) -> None:
    if file.name.endswith(".gz"):
        with gzip.GzipFile(filename="", mode="wb", fileobj=raw, mtime=0) as packed:
            _write_rows(file, packed)
    else:
        _write_rows(file, raw)


def _write_rows(file: CsvFile, raw: Any) -> None:
    text = io.TextIOWrapper(raw, encoding=file.encoding, newline="")
    writer = csv.writer(text, delimiter=file.delimiter, lineterminator=file.line_end)
    writer.writerow(file.header)
    writer.writerows(file.rows)
    text.flush()
    text.detach()


def _write_workbook(file: WorkbookFile, raw: BinaryIO) -> None:
    book = Workbook(write_only=True)
    for sheet in file.sheets:
        page = book.create_sheet(sheet.name)
        for row in _page(sheet, page):
            page.append(row)
    written = io.BytesIO()
    book.save(written)
    _repack(written, raw)


def _page(sheet: Sheet, page: Any) -> Iterator[Sequence[Any]]:
    def bold(text: str) -> Any:
        cell = WriteOnlyCell(page, value=text)
        cell.font = Font(bold=True)
        return cell

    yield [bold(sheet.title)]
    yield []
    yield [bold(name) for name in sheet.header]
    yield from sheet.rows


def _repack(written: io.BytesIO, raw: BinaryIO) -> None:
    """The same workbook without the moment it was saved at."""
    stamp = STAMP.strftime("%Y-%m-%dT%H:%M:%SZ").encode()
    with zipfile.ZipFile(written) as book, zipfile.ZipFile(raw, "w", zipfile.ZIP_DEFLATED) as plain:
        for name in book.namelist():
            content = book.read(name)
            if name == "docProps/core.xml":
                content = _redated(content, stamp)
            plain.writestr(zipfile.ZipInfo(name, STAMP.timetuple()[:6]), content, zipfile.ZIP_DEFLATED)


def _redated(core: bytes, stamp: bytes) -> bytes:
    for tag in (b"dcterms:created", b"dcterms:modified"):
        before, opening, rest = core.partition(b"<" + tag)
        attributes, bracket, rest = rest.partition(b">")
        _, closing, after = rest.partition(b"</" + tag)
        core = before + opening + attributes + bracket + stamp + closing + after
    return core
