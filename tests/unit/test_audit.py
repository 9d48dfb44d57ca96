from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from pipelines import warehouse
from pipelines.audit import audit
from pipelines.landing import claims
from pipelines.receive import receive
from pipelines.settings import Settings
from tests.door import HEADER, NAME, Door, reading, readings


@pytest.fixture(scope="module")
def furnished(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A home in which everything is accounted for: two batches, a repeat, a refusal, a rejected row, all loaded."""
    folder = tmp_path_factory.mktemp("accounted")
    door = Door(Settings(home=folder / "home", feeds=folder / "feeds"))
    door.feed(tolerance={"rejected_rows": "40%"})
    for content in (
        readings(4) + reading("X", value="x"),
        HEADER + reading(value=2),
        HEADER + reading(value=2),
        HEADER,
    ):
        door.deliver(content)
    warehouse.load(door.settings)
    return folder


@pytest.fixture
def accounted(door: Door, furnished: Path) -> Door:
    """That home, copied."""
    shutil.copytree(furnished, door.settings.home.parent, dirs_exist_ok=True)
    return door


def found(door: Door) -> list[str]:
    return [finding.message for finding in audit(door.settings).findings]


def test_every_delivered_row_is_accounted_for(accounted: Door) -> None:
    result = audit(accounted.settings)
    assert result.findings == ()
    assert (result.deliveries, result.batches) == (4, 2)
    assert (result.counted, result.accepted, result.rejected, result.filtered) == (6, 5, 1, 0)


def test_deliveries_yet_to_be_loaded_and_claims_yet_to_be_ingested_are_no_fault(accounted: Door) -> None:
    accounted.deliver(readings(2))
    accounted.drop(readings(3))
    receive(accounted.settings, accounted.feed())
    assert len(claims(accounted.settings, NAME)) == 1
    assert found(accounted) == []


@pytest.mark.parametrize("pattern", ["kpi_reading/*/*.parquet", "_rejects/*/*.parquet"])
def test_a_batch_file_that_is_removed_or_altered_is_found(accounted: Door, pattern: str) -> None:
    path = sorted(accounted.settings.lake.glob(pattern))[0]
    content = path.read_bytes()
    path.write_bytes(content[:-8] + b"\0" * 8)
    assert [message.split(":")[0] for message in found(accounted)] == [
        f"lake/{path.relative_to(accounted.settings.lake)} was altered"
    ]
    path.unlink()
    assert "is missing" in found(accounted)[0]


def test_archived_bytes_that_are_removed_or_altered_are_found(accounted: Door) -> None:
    path = sorted((accounted.settings.archive / NAME).iterdir())[0]
    path.chmod(0o644)
    path.write_bytes(path.read_bytes() + b"x")
    assert [message.partition("; ")[0] for message in found(accounted)] == [f"archive/{NAME}/{path.name} was altered"]
    path.unlink()
    assert [message.partition("; ")[0] for message in found(accounted)] == [f"archive/{NAME}/{path.name} is missing"]


def test_a_missing_manifest_leaves_its_bytes_and_its_ledger_line_unexplained(accounted: Door) -> None:
    sorted((accounted.settings.lake / "_manifests" / NAME).glob("*.json"))[0].unlink()
    messages = " ".join(found(accounted))
    assert "belongs to no delivery" in messages
    assert "its manifest is gone from the lake" in messages


def test_a_manifest_that_cannot_be_read_is_found(accounted: Door) -> None:
    path = sorted((accounted.settings.lake / "_manifests" / NAME).glob("*.json"))[0]
    path.write_text(path.read_text()[:-5])
    assert any("cannot be read" in message for message in found(accounted))


def test_bytes_in_the_archive_that_nobody_delivered_are_found(accounted: Door) -> None:
    (accounted.settings.archive / NAME / ("0" * 64 + ".csv")).write_text("x")
    (message,) = found(accounted)
    assert "belongs to no delivery" in message


@pytest.mark.parametrize(
    ("statement", "words"),
    [
        ("delete from raw.kpi_reading where kpi_id = 'K2'", "raw.kpi_reading holds 3 rows"),
        (
            "insert into raw.kpi_reading by name select 'K9' as kpi_id, 'f' as _feed, 'b' as _batch_id",
            "raw.kpi_reading holds 1",
        ),
        (
            "insert into raw.project by name select 'P' as project_id, 'f' as _feed, 'b' as _batch_id",
            "raw.project holds 1",
        ),
        ("delete from meta.rejected_row", "meta.rejected_row holds 0 rows"),
        ("update meta.delivery set accepted = 9 where accepted = 4", "ledger differs from its manifest"),
    ],
)
def test_rows_that_the_warehouse_lost_or_made_up_are_found(accounted: Door, statement: str, words: str) -> None:
    with warehouse.writing(accounted.settings) as connection:
        connection.execute(statement)
    messages = found(accounted)
    assert len(messages) == 1
    assert words in messages[0]
