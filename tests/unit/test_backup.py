"""A backup in the order of docs/operations.md, taken while deliveries keep coming in, and what is restored from it."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from datetime import date
from pathlib import Path
from typing import Any

import duckdb
import pytest

from pipelines import warehouse
from pipelines.audit import audit
from pipelines.builds import RecordedBuild, record, recorded_builds
from pipelines.lake import Lake
from pipelines.replay import replay
from pipelines.settings import Settings, now
from tests.door import HEADER, NAME, Door, reading, readings

GAPS = """
create schema core;
create table core.open_gap as
select
    'g1' as gap_id, 'high' as severity, 1.5 as amount_at_stake, 'MISSING_OWNER' as gap_code,
    'benefit' as subject_type, 'B1' as subject_id, 'Fewer falls' as subject_name,
    'P1' as project_id, 'B1' as benefit_id, 'O1' as output_id, 'accept' as decision
"""
TABLES = ("raw.kpi_reading", "meta.rejected_row", "meta.delivery", "meta.delivery_contract", "meta.recorded_build")

Snapshot = dict[str, list[Any]]


def back_up(settings: Settings, to: Path, between: Callable[[str], None]) -> None:
    """Copy what cannot be made anew, each thing before what it rests on; `between` is called after each step."""
    lake = settings.lake
    (to / "lake/_builds").mkdir(parents=True)
    for path in sorted(lake.glob("_builds/*.json")):
        shutil.copy2(path, to / "lake/_builds")
    between("builds")
    shutil.copytree(lake / "_manifests", to / "lake/_manifests", ignore=shutil.ignore_patterns(".*"))
    between("manifests")
    shutil.copytree(lake, to / "lake", ignore=_copied_or_unfinished, dirs_exist_ok=True)
    between("lake")
    shutil.copytree(settings.archive, to / "archive", ignore=shutil.ignore_patterns(".*"))
    between("archive")
    shutil.copytree(settings.feeds, to / "feeds")
    shutil.copytree(settings.contracts, to / "expectations")


def _copied_or_unfinished(folder: str, names: list[str]) -> set[str]:
    """What the steps before have copied, and what belongs to a run under way."""
    is_builds = Path(folder).name == "_builds"
    return {
        name
        for name in names
        if name.startswith(".") or name in {"_manifests", "_work"} or (is_builds and name.endswith(".json"))
    }


def restore(backup: Path, home: Path) -> Door:
    """The backup in an empty home, with the feeds and contracts that were kept with it."""
    for name in ("lake", "archive"):
        shutil.copytree(backup / name, home / name)
    return Door(Settings(home=home, feeds=backup / "feeds", contracts=backup / "expectations"))


def contents(door: Door) -> Snapshot:
    """Every row that the loaded warehouse has of deliveries, batches, rejects and recorded builds."""
    return {table: door.warehouse(f"select * from {table} order by all") for table in TABLES}


def record_build(settings: Settings) -> None:
    """What `publish` leaves in the lake of a night in which one gap stood open."""
    lake = Lake.of(settings)
    before = recorded_builds(lake)
    seen = {delivery for build in before for delivery in build.deliveries}
    deliveries = tuple(sorted({manifest.delivery_id for manifest in lake.manifests()} - seen))
    build = RecordedBuild(len(before) + 1, date(2026, 1, 31), now(), now(), deliveries, {}, "", {}, {})
    with duckdb.connect() as connection:
        connection.execute(GAPS)
        record(lake, build, connection)


@pytest.fixture
def busy(door: Door) -> Door:
    """A home with a rejected row, a correction, a repeat, a refusal, its replay with a mended feed, and a build."""
    door.feed(tolerance={"rejected_rows": "40%"})
    door.deliver(readings(4) + reading("X", value="x"))
    door.deliver(HEADER + reading(value=2))
    door.deliver(HEADER + reading(value=2))
    refused = door.deliver(readings(2) + reading("X", value="x") + reading("Y", value="y"))
    assert refused.status == "refused"
    door.feed(tolerance={"rejected_rows": "60%"})
    assert [result.status for result in replay(door.settings, [refused.batch_id])] == ["accepted"]
    record_build(door.settings)
    return door


@pytest.fixture
def backed_up(busy: Door, tmp_path: Path) -> Iterator[tuple[Path, Snapshot, list[str]]]:
    """A backup between whose steps deliveries and a build came; what stood when its manifests were copied, and the
    hashes of what came after."""
    expected: Snapshot = {}
    later: list[str] = []

    def deliver(step: str) -> None:
        if step == "manifests":
            warehouse.load(busy.settings)
            expected.update(contents(busy))
        outcome = busy.deliver(HEADER + reading(f"after {step}"))
        assert outcome.status == "accepted"
        if step != "builds":
            later.append(busy.manifests()[-1].sha256)
            record_build(busy.settings)

    back_up(busy.settings, tmp_path / "backup", deliver)
    shutil.rmtree(busy.settings.home)
    yield tmp_path / "backup", expected, later


def test_a_backup_taken_while_deliveries_come_in_restores_every_delivery_that_it_has_a_manifest_of(
    backed_up: tuple[Path, Snapshot, list[str]], tmp_path: Path
) -> None:
    backup, expected, _ = backed_up
    restored = restore(backup, tmp_path / "restored")
    assert warehouse.load(restored.settings).deliveries == 6
    assert contents(restored) == expected
    assert [build.seq for build in recorded_builds(Lake.of(restored.settings))] == [1]


def test_after_a_restore_the_audit_finds_only_archived_bytes_that_came_after_the_manifests(
    backed_up: tuple[Path, Snapshot, list[str]], tmp_path: Path
) -> None:
    backup, _, later = backed_up
    restored = restore(backup, tmp_path / "restored")
    warehouse.load(restored.settings)
    after_manifests, after_lake, after_archive = later
    assert sorted(finding.message for finding in audit(restored.settings).findings) == sorted(
        f"archive/{NAME}/{sha256}.csv belongs to no delivery; put it into landing/ again."
        for sha256 in (after_manifests, after_lake)
    )
    assert not list((restored.settings.archive / NAME).glob(f"{after_archive}*"))


def test_after_a_restore_deliveries_go_on_and_what_came_during_the_backup_can_be_delivered_again(
    backed_up: tuple[Path, Snapshot, list[str]], tmp_path: Path
) -> None:
    backup, _, later = backed_up
    restored = restore(backup, tmp_path / "restored")
    warehouse.load(restored.settings)
    for sha256 in later[:2]:
        shutil.copy(restored.settings.archive / NAME / f"{sha256}.csv", restored.landing() / f"{sha256}.csv")
    assert [outcome.status for outcome in restored.sweep().outcomes] == ["accepted", "accepted"]
    assert restored.deliver(HEADER + reading("after archive")).status == "accepted"
    record_build(restored.settings)
    assert warehouse.load(restored.settings).deliveries == 3
    assert audit(restored.settings).findings == ()
    kpis = restored.warehouse("select kpi_id from raw.kpi_reading where kpi_id like 'after%' order by 1")
    assert [kpi for (kpi,) in kpis] == ["after archive", "after builds", "after lake", "after manifests"]
    assert restored.warehouse("select seq from meta.recorded_build order by 1") == [(1,), (2,)]
