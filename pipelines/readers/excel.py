"""A workbook -> one table a sheet: pandas with calamine reads the cells, openpyxl counts the rows on its own.

Calamine gives an empty cell for one that holds an error (`#DIV/0!`), which would be a guess; openpyxl tells them apart,
so in `.xlsx` such rows are rejected. In `.xls` and `.ods` the count is calamine's own.
"""

from __future__ import annotations

import math
import zipfile
from datetime import date, datetime, time
from decimal import Decimal
from pathlib import Path

import openpyxl
import pandas as pd
from python_calamine import CalamineError

from pipelines.errors import DeliveryRefused
from pipelines.feeds import ExcelFormat
from pipelines.readers.tables import Malformed, Table, quoted
from pipelines.workspace import Workspace

UNPACKED_CAP_BYTES = 2 << 30
Cells = tuple[str | None, ...]


def read_excel(source: Path, format: ExcelFormat, workspace: Workspace) -> list[Table]:
    """The sheets of a workbook as tables of text; raises `DeliveryRefused` where it cannot be opened."""
    _guard_size(source)
    sheets = _sheets(source)
    counts = _Counter(source, format.header_row)
    return [
        _table(str(name), number, frame, format, counts, workspace)
        for number, (name, frame) in enumerate(sheets.items(), 1)
        if len(frame) >= format.header_row
    ]


def _guard_size(source: Path) -> None:
    if not zipfile.is_zipfile(source):
        return
    with zipfile.ZipFile(source) as archive:
        if sum(member.file_size for member in archive.infolist()) > UNPACKED_CAP_BYTES:
            raise DeliveryRefused(
                "unreadable", "The workbook unpacks to more than 2 GiB.", "Send it in parts, or as CSV."
            )


def _sheets(source: Path) -> dict[str, pd.DataFrame]:
    try:
        return pd.read_excel(source, sheet_name=None, engine="calamine", header=None, dtype=object, na_filter=False)
    except (CalamineError, ValueError, OSError) as error:
        raise DeliveryRefused(
            "unreadable",
            "The file is not a workbook that can be opened.",
            "Send an .xlsx, .xls or .ods file, unprotected.",
        ) from error


def _table(
    name: str, number: int, frame: pd.DataFrame, format: ExcelFormat, counts: _Counter, workspace: Workspace
) -> Table:
    rows = [tuple(_as_text(cell) for cell in row) for row in frame.itertuples(index=False, name=None)]
    header = _header(name, rows[format.header_row - 1])
    records = [
        (*row, line)
        for line, row in enumerate(rows, 1)
        if line > format.header_row and any(cell is not None for cell in row)
    ]
    counted, errors = counts.of(name, len(records))
    malformed = tuple(
        Malformed(line, "cell_error", "holds an error instead of a value", "", header[column])
        for line, column in sorted(errors.items())
    )
    kept = [record for record in records if record[-1] not in errors]
    relation = quoted(f"sheet {number}")
    declared = ", ".join(f"{quoted(column)} varchar" for column in header)
    workspace.connection.execute(f"create table {relation} ({declared}, _row bigint)")
    if kept:
        columns = pd.DataFrame(kept, columns=[f"c{i}" for i in range(len(header))] + ["line"], dtype=object)
        columns["line"] = columns["line"].astype("int64")
        workspace.connection.register("cells", columns)
        workspace.connection.execute(f"insert into {relation} select * from cells")
        workspace.connection.unregister("cells")
    return Table(name, relation, header, counted, malformed)


def _header(sheet: str, cells: Cells) -> tuple[str, ...]:
    names = [(cell or "").strip() or f"column_{number}" for number, cell in enumerate(cells, 1)]
    folded = [name.casefold() for name in names]
    doubled = sorted({name for name in names if folded.count(name.casefold()) > 1})
    if doubled:
        raise DeliveryRefused(
            "header", f"The sheet {sheet} names {', '.join(doubled)} twice.", "Give every column a name of its own."
        )
    return tuple(names)


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


class _Counter:
    """Rows that hold anything below the header, and the cells that hold an error, by openpyxl where it can read."""

    def __init__(self, source: Path, header_row: int) -> None:
        self._header_row = header_row
        is_xlsx = zipfile.is_zipfile(source) and "xl/workbook.xml" in zipfile.ZipFile(source).namelist()
        self._workbook = openpyxl.load_workbook(source, read_only=True, data_only=True) if is_xlsx else None

    def of(self, sheet: str, parsed: int) -> tuple[int, dict[int, int]]:
        """The number of records, and per row with an error cell the first such column (from 0)."""
        if self._workbook is None:
            return parsed, {}
        counted = 0
        errors: dict[int, int] = {}
        for line, row in enumerate(self._workbook[sheet].iter_rows(), 1):
            if line <= self._header_row or all(cell.value in {None, ""} for cell in row):
                continue
            counted += 1
            wrong = [position for position, cell in enumerate(row) if cell.data_type == "e"]
            if wrong:
                errors[line] = wrong[0]
        return counted, errors
