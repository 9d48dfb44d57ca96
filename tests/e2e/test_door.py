"""Real files through the command line and the nightly sweep: loaded rightly, left alone, or refused with a next step."""

from __future__ import annotations

import gzip
import io
import json
import zipfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import openpyxl
import pytest

from pipelines import cli, console, night
from pipelines.feeds import load_feeds
from pipelines.warehouse import load
from tests.door import HEADER, MAPPING, Door, reading, readings

Run = Callable[..., "Result"]


@dataclass(frozen=True)
class Result:
    """How a command ended, and what it wrote."""

    exit_code: int
    stdout: str
    stderr: str


@pytest.fixture
def fruition(door: Door, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Run:
    """The command line over the door's home."""
    monkeypatch.setenv("FRUITION_HOME", str(door.settings.home))
    monkeypatch.setenv("FRUITION_FEEDS", str(door.settings.feeds))
    monkeypatch.setattr(console.out, "width", 300)

    def run(*arguments: str) -> Result:
        monkeypatch.setattr("sys.argv", ["fruition", *arguments])
        capsys.readouterr()
        with pytest.raises(SystemExit) as ended:
            cli.main()
        written = capsys.readouterr()
        return Result(int(ended.value.code or 0), written.out, written.err)

    return run


def zipped(**members: str) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        for name, content in members.items():
            archive.writestr(name, content)
    return buffer.getvalue()


def workbook(*rows: list[Any]) -> bytes:
    book = openpyxl.Workbook()
    for row in rows:
        book.active.append(row)  # type: ignore[union-attr]
    buffer = io.BytesIO()
    book.save(buffer)
    return buffer.getvalue()


SOUND = readings(200)
HOSTILE: dict[str, tuple[str | bytes, dict[str, Any], str]] = {
    "a missing column": (SOUND.replace("value", "wert"), {}, "missing_column"),
    "no header": (SOUND.removeprefix(HEADER), {}, "missing_column"),
    "contents under each other's name": (SOUND.replace("kpi_id,day", "day,kpi_id"), {}, "tolerance"),
    "another encoding": (SOUND.replace("K7", "Ké").encode("cp1252"), {}, "encoding"),
    "utf-8 where another is declared": (
        SOUND.replace("K7", "Ké").encode(),
        {"format": {"reader": "csv", "encoding": "cp1252"}},
        "encoding",
    ),
    "cut short": (SOUND[:-20], {}, "truncated"),
    "cut short, as gzip": (gzip.compress(SOUND.encode())[:-30], {}, "unreadable"),
    "cut short, as zip": (zipped(x=SOUND)[:-60], {}, "unreadable"),
    "cut short, as a workbook": (workbook(["a"], [1])[:-900], {"format": {"reader": "excel"}}, "unreadable"),
    "two files in one": (zipped(a=SOUND, b=SOUND), {}, "unreadable"),
    "nothing": ("", {}, "empty"),
    "a header only": (HEADER, {}, "empty"),
    "forty megabytes on one line": (HEADER + "x" * (40 << 20), {}, "line_length"),
    "NUL bytes": (SOUND + "\0" * 512, {}, "nul_bytes"),
    "a quote never closed": (SOUND + 'K,2026-01-05,"x,1,\n' + SOUND.removeprefix(HEADER), {}, "quoting"),
    "line endings of two worlds": (SOUND.replace("K7,", "K7,\r", 1), {}, "line_endings"),
    "another delimiter": (SOUND.replace(",", ";"), {}, "missing_column"),
    "the same name twice": (SOUND.replace("unit", "Value"), {}, "header"),
    "too many bad rows": (SOUND + reading(value="x") * 11, {}, "tolerance"),
}


@pytest.mark.parametrize("hostile", HOSTILE)
def test_what_cannot_be_loaded_is_refused_with_file_rule_and_next_step_and_exit_1(
    door: Door, fruition: Run, hostile: str
) -> None:
    content, keys, rule = HOSTILE[hostile]
    door.feed(**keys)
    door.drop(content, "hostile.csv")
    result = fruition("ingest", "--json")
    assert result.exit_code == 1
    (outcome,) = json.loads(result.stdout)["outcomes"]
    assert (outcome["name"], outcome["status"], outcome["rule"]) == ("hostile.csv", "refused", rule)
    assert outcome["message"]
    assert outcome["next_step"]
    assert list((door.settings.rejected / "readings").glob("*.json"))
    assert not (door.settings.lake / "kpi_reading").exists()
    assert fruition("ingest").exit_code == 0


HARMLESS: dict[str, tuple[str | bytes, dict[str, Any]]] = {
    "columns in another order": ("value,unit,kpi_id,day,dim\n" + "1.5,,K1,2026-01-05,\n" * 3, {}),
    "columns nobody asked for": (SOUND.replace("unit", "unit,more").replace(",1.5,", ",1.5,,x"), {}),
    "CRLF and LF": (SOUND.replace("\n", "\r\n", 100), {}),
    "CR alone": (SOUND.replace("\n", "\r"), {}),
    "a byte order mark": (SOUND.encode("utf-8-sig"), {}),
    "UTF-16": (SOUND.encode("utf-16"), {"format": {"reader": "csv", "encoding": "utf-16"}}),
    "gzip": (gzip.compress(SOUND.encode()), {}),
    "a zip file that wants to leave its folder": (zipped(**{"../../../evil.csv": SOUND}), {}),
    "quoted line feeds": (SOUND.replace("K7,", '"K\n7",'), {}),
    "blank lines": (SOUND.replace("\n", "\n\n"), {}),
    "a decimal comma": (
        SOUND.replace(",", ";").replace("1.5", "1,5"),
        {"format": {"reader": "csv", "delimiter": ";", "decimal": ","}},
    ),
}


@pytest.mark.parametrize("harmless", HARMLESS)
def test_what_only_looks_odd_is_loaded_rightly(door: Door, fruition: Run, harmless: str) -> None:
    content, keys = HARMLESS[harmless]
    door.feed(**keys)
    door.drop(content)
    assert fruition("ingest").exit_code == 0
    (manifest,) = door.manifests()
    assert manifest.accepted == manifest.counted == (3 if harmless == "columns in another order" else 200)
    assert {value for (value,) in door.rows("value")} == {1.5}


def test_a_refusal_is_told_to_people_with_the_next_step(door: Door, fruition: Run) -> None:
    door.feed()
    door.drop(HEADER, "empty [x].csv")
    result = fruition("ingest")
    assert "Refused readings/empty [x].csv: empty: rows holds no records." in result.stdout
    assert "Next step: Send the records" in result.stdout


def test_a_workbook_of_readings_goes_through_with_its_bad_cells_among_the_rejects(door: Door, fruition: Run) -> None:
    delivers = [{"contract": "kpi_reading", "from": "Sheet", "columns": MAPPING}]
    door.feed(format={"reader": "excel"}, delivers=delivers, tolerance={"rejected_rows": "50%"})
    header = list(MAPPING.values())
    good, error, text = (
        ["K1", "2026-01-05", "x", 1.5, "%"],
        ["K2", "2026-01-05", "", "#N/A", ""],
        ["K3", "2026-01-05", "", "n/a", ""],
    )
    door.drop(workbook(header, good, [], error, text, ["K4", "2026-01-05", "", 2, ""]), "book.xlsx")
    assert fruition("ingest").exit_code == 0
    assert [(row[0], row[3]) for row in door.rows()] == [("K1", 1.5), ("K4", 2.0)]
    assert door.rejects() == [(4, "value", "cell_error"), (5, "value", "type")]


def test_rejects_are_listed_with_file_line_column_rule_and_text(door: Door, fruition: Run) -> None:
    door.feed()
    door.drop(readings(99) + reading("BAD", value="n/a"))
    assert fruition("ingest").exit_code == 0
    (row,) = json.loads(fruition("rejects", "--json").stdout)
    assert (row["file"], row["line"], row["column"], row["rule"]) == ("readings.csv", 101, "value", "type")
    assert json.loads(row["raw"])["value"] == "n/a"
    assert "n/a" in fruition("rejects").stdout
    assert "101" in fruition("rejects", "--format", "csv").stdout


def test_every_delivery_is_listed_with_how_it_ended(door: Door, fruition: Run) -> None:
    door.feed()
    for content in (SOUND, SOUND, HEADER):
        door.drop(content)
        fruition("ingest")
    assert [one["status"] for one in json.loads(fruition("deliveries", "--json").stdout)] == [
        "accepted",
        "repeat",
        "refused",
    ]
    assert "repeat" in fruition("deliveries", "readings").stdout


def test_a_given_file_is_taken_in_from_where_it_lies(door: Door, fruition: Run, tmp_path: Path) -> None:
    door.feed()
    path = tmp_path / "mine.csv"
    path.write_text(SOUND)
    assert fruition("ingest", "readings", str(path)).exit_code == 0
    assert (door.manifests()[0].accepted, path.exists()) == (200, True)


def test_wrong_usage_and_configuration_end_with_2_and_an_unreadable_source_with_3(
    door: Door, fruition: Run, tmp_path: Path
) -> None:
    door.feed()
    assert fruition("ingest", "nothing").exit_code == 2
    assert fruition("ingest", "readings", str(tmp_path / "gone.csv")).exit_code == 3
    assert fruition("gaps").exit_code == 2
    (door.settings.feeds / "broken.yml").write_text("nonsense: 1\n")
    door.drop(SOUND)
    result = fruition("ingest")
    assert (result.exit_code, door.manifests()[0].accepted) == (2, 200)


def test_one_feed_s_fault_stops_no_other(door: Door) -> None:
    door.mapped({**MAPPING, "value": "random()"}, name="a_broken")
    door.feed("b_sound")
    door.drop(SOUND, feed="a_broken")
    door.drop(SOUND, feed="b_sound")
    swept = night.sweep(door.settings, load_feeds(door.settings.feeds))
    assert [one.feed for one in swept.outcomes] == ["b_sound"]
    assert [str(failure).partition(":")[0] for failure in swept.failures] == ["a_broken.yml"]
    assert swept.exit_code == 2


def test_the_audit_passes_and_fails_with_exit_1_once_a_batch_file_is_gone(door: Door, fruition: Run) -> None:
    door.feed()
    door.drop(SOUND)
    fruition("ingest")
    result = fruition("audit")
    assert (result.exit_code, "200 records counted = 200 accepted" in result.stdout) == (0, True)
    next((door.settings.lake / "kpi_reading").glob("*/*.parquet")).unlink()
    result = fruition("audit")
    assert (result.exit_code, "is missing" in result.stdout) == (1, True)


def test_a_refused_delivery_leaves_the_warehouse_as_it_was_but_for_its_line_in_the_ledger(
    door: Door, fruition: Run
) -> None:
    door.feed()
    door.drop(SOUND)
    fruition("ingest")
    load(door.settings)
    before = door.warehouse("select * from raw.kpi_reading order by all")
    door.drop(SOUND.replace("value", "wert"))
    assert fruition("ingest").exit_code == 1
    assert load(door.settings).rows == 0
    assert door.warehouse("select * from raw.kpi_reading order by all") == before
    assert door.warehouse("select status, rule from meta.delivery order by delivery_id") == [
        ("accepted", None),
        ("refused", "missing_column"),
    ]


def test_a_b_and_a_again_are_three_deliveries_of_two_batches(door: Door, fruition: Run) -> None:
    door.feed()
    for value in (1, 2, 1):
        door.drop(HEADER + reading(value=value))
        assert fruition("ingest").exit_code == 0
    load(door.settings)
    first, second, third = door.warehouse("select batch_id from meta.delivery order by delivery_id")
    assert (first == third, first == second) == (True, False)
    assert door.warehouse("select value from raw.kpi_reading order by value") == [(1.0,), (2.0,)]
