from __future__ import annotations

import io
import re
import zipfile
from collections.abc import Callable, Sequence
from datetime import date, datetime, time
from pathlib import Path

import openpyxl
import pytest
from openpyxl.worksheet.worksheet import Worksheet

from pipelines.errors import DeliveryRefused
from pipelines.feeds import ExcelFormat
from pipelines.readers.excel import read_excel
from pipelines.readers.tables import Table
from pipelines.workspace import Workspace

Read = dict[str, tuple[Table, list[tuple[object, ...]]]]
SHEET = "xl/worksheets/sheet1.xml"


def workbook(
    *rows: Sequence[object], title: str = "Data", more: Callable[[openpyxl.Workbook], None] | None = None
) -> bytes:
    book = openpyxl.Workbook()
    sheet = book.active
    assert isinstance(sheet, Worksheet)
    sheet.title = title
    for row in rows:
        sheet.append(list(row))
    if more:
        more(book)
    buffer = io.BytesIO()
    book.save(buffer)
    return buffer.getvalue()


def patched(content: bytes, change: Callable[[str], str]) -> bytes:
    """The workbook with the XML of its first sheet changed."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(content)) as before, zipfile.ZipFile(buffer, "w") as after:
        for name in before.namelist():
            part = before.read(name)
            after.writestr(name, change(part.decode()).encode() if name == SHEET else part)
    return buffer.getvalue()


def read(folder: Path, content: bytes, name: str = "book.xlsx", header_row: int = 1) -> Read:
    source = folder / name
    source.write_bytes(content)
    with Workspace(folder / "work") as workspace:
        tables = read_excel(source, ExcelFormat(reader="excel", header_row=header_row), workspace)
        return {
            table.name: (
                table,
                [] if table.fault else workspace.connection.execute(f"from {table.relation}").fetchall(),
            )
            for table in tables
        }


def refusal(folder: Path, content: bytes, name: str = "book.xlsx") -> DeliveryRefused:
    with pytest.raises(DeliveryRefused) as caught:
        read(folder, content, name)
    return caught.value


def test_cells_become_the_text_a_person_would_type(tmp_path: Path) -> None:
    cells: list[object] = [5, 5.25, 1e22, True, date(2026, 1, 5), datetime(2026, 1, 5, 8, 15), time(8, 15), " x ", None]
    rows = read(tmp_path, workbook(list("abcdefghi"), cells))["Data"][1]
    expected = ("5", "5.25", "1" + "0" * 22, "true", "2026-01-05", "2026-01-05 08:15:00", "08:15:00", " x ", None, 2)
    assert rows == [expected]


def test_rows_without_anything_are_no_records_and_the_others_keep_their_line(tmp_path: Path) -> None:
    content = workbook(["a", "b"], [1, 2], [], ["  ", None], [3, None])
    table, rows = read(tmp_path, content)["Data"]
    assert (table.counted, rows) == (2, [("1", "2", 2), ("3", None, 5)])


def test_blank_rows_of_a_sheet_with_one_column_do_not_shift_the_lines(tmp_path: Path) -> None:
    table, rows = read(tmp_path, workbook(["a"], [1], [None], [2]))["Data"]
    assert (table.counted, rows) == (2, [("1", 2), ("2", 4)])


def test_a_cell_that_holds_an_error_sends_its_row_to_the_rejects(tmp_path: Path) -> None:
    content = workbook(["a", "b"], [1, 2], [3, "#DIV/0!"], ["#N/A", None])
    table, rows = read(tmp_path, content)["Data"]
    assert (table.counted, rows) == (3, [("1", "2", 2)])
    assert [(m.line, m.column, m.rule, m.raw) for m in table.malformed] == [
        (3, "b", "cell_error", "3\t"),
        (4, "a", "cell_error", "\t"),
    ]


def test_every_sheet_is_a_table_and_a_bad_header_is_a_fault_of_its_sheet_alone(tmp_path: Path) -> None:
    def notes(book: openpyxl.Workbook) -> None:
        book.create_sheet("Notes").append(["same", "Same"])

    found = read(tmp_path, workbook(["a"], [1], more=notes))
    assert found["Data"][1] == [("1", 2)]
    fault = found["Notes"][0].fault
    assert fault is not None
    assert fault.message == "The sheet Notes gives columns 1 and 2 the same name."


def test_the_header_may_stand_lower_down_and_leave_columns_without_a_name(tmp_path: Path) -> None:
    content = workbook(["Report"], [], ["a", None, 'x "{}":%'], [1, 2, 3])
    table, rows = read(tmp_path, content, header_row=3)["Data"]
    assert (table.columns, rows) == (("a", "column_2", 'x "{}":%'), [("1", "2", "3", 4)])


def test_a_sheet_that_claims_to_be_smaller_than_it_is_is_read_whole(tmp_path: Path) -> None:
    content = patched(
        workbook(["a", "b"], *([n, n] for n in range(9))),
        lambda xml: re.sub('<dimension ref="[^"]*"', '<dimension ref="A1:A2"', xml),
    )
    table, rows = read(tmp_path, content)["Data"]
    assert (table.counted, len(rows)) == (9, 9)


def test_a_cell_at_the_far_corner_is_refused_instead_of_taking_all_memory(tmp_path: Path) -> None:
    far = '<row r="1048576"><c r="XFD1048576"><v>5</v></c></row></sheetData>'
    content = patched(workbook(["a"], [1]), lambda xml: xml.replace("</sheetData>", far))
    assert refusal(tmp_path, content).message == "The sheet Data reaches over more than 20,000,000 cells."


def test_the_suffix_of_the_file_s_name_does_not_matter(tmp_path: Path) -> None:
    assert read(tmp_path, workbook(["a"], [1]), name="report.20260101")["Data"][1] == [("1", 2)]


def test_what_is_no_workbook_is_refused(tmp_path: Path) -> None:
    whole = workbook(["a"], *([n] for n in range(99)))
    damaged = bytearray(whole)
    damaged[200:260] = b"\xff" * 60
    for content in (b"", b"a,b\n1,2\n", whole[: len(whole) // 2], bytes(damaged), b"PK\x05\x06" + b"\0" * 18):
        assert refusal(tmp_path, content).rule == "unreadable"


def test_an_open_document_sheet_is_read_and_its_repeated_blank_rows_are_not(tmp_path: Path) -> None:
    names = "urn:oasis:names:tc:opendocument:xmlns"
    spaces = " ".join(f'xmlns:{key}="{names}:{key}:1.0"' for key in ("office", "table", "text"))
    blank = '<table:table-row table:number-rows-repeated="{}"><table:table-cell/></table:table-row>'

    def row(*cells: str) -> str:
        texts = (f'<table:table-cell office:value-type="string"><text:p>{c}</text:p></table:table-cell>' for c in cells)
        return f"<table:table-row>{''.join(texts)}</table:table-row>"

    content = (
        f'<office:document-content {spaces} office:version="1.2"><office:body><office:spreadsheet><table:table '
        f'table:name="Data">{row("a", "b")}{row("1", "x")}{blank.format(3)}{row("2", "y")}{blank.format(1_000_000)}'
        "</table:table></office:spreadsheet></office:body></office:document-content>"
    )
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        archive.writestr("mimetype", "application/vnd.oasis.opendocument.spreadsheet")
        archive.writestr("META-INF/manifest.xml", f'<m:manifest xmlns:m="{names}:manifest:1.0"/>')
        archive.writestr("content.xml", content)
    table, rows = read(tmp_path, buffer.getvalue(), name="book.ods")["Data"]
    assert (table.counted, rows) == (2, [("1", "x", 2), ("2", "y", 6)])
