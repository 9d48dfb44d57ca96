from __future__ import annotations

import csv
import gzip
import io
import random
import zipfile
from pathlib import Path

import pytest

from pipelines.errors import DeliveryRefused
from pipelines.feeds import CsvFormat
from pipelines.readers import csv as csv_reader
from pipelines.readers import framing
from pipelines.readers.csv import read_csv
from pipelines.readers.tables import Table
from pipelines.workspace import Workspace

Rows = list[tuple[object, ...]]


def read(folder: Path, content: str | bytes, **options: object) -> tuple[Table, Rows]:
    source = folder / "source"
    source.write_bytes(content.encode() if isinstance(content, str) else content)
    with Workspace(folder / "work") as workspace:
        (table,) = read_csv(source, CsvFormat.model_validate({"reader": "csv", **options}), workspace)
        return table, workspace.connection.execute("select * from rows order by _row").fetchall()


def refusal(folder: Path, content: bytes) -> DeliveryRefused:
    with pytest.raises(DeliveryRefused) as caught:
        read(folder, content)
    return caught.value


def zipped(members: dict[str, str], method: int = zipfile.ZIP_DEFLATED) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", method) as archive:
        for name, content in members.items():
            archive.writestr(name, content)
    return buffer.getvalue()


def test_no_header_can_mean_anything_to_the_database(tmp_path: Path) -> None:
    names = ["rowid", 'a"b', "c'd", "{x}", "y:z", "50%", "$1", "?", "select", "date", "c0", "_where", "[]", "a\nb"]
    buffer = io.StringIO()
    csv.writer(buffer, lineterminator="\n").writerows([names, [str(n) for n in range(len(names))]])
    table, rows = read(tmp_path, buffer.getvalue())
    assert table.columns == tuple(names)
    assert rows == [(*(str(n) for n in range(len(names))), 3)]


def test_thousands_of_columns_are_read(tmp_path: Path) -> None:
    width = 1200
    table, rows = read(tmp_path, ",".join(f"h{n}" for n in range(width)) + "\n" + ",".join("x" * width) + "\n")
    assert (len(table.columns), len(rows), rows[0][-1]) == (width, 1, 2)


def test_empty_text_is_null_quoted_or_not(tmp_path: Path) -> None:
    assert read(tmp_path, 'a,b,c\n,"", \n')[1] == [(None, None, " ", 2)]


def test_a_single_column_skips_blank_lines_and_keeps_quoted_empty_ones(tmp_path: Path) -> None:
    table, rows = read(tmp_path, 'a\n1\n\n""\n2\n')
    assert (table.counted, rows) == (3, [("1", 2), (None, 4), ("2", 5)])


def test_a_byte_order_mark_within_the_data_is_data(tmp_path: Path) -> None:
    assert read(tmp_path, "\ufeffa,b\n\ufeff1,2\n")[1] == [("\ufeff1", "2", 2)]


def test_quoted_text_that_looks_like_records_is_read_as_text_whatever_the_parser_s_buffer_cuts(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(csv_reader, "LINE_CAP_BYTES", 35_000)
    small = csv_reader.PARSE.replace("compression = 'none'", "compression = 'none', buffer_size = 70000")
    monkeypatch.setattr(csv_reader, "PARSE", small)
    dice = random.Random(1)
    parts = ["a", '"', ",", "\n", '\n"', '",\n', '"\n1,2,3\n"', "x,y,z\n", '"a","b","c"\n', "\r"]
    for quoting in (csv.QUOTE_ALL, csv.QUOTE_ALL, csv.QUOTE_ALL):
        notes = ["".join(dice.choice(parts) for _ in range(dice.choice([1, 3, 30, 300]))) for _ in range(2000)]
        buffer = io.StringIO(newline="")
        csv.writer(buffer, lineterminator="\n", quoting=quoting).writerows(
            [["id", "note"], *([str(number), note] for number, note in enumerate(notes))]
        )
        table, rows = read(tmp_path, buffer.getvalue())
        assert table.counted == 2000
        assert [row[:2] for row in rows] == [(str(number), note) for number, note in enumerate(notes)]


def test_lines_are_numbered_as_an_editor_does_across_blocks_quoted_line_feeds_and_malformed_records(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(framing, "BLOCK_BYTES", 50)
    dice = random.Random(2)
    text, line, expected, malformed = "a,b\n", 2, [], []
    for number in range(300):
        kind = dice.choice(["plain", "plain", "quoted", "blank", "malformed"])
        record = {"plain": f"{number},x", "quoted": f'{number},"x\n\ny"', "blank": "", "malformed": "1,2,3"}[kind]
        if kind in {"plain", "quoted"}:
            expected.append((str(number), line))
        if kind == "malformed":
            malformed.append(line)
        text += record + dice.choice(["\n", "\r\n"])
        line += record.count("\n") + 1
    table, rows = read(tmp_path, text)
    assert [(row[0], row[-1]) for row in rows] == expected
    assert [record.line for record in table.malformed] == malformed
    assert table.counted == len(expected) + len(malformed)


@pytest.mark.parametrize("delimiter", [";", "\t", "|", ":"])
def test_the_declared_delimiter_and_no_other_parts_the_fields(tmp_path: Path, delimiter: str) -> None:
    assert read(tmp_path, f"a{delimiter}b\n1,2{delimiter}3\n", delimiter=delimiter)[1] == [("1,2", "3", 2)]


def test_single_quotes_quote_where_the_feed_says_so(tmp_path: Path) -> None:
    assert read(tmp_path, "a,b\n'1,2','it''s \"x\"'\n", quote="'")[1] == [("1,2", 'it\'s "x"', 2)]


def test_gzip_and_zip_are_unpacked_whatever_the_file_is_called(tmp_path: Path) -> None:
    for content in (
        gzip.compress(b"a\n1\n"),
        zipped({"x.csv": "a\n1\n"}),
        zipped({"../../etc/x": "a\n1\n"}, zipfile.ZIP_LZMA),
    ):
        assert read(tmp_path, content)[1] == [("1", 2)]
    assert not (tmp_path.parent / "etc").exists()


@pytest.mark.parametrize("method", [zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED, zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA])
def test_a_damaged_or_cut_archive_is_refused(tmp_path: Path, method: int) -> None:
    whole = zipped({"x.csv": "a,b\n" + "1,2\n" * 2000}, method)
    assert refusal(tmp_path, whole[: len(whole) // 2]).rule == "unreadable"
    damaged = bytearray(whole)
    damaged[60:70] = b"\xff" * 10
    assert refusal(tmp_path, bytes(damaged)).rule == "unreadable"


def test_a_cut_or_continued_gzip_file_is_refused(tmp_path: Path) -> None:
    whole = gzip.compress(b"a,b\n" + b"1,2\n" * 2000)
    assert refusal(tmp_path, whole[: len(whole) // 2]).rule == "unreadable"
    assert refusal(tmp_path, whole + b"junk").rule == "unreadable"


def test_an_archive_of_two_files_or_none_is_refused(tmp_path: Path) -> None:
    assert refusal(tmp_path, zipped({"a.csv": "a\n1\n", "b.csv": "a\n1\n"})).message == "The archive holds 2 files."
    assert refusal(tmp_path, zipped({})).rule == "nul_bytes"


def test_a_bomb_is_refused_before_it_fills_the_disk(tmp_path: Path) -> None:
    bomb = gzip.compress(b"a,b\n" + b"1,2\n" * (17 << 20), 9)
    assert "unpacks to far more" in refusal(tmp_path, bomb).message
