from __future__ import annotations

import csv
import io
import tempfile
from pathlib import Path
from typing import Literal

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from pipelines.errors import DeliveryRefused
from pipelines.feeds import CsvFormat
from pipelines.readers import framing
from pipelines.readers.csv import read_csv
from pipelines.readers.framing import Framing, frame
from pipelines.workspace import Workspace

PARTS = [*"ab1 '|;,\t#\\{}é\u2028\x85\ufeff\x1e", '"', '""', "\n", "\r\n", "\r"]
TEXT = st.lists(st.sampled_from(PARTS), max_size=6).map("".join)
TABLES = st.integers(1, 4).flatmap(
    lambda width: st.lists(st.lists(TEXT, min_size=width, max_size=width), min_size=1, max_size=8)
)


def framed(content: str | bytes, **options: object) -> tuple[Framing, bytes]:
    """What framing finds in a file, and what it hands to the parser."""
    with tempfile.TemporaryDirectory() as folder:
        source, target = Path(folder) / "source", Path(folder) / "target"
        source.write_bytes(content.encode() if isinstance(content, str) else content)
        found = frame(source, CsvFormat.model_validate({"reader": "csv", **options}), target)
        return found, target.read_bytes().removeprefix(b"\xef\xbb\xbf")


def lines_of(found: Framing) -> list[int]:
    """The line of each kept record."""
    offsets = np.concatenate(found.offsets) if found.offsets else np.zeros((0, 2), np.int64)
    return [n + int(offsets[np.searchsorted(offsets[:, 0], n, side="right") - 1, 1]) for n in range(found.kept)]


def refusal(content: str | bytes, **options: object) -> DeliveryRefused:
    with pytest.raises(DeliveryRefused) as caught:
        framed(content, **options)
    return caught.value


def written(table: list[list[str]], endings: list[str], delimiter: str, *, closed: bool) -> str:
    """A table as Python's csv module writes it, each record with its own line ending."""
    header = [f"c{number}" for number in range(len(table[0]))]
    records = []
    for number, record in enumerate([header, *table]):
        buffer = io.StringIO(newline="")
        quoting: Literal[0, 1] = csv.QUOTE_ALL if any("\r" in cell for cell in record) else csv.QUOTE_MINIMAL
        csv.writer(
            buffer, delimiter=delimiter, lineterminator=endings[number % len(endings)], quoting=quoting
        ).writerow(record)
        records.append(buffer.getvalue())
    text = "".join(records)
    return text if closed else text.removesuffix("\n").removesuffix("\r")


def expected_records(text: str, delimiter: str) -> list[tuple[int, list[str]]]:
    """What Python's csv module reads: each record's line, counted by line feeds, and its cells."""
    parts = [line + "\n" for line in text.split("\n")]
    parts[-1] = parts[-1].removesuffix("\n")
    consumed = 0

    def feed() -> object:
        nonlocal consumed
        for part in parts:
            if part:
                consumed += 1
                yield part

    records, start = [], 1
    for record in csv.reader(feed(), delimiter=delimiter, strict=True):  # type: ignore[arg-type]
        if record:
            records.append((start, record))
        start = consumed + 1
    return records[1:]


@settings(max_examples=150, deadline=None)
@given(
    table=TABLES,
    endings=st.sampled_from([["\n"], ["\r\n"], ["\n", "\r\n"], ["\r\n", "\n", "\n"]]),
    delimiter=st.sampled_from([",", ";", "\t", "|"]),
    block=st.sampled_from([1, 2, 3, 5, 17, 64, 1 << 20]),
    closed=st.booleans(),
)
def test_what_the_csv_module_writes_is_framed_as_it_reads_it(
    table: list[list[str]], endings: list[str], delimiter: str, block: int, closed: bool
) -> None:
    text = written(table, endings, delimiter, closed=closed)
    expected = expected_records(text, delimiter)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(framing, "BLOCK_BYTES", block)
        found, kept = framed(text, delimiter=delimiter)
    assert (found.counted, found.kept, found.malformed) == (len(expected), len(expected), [])
    assert lines_of(found) == [line for line, _ in expected]
    again = csv.reader(io.StringIO(kept.decode(), newline=""), delimiter=delimiter, strict=True)
    assert [record for record in again if record] == [record for _, record in expected]


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(table=TABLES, block=st.sampled_from([1, 3, 64, 1 << 20]), delimiter=st.sampled_from([",", "\t"]))
def test_the_parser_returns_what_was_framed(table: list[list[str]], block: int, delimiter: str) -> None:
    text = written(table, ["\n", "\r\n"], delimiter, closed=True)
    with tempfile.TemporaryDirectory() as folder, pytest.MonkeyPatch.context() as patch:
        patch.setattr(framing, "BLOCK_BYTES", block)
        source = Path(folder) / "source.csv"
        source.write_bytes(text.encode())
        with Workspace(Path(folder) / "work") as workspace:
            (read,) = read_csv(source, CsvFormat(reader="csv", delimiter=delimiter), workspace)
            rows = workspace.connection.execute("select * from rows order by _row").fetchall()
    expected = expected_records(text, delimiter)
    assert read.counted == len(expected)
    assert [(row[-1], list(row[:-1])) for row in rows] == [
        (line, [c or None for c in record]) for line, record in expected
    ]


@pytest.mark.parametrize("block", range(1, 40))
def test_a_record_cut_anywhere_by_a_block_is_put_together_again(block: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(framing, "BLOCK_BYTES", block)
    found, kept = framed('a,b\r\n"x ""y""\r\nz",é\r\n\r\n1,"2"\r\n')
    assert kept == '"x ""y""\r\nz",é\n1,"2"\n'.encode()
    assert lines_of(found) == [2, 5]


def test_a_quote_in_the_middle_of_a_field_is_refused_where_it_stands_even_at_a_block_s_end(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    for block in range(1, 24):
        monkeypatch.setattr(framing, "BLOCK_BYTES", block)
        for content in ('a,b\n1,2\n3"x",4\n', 'a,b\n1,2\n"3"x,4\n'):
            fault = refusal(content)
            assert (fault.rule, fault.message) == ("quoting", "Line 3 has a quote in the middle of a field.")


def test_quotes_are_plain_text_where_the_feed_says_none() -> None:
    found, kept = framed('a\tb\n1"2\t"\n', delimiter="\t", quote="none")
    assert (found.kept, kept) == (1, b'1"2\t"\n')


def test_a_quote_never_closed_is_refused_with_the_line_at_which_its_record_begins() -> None:
    assert refusal('a,b\n1,2\n3,"4\n5,6\n').message.startswith("A quote that is opened in the record at line 3")
    assert refusal('"a,b\n1,2\n').rule == "quoting"
    assert refusal('a,b\n1,2\n3,"' + "4\n" * (1 << 20)).rule == "quoting"


@pytest.mark.parametrize("ending", ["\n", "\r\n", "\r"])
def test_every_kind_of_line_ending_is_understood(ending: str) -> None:
    found, kept = framed("a,b\n1,2\n3,4\n".replace("\n", ending))
    assert (found.header, kept, lines_of(found)) == (("a", "b"), b"1,2\n3,4\n", [2, 3])


def test_a_carriage_return_that_ends_no_line_is_refused() -> None:
    assert refusal("a,b\n1,2\r3,4\n").rule == "line_endings"


def test_nul_bytes_are_refused_with_their_line() -> None:
    assert refusal("a,b\n1,2\n3,\0\n").message == "Line 3 holds a NUL byte."


def test_a_record_with_too_few_or_too_many_fields_is_kept_back_and_counted() -> None:
    found, kept = framed('a,b\n1,2\n"x\ny",1,2\n3\n4,5\n')
    assert (found.counted, found.kept, kept) == (4, 2, b"1,2\n4,5\n")
    assert [(record.line, record.rule, record.raw) for record in found.malformed] == [
        (3, "field_count", '"x\ny",1,2'),
        (5, "field_count", "3"),
    ]
    assert lines_of(found) == [2, 6]


def test_more_malformed_text_than_memory_should_hold_refuses_the_file(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(framing, "MALFORMED_CAP", 3)
    assert refusal("a,b\n" + "1\n" * 4).rule == "field_count"
    monkeypatch.setattr(framing, "MALFORMED_CAP", 100)
    monkeypatch.setattr(framing, "MALFORMED_CAP_BYTES", 10)
    assert refusal("a,b\n" + "1234567\n" * 2).rule == "field_count"


def test_a_file_cut_short_in_its_last_record_is_refused_even_where_that_spans_lines() -> None:
    assert refusal("a,b\n1,2\n3").message == "The file ends in the middle of line 3."
    assert refusal('a,b\n1,2\n"x\ny').rule == "quoting"
    assert refusal('a,b,c\n1,2,3\n"x\ny",2').message == "The file ends in the middle of line 4."


def test_a_last_line_without_an_ending_is_a_record_unless_the_feed_requires_one() -> None:
    assert framed("a,b\n1,2")[0].kept == 1
    assert refusal("a,b\n1,2", final_newline="required").rule == "truncated"


def test_a_line_of_forty_megabytes_is_refused_wherever_it_stands() -> None:
    for content in (
        "a,b\n" + "x" * (40 << 20),
        "x" * (40 << 20),
        "x" * (2 << 20) + "\n1\n",
        "a\n1\n" + "x" * (2 << 20) + "\n",
    ):
        assert refusal(content).rule == "line_length"


def test_an_empty_file_is_refused() -> None:
    for content in ("", "\n\n", "\ufeff"):
        assert refusal(content).rule == "empty"


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "utf-32", "cp1252", "latin-1"])
def test_the_declared_encoding_is_decoded_with_or_without_a_byte_order_mark(encoding: str) -> None:
    mark = "\ufeff" if encoding in {"utf-16-le", "utf-16-be"} else ""
    found, kept = framed(f"{mark}né,b\nø,2\n".encode(encoding), encoding=encoding)
    assert (found.header, kept) == (("né", "b"), "ø,2\n".encode())


def test_a_wrong_encoding_is_refused_in_both_directions() -> None:
    assert refusal("a\nx\né\n".encode("latin-1")).message == "Line 3 holds a byte that is not utf-8."
    assert refusal("a\né\n".encode(), encoding="cp1252").rule == "encoding"
    assert refusal("a,b\n1,2\n".encode("utf-16")).rule == "encoding"
    assert refusal("a,b\n1,2\n".encode("utf-16-le")).rule == "nul_bytes"


def test_two_columns_of_the_same_name_are_refused_without_repeating_it() -> None:
    fault = refusal("id,Secret,SECRET\n1,2,3\n")
    assert fault.message == "The header gives columns 2 and 3 the same name."


def test_the_name_kept_for_the_line_is_refused_as_a_column() -> None:
    assert refusal("id,_ROW\n1,2\n").rule == "header"


def test_a_column_without_a_name_gets_one_that_no_other_has() -> None:
    assert framed("a,,column_2, b \n1,2,3,4\n")[0].header == ("a", "column_2_", "column_2", "b")


def test_lines_are_skipped_as_they_stand_whatever_quotes_are_in_them() -> None:
    found, _ = framed('Report "of today\n\na,b\n1,2\n', skip_lines=2)
    assert (found.header, lines_of(found)) == (("a", "b"), [4])
