"""A workbook -> one table a sheet: pandas with calamine reads the cells, openpyxl counts the rows on its own.

Calamine gives an empty cell for one that holds an error (`#DIV/0!`), which would be a guess; openpyxl tells them apart,
so in `.xlsx` such rows are rejected. In `.xls` and `.ods` the count is calamine's own. Counting comes first: it also
tells how far a sheet reaches, and calamine takes memory for every cell up to there.
"""

from __future__ import annotations

import errno
import math
import warnings
import zipfile
import zlib
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import date, datetime, time
from decimal import Decimal
from pathlib import Path
from typing import Any

import openpyxl
import pandas as pd
from openpyxl.utils.exceptions import InvalidFileException
from python_calamine import CalamineError

from pipelines.errors import DeliveryRefused
from pipelines.feeds import ExcelFormat
from pipelines.readers.tables import Malformed, Table, column_names
from pipelines.sql import quoted
from pipelines.workspace import Workspace

UNPACKED_CAP_BYTES = 1 << 30
CELLS_CAP = 20_000_000
XLSX_PART, ODS_PART = "xl/workbook.xml", "content.xml"
DAMAGE = (  # which of them a damaged workbook raises depends on what the damage hit
    *(CalamineError, InvalidFileException, zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, RuntimeError),
    *(ValueError, TypeError, LookupError, AttributeError, SyntaxError, OSError),
)
Rows = Sequence[Sequence[object]]


@dataclass
class _Count:
    """What openpyxl finds in a sheet below its header: rows that hold anything; by line, where the first error stands."""

    records: int = 0
    errors: dict[int, int] = field(default_factory=dict)


def read_excel(source: Path, format: ExcelFormat, workspace: Workspace) -> list[Table]:
    """The sheets of a workbook as tables of text; raises `DeliveryRefused` where it cannot be opened.

    A sheet whose header is of no use is a fault only where the feed asks for that sheet.
    """
    counts = _counts(source, format.header_row) if _is_xlsx(source) else {}
    sheets = _sheets(source)
    return [
        _table(name, number, sheets.pop(name), format.header_row, counts.get(name), workspace)
        for number, name in enumerate(list(sheets), 1)
        if len(sheets[name]) >= format.header_row
    ]


@contextmanager
def _opening() -> Iterator[None]:
    """Whatever a damaged workbook makes a library raise refuses the delivery; a fault of the disk does not."""
    try:
        yield
    except DAMAGE as error:
        if isinstance(error, OSError) and error.errno not in {None, errno.EINVAL}:
            raise
        raise _refusal("The file is not a workbook that can be opened.") from error


def _refusal(message: str) -> DeliveryRefused:
    return DeliveryRefused("unreadable", message, "Send an .xlsx, .xls or .ods file, unprotected, or CSV.")


def _is_xlsx(source: Path) -> bool:
    """Whether openpyxl can count the rows; `DeliveryRefused` for an archive that is too large or is no workbook."""
    if not zipfile.is_zipfile(source):
        return False
    with _opening(), zipfile.ZipFile(source) as archive:
        unpacked = sum(member.file_size for member in archive.infolist())
        parts = set(archive.namelist())
    if unpacked > UNPACKED_CAP_BYTES:
        raise _refusal(f"The workbook unpacks to more than {UNPACKED_CAP_BYTES >> 20} MiB.")
    if not parts & {XLSX_PART, ODS_PART}:
        raise _refusal("The archive is neither an .xlsx nor an .ods workbook.")
    return XLSX_PART in parts


def _counts(source: Path, header_row: int) -> dict[str, _Count]:
    """By sheet, what openpyxl finds in it."""
    with source.open("rb") as file, warnings.catch_warnings(), _opening():
        warnings.simplefilter("ignore")  # they may quote a cell
        workbook = openpyxl.load_workbook(file, read_only=True, data_only=True)
        return {sheet.title: _count(sheet, header_row) for sheet in workbook.worksheets}


def _count(sheet: Any, header_row: int) -> _Count:
    sheet.reset_dimensions()  # the size that a file claims may be too small
    count = _Count()
    width = 0
    for line, row in enumerate(sheet.iter_rows(), 1):
        filled = [position for position, cell in enumerate(row) if not _is_blank(cell.value)]
        if not filled:
            continue
        width = max(width, filled[-1] + 1)
        if width * line > CELLS_CAP:
            raise _refusal(f"The sheet {sheet.title} reaches over more than {CELLS_CAP:,} cells.")
        if line > header_row:
            count.records += 1
            wrong = [position for position in filled if row[position].data_type == "e"]
            if wrong:
                count.errors[line] = wrong[0]
    return count


def _sheets(source: Path) -> dict[str, Rows]:
    """By sheet, its cells from the first row and column on."""
    with _opening(), pd.ExcelFile(source, engine="calamine") as workbook:
        book: Any = workbook.book
        names = [str(name) for name in workbook.sheet_names]
        return {name: book.get_sheet_by_name(name).to_python(skip_empty_area=False) for name in names}


def _table(name: str, number: int, cells: Rows, header_row: int, count: _Count | None, workspace: Workspace) -> Table:
    relation = quoted(f"sheet {number}")
    try:
        header = column_names([_as_text(cell) for cell in cells[header_row - 1]], f"The sheet {name}")
    except DeliveryRefused as fault:
        return Table(name, relation, (), 0, fault=fault)
    rows = ((*map(_as_text, row), line) for line, row in enumerate(cells, 1) if line > header_row)
    records = [row for row in rows if not all(map(_is_blank, row[:-1]))]
    errors = count.errors if count else {}
    _store([record for record in records if record[-1] not in errors], header, relation, workspace)
    malformed = tuple(_malformed(line, errors[line], cells[line - 1], header) for line in sorted(errors))
    return Table(name, relation, header, count.records if count else len(records), malformed)


def _malformed(line: int, position: int, row: Sequence[object], header: tuple[str, ...]) -> Malformed:
    raw = "\t".join(_as_text(cell) or "" for cell in row)
    column = header[position] if position < len(header) else None
    return Malformed(line, "cell_error", "holds an error instead of a value", raw, column)


def _store(
    records: list[tuple[str | int | None, ...]], header: tuple[str, ...], relation: str, workspace: Workspace
) -> None:
    declared = ", ".join(f"{quoted(column)} varchar" for column in header)
    workspace.connection.execute(f"create table {relation} ({declared}, _row bigint)")
    if not records:
        return
    frame = pd.DataFrame(records, columns=[*(f"c{i}" for i in range(len(header))), "line"], dtype=object)
    frame["line"] = frame["line"].astype("int64")
    workspace.connection.register("cells", frame)
    workspace.connection.execute(f"insert into {relation} select * from cells")
    workspace.connection.unregister("cells")


def _is_blank(cell: object) -> bool:
    """Whether a cell holds nothing that makes its row a record; calamine drops blanks that openpyxl keeps."""
    return cell is None or (isinstance(cell, str) and not cell.strip())


def _as_text(cell: object) -> str | None:
    """A cell as the text a person would type: whole numbers without a point, dates as ISO, nothing for empty."""
    match cell:
        case None | "":
            return None
        case str():
            return cell
        case bool():
            return "true" if cell else "false"
        case datetime():
            return cell.date().isoformat() if cell.time() == time() else cell.isoformat(sep=" ")
        case date() | time():
            return cell.isoformat()
        case float():
            return None if math.isnan(cell) else format(Decimal(repr(cell)).normalize(), "f")
        case _:
            return str(cell)
