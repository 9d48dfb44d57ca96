from __future__ import annotations

import os
import shutil
import time
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from pipelines import lake, tidy, warehouse
from pipelines.audit import audit
from pipelines.errors import ConfigError, LakeDamaged
from pipelines.inquiries import rejected_rows
from pipelines.lake import Lake
from pipelines.settings import Settings, now
from pipelines.tidy import compaction, retention
from tests.door import HEADER, NAME, Door, reading, readings

RAW = "select * exclude (_key) from raw.kpi_reading order by _batch_id, _row"


FIRST = readings(2) + reading("X", value="x")


@pytest.fixture(scope="module")
def delivered(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A home with five small batches, the first asserted twice, and a rejected row in two of them."""
    folder = tmp_path_factory.mktemp("delivered")
    door = Door(Settings(home=folder / "home", feeds=folder / "feeds"))
    door.feed(tolerance={"rejected_rows": "60%"})
    for content in (FIRST, readings(3), readings(4) + reading("Y", value="y"), readings(5), FIRST, readings(6)):
        door.deliver(content)
    warehouse.load(door.settings)
    return folder


@pytest.fixture
def small(door: Door, delivered: Path, monkeypatch: pytest.MonkeyPatch) -> Door:
    """That home, copied, where three small files are worth putting together."""
    monkeypatch.setattr(compaction, "ENOUGH_FILES", 3)
    shutil.copytree(delivered, door.settings.home.parent, dirs_exist_ok=True)
    return door


def tables(door: Door) -> dict[str, list[Any]]:
    """Everything that a warehouse made from the lake alone says of the deliveries."""
    door.settings.warehouse.unlink(missing_ok=True)
    warehouse.load(door.settings)
    queries = {
        "raw": RAW,
        "rejects": "select * from meta.rejected_row order by all",
        "ledger": "select * from meta.delivery order by all",
        "contracts": "select * from meta.delivery_contract order by all",
    }
    return {name: door.warehouse(query) for name, query in queries.items()}


def batch_files(door: Door) -> list[str]:
    return [str(path.relative_to(door.settings.lake)) for path in Lake.of(door.settings).batch_files(NAME)]


def age(*paths: Path, seconds: float = 7200) -> None:
    for path in paths:
        os.utime(path, (time.time() - seconds,) * 2)


def test_small_batches_become_one_file_and_the_tables_stay_the_same(small: Door) -> None:
    before, rejected = tables(small), rejected_rows(small.settings, None)
    done = tidy.tidy(small.settings)
    assert [(entry.contract, entry.files, entry.batches) for entry in done.merged] == [
        ("_rejects", 5, 5),
        ("kpi_reading", 5, 5),
    ]
    assert len(done.removed) == 10
    assert len(batch_files(small)) == 2
    assert audit(small.settings).findings == ()
    assert tables(small) == before
    assert rejected_rows(small.settings, None) == rejected


def test_what_is_merged_can_be_merged_again_asserted_again_and_added_to(small: Door) -> None:
    tidy.tidy(small.settings)
    assert tidy.tidy(small.settings) == tidy.Tidied((), (), ())
    small.deliver(readings(3))
    small.deliver(readings(7))
    before = tables(small)
    assert [(one.files, one.batches) for one in tidy.tidy(small.settings).merged] == []
    small.deliver(readings(8))
    assert tables(small) != before
    before = tables(small)
    assert [(one.files, one.batches) for one in tidy.tidy(small.settings).merged if one.contract == "kpi_reading"] == [
        (3, 7)
    ]
    assert tables(small) == before
    assert audit(small.settings).findings == ()


def test_batches_with_other_columns_or_of_another_size_stay_apart(small: Door, monkeypatch: pytest.MonkeyPatch) -> None:
    columns = {"kpi_id": "kpi_id", "period_start": "day", "value": "value"}
    small.mapped(columns)
    for number in (11, 12):
        small.deliver(readings(number))
    before = tables(small)
    assert [one.files for one in tidy.tidy(small.settings).merged if one.contract == "kpi_reading"] == [5]
    assert tables(small) == before
    monkeypatch.setattr(compaction, "SMALL_BYTES", 1)
    monkeypatch.setattr(compaction, "ENOUGH_FILES", 1)
    assert tidy.tidy(small.settings).merged == ()


@pytest.mark.parametrize("stopped_at", range(0, 20, 2))
def test_a_compaction_that_is_stopped_leaves_everything_readable_and_is_finished_by_the_next(
    small: Door, monkeypatch: pytest.MonkeyPatch, stopped_at: int
) -> None:
    before = tables(small)
    writes = 0
    rename, unlink = Path.replace, Path.unlink

    def counted() -> None:
        nonlocal writes
        writes += 1
        if writes > stopped_at:
            raise KeyboardInterrupt

    def move(path: Path, target: Path) -> Path:
        counted()
        return rename(path, target)

    def remove(path: Path, missing_ok: bool = False) -> None:
        if path.suffix == ".parquet":
            counted()
        unlink(path, missing_ok=missing_ok)

    with monkeypatch.context() as patch:
        patch.setattr(Path, "replace", move)
        patch.setattr(Path, "unlink", remove)
        with pytest.raises(KeyboardInterrupt):
            tidy.tidy(small.settings)
    assert audit(small.settings).findings == ()
    assert tables(small) == before
    tidy.tidy(small.settings)
    assert len(batch_files(small)) == 2
    assert tables(small) == before
    assert audit(small.settings).findings == ()


def test_a_dry_run_says_what_would_be_done_and_does_nothing(small: Door) -> None:
    (small.settings.lake / "kpi_reading" / NAME / ("0" * 16 + ".parquet")).write_bytes(b"rest")
    files, manifests = batch_files(small), small.manifests()
    would = tidy.tidy(small.settings, dry_run=True)
    assert [entry.files for entry in would.merged] == [5, 5]
    assert [entry.path for entry in would.removed] == [f"lake/kpi_reading/{NAME}/{'0' * 16}.parquet"]
    assert (batch_files(small), small.manifests()) == (files, manifests)


def test_an_altered_batch_stops_tidying_before_anything_goes(small: Door) -> None:
    path = small.settings.lake / batch_files(small)[0]
    path.write_bytes(path.read_bytes()[:-1] + b"x")
    files = batch_files(small)
    with pytest.raises(LakeDamaged, match="was altered"):
        tidy.tidy(small.settings)
    assert batch_files(small) == files


def test_what_stopped_runs_left_is_removed_once_nobody_can_be_writing_it(small: Door) -> None:
    home = small.settings.home
    rests = [
        small.settings.lake / "kpi_reading" / NAME / f"{small.manifests()[0].sha256[:16]}-7.parquet",
        small.settings.lake / "_work" / NAME / ".work-x" / "delivery.duckdb",
    ]
    old = [
        small.settings.archive / NAME / ".abc.part",
        small.settings.lake / "_manifests" / NAME / ".m.json.1.part",
        small.settings.lake / "_builds" / ".00000001.parquet.part",
        home / "published" / ".benefits.duckdb.part",
        small.landing() / ".claimed" / "20260101T000000000000Z-abcdef" / ".copying",
    ]
    for path in [*rests, *old]:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(b"rest")
    claim = small.landing() / ".claimed" / "20260101T000000000000Z-fedcba"
    claim.mkdir()
    tidy.tidy(small.settings)
    assert [path for path in [*rests, *old] if path.exists()] == old, "the young ones may still be written"
    age(*old, old[-1].parent, claim)
    tidy.tidy(small.settings)
    assert not any(path.exists() for path in [*old, claim])
    assert audit(small.settings).findings == ()


def test_what_lost_its_manifest_or_waits_to_be_taken_up_is_left(small: Door) -> None:
    manifests = sorted((small.settings.lake / "_manifests" / NAME).glob("*.json"))
    manifests[-1].unlink()
    small.settings.warehouse.unlink()
    tidy.tidy(small.settings)
    batch_id = audit(small.settings).findings[0].message.partition("archive/readings/")[2][:16]
    assert (small.settings.lake / "kpi_reading" / NAME / f"{batch_id}.parquet").exists()


def test_archived_bytes_go_when_their_feed_says_so_and_the_rows_stay(
    small: Door, monkeypatch: pytest.MonkeyPatch
) -> None:
    refused = small.deliver(HEADER)
    before = tables(small)
    assert tidy.tidy(small.settings).expired == ()
    small.feed(tolerance={"rejected_rows": "60%"}, retention="400d")
    assert tidy.tidy(small.settings).expired == ()
    monkeypatch.setattr(retention, "now", lambda: now() + timedelta(days=401))
    assert len(tidy.tidy(small.settings).expired) == 5
    (left,) = (small.settings.archive / NAME).iterdir()
    assert left.name.startswith(refused.batch_id), "what was refused may still be mended and replayed"
    assert audit(small.settings).findings == ()
    assert tables(small) == before
    gone = small.manifests()[0]
    removal = Lake.of(small.settings).removal(NAME, gone.sha256)
    assert removal is not None
    assert "keeps its files for 400 days" in removal.why
    monkeypatch.undo()
    Lake.of(small.settings).note_removal(replace(removal, removed_at=now()))
    small.deliver(FIRST)
    assert audit(small.settings).findings == ()
    next((small.settings.archive / NAME).glob(f"{gone.sha256}*")).unlink()
    assert "is missing" in audit(small.settings).findings[0].message, "delivered again, it should be there again"


def test_bytes_are_not_removed_where_their_rows_are_damaged(small: Door, monkeypatch: pytest.MonkeyPatch) -> None:
    small.feed(retention="30d")
    monkeypatch.setattr(compaction, "ENOUGH_FILES", 99)
    monkeypatch.setattr(retention, "now", lambda: now() + timedelta(days=31))
    (small.settings.lake / batch_files(small)[-1]).unlink()
    kept = set((small.settings.archive / NAME).iterdir())
    with pytest.raises(LakeDamaged, match="is missing"):
        tidy.tidy(small.settings)
    assert len(kept - set((small.settings.archive / NAME).iterdir())) < len(kept)
    for manifest in small.manifests():
        archived = (small.settings.archive / NAME / manifest.archived).exists()
        assert archived or all(lake.file_exists(Lake.of(small.settings), stored) for stored in manifest.files)


def test_a_retention_of_no_time_at_all_is_a_slip(door: Door) -> None:
    with pytest.raises(ConfigError, match=r"retention: .*give 1d or more"):
        door.feed(retention="0d")
