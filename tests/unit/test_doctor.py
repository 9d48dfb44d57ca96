"""The doctor on homes that are new, well, and broken in one way each."""

from __future__ import annotations

import json
import multiprocessing
import os
import shutil
import time
from collections import namedtuple
from datetime import timedelta
from multiprocessing.synchronize import Event
from pathlib import Path

import duckdb
import pytest
from typer.testing import CliRunner

from pipelines import warehouse
from pipelines.cli import app
from pipelines.console import doctoring
from pipelines.doctor import Check, Diagnosis, configuration, diagnose, room
from pipelines.doctor.installation import library_check
from pipelines.doctor.room import growth_a_day
from pipelines.doctor.storage import read_memory
from pipelines.errors import WarehouseBusy
from pipelines.lake import Lake
from pipelines.landing import Claim
from pipelines.messages import receiver_name
from pipelines.outbox import Entry, Outbox
from pipelines.settings import Settings, now
from tests.door import MAPPING, NAME, Door, readings

Usage = namedtuple("Usage", "total used free")
FEED = f"Feed {NAME}"


def environment(settings: Settings) -> dict[str, str]:
    return {"FRUITION_HOME": str(settings.home), "FRUITION_FEEDS": str(settings.feeds)}


def examined(settings: Settings, **variables: str) -> Diagnosis:
    return diagnose(environment(settings) | variables)


def amiss(found: Diagnosis) -> list[Check]:
    return [check for check in found.checks if check.state != "ok"]


def the_one(found: Diagnosis) -> Check:
    """The one thing that is not well; it says what to do."""
    (check,) = amiss(found)
    assert check.todo
    return check


@pytest.fixture(scope="module")
def furnished(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A home with one delivery loaded, and nothing wrong."""
    folder = tmp_path_factory.mktemp("well")
    door = Door(Settings(home=folder / "home", feeds=folder / "feeds"))
    door.deliver(readings(3))
    warehouse.load(door.settings)
    publish_by_hand(door.settings)
    return folder


@pytest.fixture
def well(door: Door, furnished: Path) -> Door:
    """That home, copied."""
    shutil.copytree(furnished, door.settings.home.parent, dirs_exist_ok=True)
    return door


def publish_by_hand(settings: Settings) -> None:
    settings.published.parent.mkdir(parents=True, exist_ok=True)
    with duckdb.connect(str(settings.published)) as connection:
        connection.execute("create schema meta; create table meta.build (seq int, as_of date, known_at timestamp)")
        connection.execute("insert into meta.build values (1, '2026-06-30', ?)", [now()])


def test_a_fresh_clone_is_not_broken_and_nothing_is_made_by_looking(tmp_path: Path) -> None:
    settings = Settings(home=tmp_path / "home", feeds=tmp_path / "feeds")
    found = examined(settings)
    assert the_one(found).name == "Feeds"
    assert found.exit_code == 0
    assert list(tmp_path.iterdir()) == []


def test_a_home_that_is_well_is_said_to_be(well: Door) -> None:
    found = examined(well.settings)
    assert amiss(found) == []
    assert found.exit_code == 0


def test_the_command_prints_every_check_and_json_as_well(well: Door) -> None:
    told = CliRunner().invoke(app, ["doctor"], env=environment(well.settings))
    assert told.exit_code == 0
    found = json.loads(CliRunner().invoke(app, ["doctor", "--json"], env=environment(well.settings)).stdout)
    assert {"name", "state", "seen", "todo"} <= set(found["checks"][0])
    assert len(found["checks"]) > 15


def test_a_setting_that_cannot_be_meant_is_named_and_the_rest_still_looked_at(well: Door) -> None:
    found = examined(well.settings, FRUITION_CURRENCY="pounds", FRUITION_TIMEZONE="Mars/Olympus")
    assert [check.name for check in amiss(found)] == ["FRUITION_CURRENCY", "FRUITION_TIMEZONE"]
    assert found.exit_code == 2
    assert any(check.name == "Lake" for check in found.checks)


def test_without_a_home_that_can_be_meant_the_rest_is_left(tmp_path: Path) -> None:
    found = diagnose({"FRUITION_HOME": str(tmp_path / "ho*me")})
    assert [check.name for check in amiss(found)] == ["FRUITION_HOME", "Home"]
    assert found.exit_code == 2


def test_a_misspelt_setting_is_pointed_out_and_a_secret_never_shown(well: Door) -> None:
    found = examined(well.settings, FRUITION_CURENCY="EUR", FRUITION_WEBHOOK_SECRET="hunter2")
    assert "FRUITION_CURRENCY" in next(check.todo for check in found.checks if check.name == "FRUITION_CURENCY")
    assert "hunter2" not in str(found)
    assert found.exit_code == 0


def test_libraries_that_are_not_as_locked_are_named(tmp_path: Path) -> None:
    lock = tmp_path / "requirements.lock"
    lock.write_text(
        "duckdb==0.0.1 \\\n    --hash=sha256:aa\nno-such-library==1.0 ; python_version >= '3'\n"
        "not-here==1.0 ; sys_platform == 'nowhere'\n"
    )
    check = library_check(lock)
    assert check.state == "warning"
    assert "duckdb" in check.seen
    assert "instead of 0.0.1" in check.seen
    assert "no-such-library is not installed" in check.seen
    assert "not-here" not in check.seen
    assert library_check(tmp_path / "none").state == "warning"


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("source: {kind: landing\n", "cannot be read as YAML"),
        ("source: {kind: landing}\nfromat: {}\n", "fromat"),
        ("- a list\n", "mapping"),
    ],
)
def test_a_feed_that_cannot_be_read_is_named_with_file_and_key(well: Door, text: str, told: str) -> None:
    (well.settings.feeds / "broken.yml").write_text(text)
    found = examined(well.settings)
    check = the_one(found)
    assert check.name == "Feed broken"
    assert "broken.yml" in check.seen
    assert told in check.seen
    assert found.exit_code == 2


def test_a_feed_that_names_a_contract_nobody_knows_is_named(well: Door) -> None:
    well.feed(delivers=[{"contract": "no_such_thing", "columns": MAPPING}])
    found = examined(well.settings)
    assert "no such contract" in the_one(found).seen
    assert "no_such_thing" in the_one(found).seen
    assert found.exit_code == 2


def test_a_feed_whose_reader_this_version_has_not_is_told_which_there_are(well: Door) -> None:
    text = (well.settings.feeds / f"{NAME}.yml").read_text()
    (well.settings.feeds / "activities.yml").write_text(text.replace("reader: csv", "reader: telepathy"))
    check = the_one(examined(well.settings))
    assert "telepathy" in check.seen
    assert "csv, excel" in check.seen


@pytest.mark.parametrize("has_java", [True, False])
def test_a_feed_that_needs_java_says_whether_there_is_one(
    well: Door, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, has_java: bool
) -> None:
    text = (well.settings.feeds / f"{NAME}.yml").read_text()
    (well.settings.feeds / "plans.yml").write_text(text.replace("reader: csv", "reader: schedule"))
    java = tmp_path / "jdk" / "bin" / "java"
    java.parent.mkdir(parents=True)
    java.write_text("#!/bin/sh\n")
    java.chmod(0o755)
    monkeypatch.setenv("PATH", "/nowhere")
    monkeypatch.setenv("JAVA_HOME", str(tmp_path / "jdk") if has_java else "/nowhere")
    check = next(check for check in examined(well.settings).checks if check.name == "Java")
    assert check.state == ("ok" if has_java else "fault")
    assert "plans" in check.seen
    assert has_java or "apt-get install" in check.todo


def test_contracts_that_cannot_be_read_are_each_named(
    well: Door, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    contracts = tmp_path / "expectations"
    shutil.copytree(well.settings.contracts, contracts)
    (contracts / "cost.yml").write_text("id: cost\n  broken: [")
    (contracts / "risk.yml").write_text("id: risk\n")
    checks = list(configuration.contract_checks(Settings(well.settings.home, well.settings.feeds, contracts=contracts)))
    assert [check.name for check in checks] == ["Contract cost", "Contract risk"]
    assert all(check.is_configuration and check.todo for check in checks)


def test_a_contract_that_lost_a_column_the_lake_holds_is_named(well: Door) -> None:
    (path,) = (well.settings.lake / "_contracts" / "kpi_reading").glob("*.json")
    shape = json.loads(path.read_text())
    shape["columns"]["mood"] = "varchar"
    path.write_text(json.dumps(shape))
    found = examined(well.settings)
    assert the_one(found).name == "Contract versions"
    assert "mood" in the_one(found).seen
    assert found.exit_code == 2


def test_a_landing_folder_without_a_feed_is_pointed_out(well: Door) -> None:
    (well.landing("nobody_reads_me") / "file.csv").write_text("waiting")
    check = the_one(examined(well.settings))
    assert (check.name, check.state) == ("landing/nobody_reads_me", "warning")
    assert "1 file" in check.seen


def test_an_unreadable_manifest_is_a_fault(well: Door) -> None:
    (path,) = (well.settings.lake / "_manifests" / NAME).glob("*.json")
    path.write_text('{"delivery_id": ')
    found = examined(well.settings)
    assert any(check.name == "Lake" and path.name in check.seen and check.state == "fault" for check in found.checks)
    assert found.exit_code == 1


@pytest.mark.parametrize("harm", ["missing", "altered"])
def test_a_file_that_a_manifest_names_must_be_there_as_it_was(well: Door, harm: str) -> None:
    path = well.settings.lake / well.manifests()[0].contracts[0].rows.path
    path.unlink() if harm == "missing" else path.write_bytes(path.read_bytes() + b"x")
    found = examined(well.settings)
    check = the_one(found)
    assert (check.name, check.state) == ("Lake", "fault")
    assert path.name in check.seen
    assert harm in check.seen
    assert found.exit_code == 1


def test_damage_without_end_is_counted_and_not_all_told(well: Door) -> None:
    folder = well.settings.lake / "_manifests" / NAME
    for number in range(40):
        (folder / f"bad{number}.json").write_text("{")
    found = examined(well.settings)
    told = [check for check in found.checks if check.name == "Lake"]
    assert len(told) == 11
    assert "30 more" in told[-1].seen


@pytest.mark.parametrize(
    "harm", ["no json", "another number", "no gaps", "broken gaps", "no forecasts", "a build missing"]
)
def test_the_recorded_builds_must_be_readable_and_unbroken(well: Door, harm: str) -> None:
    folder = well.settings.lake / "_builds"
    folder.mkdir()
    for seq in (1, 2):
        (folder / f"{seq:08d}.json").write_text(json.dumps({"seq": seq, "forecasts": 1} if seq == 1 else {"seq": seq}))
        with duckdb.connect() as connection:
            connection.execute(f"copy (select 'g' as gap_id) to '{folder / f'{seq:08d}.parquet'}'")
    with duckdb.connect() as connection:
        connection.execute(f"copy (select 'b' as benefit_id) to '{folder / '00000001.forecast.parquet'}'")
    assert amiss(examined(well.settings)) == []
    broken = folder / "00000001"
    if harm == "no json":
        broken.with_suffix(".json").write_text("{")
    elif harm == "another number":
        broken.with_suffix(".json").write_text('{"seq": 7}')
    elif harm == "no gaps":
        broken.with_suffix(".parquet").unlink()
    elif harm == "no forecasts":
        broken.with_suffix(".forecast.parquet").unlink()
    elif harm == "broken gaps":
        broken.with_suffix(".parquet").write_text("no parquet")
    else:
        broken.with_suffix(".json").unlink()
    check = the_one(examined(well.settings))
    assert (check.name, check.state) == ("Recorded builds", "fault")
    assert "00000001" in check.seen


def test_a_corrupt_warehouse_is_to_be_made_anew(well: Door) -> None:
    well.settings.warehouse.write_bytes(b"rubbish" * 10_000)
    found = examined(well.settings)
    check = the_one(found)
    assert (check.name, check.state) == ("Warehouse", "fault")
    assert "from the lake" in check.todo
    assert found.exit_code == 1


def test_a_build_that_failed_is_pointed_out(well: Door) -> None:
    with duckdb.connect(str(well.settings.warehouse)) as connection:
        connection.execute("create or replace table meta.latest_build as select false as succeeded")
    assert "did not come through" in the_one(examined(well.settings)).seen


def test_a_corrupt_published_file_is_to_be_published_anew(well: Door) -> None:
    well.settings.published.write_bytes(b"rubbish" * 10_000)
    check = the_one(examined(well.settings))
    assert (check.name, check.state) == ("Published file", "fault")
    assert "fruition publish" in check.todo


def test_a_published_file_that_is_missing_or_days_behind_is_pointed_out(
    well: Door, monkeypatch: pytest.MonkeyPatch
) -> None:
    with duckdb.connect(str(well.settings.published)) as connection:
        connection.execute("update meta.build set known_at = known_at - interval 3 day")
    assert the_one(examined(well.settings)).todo == "Run `fruition run`."
    well.settings.published.unlink()
    assert the_one(examined(well.settings)).name == "Published file"


def _keep(path: Path, lock: bool, settings: Settings, ready: Event, done: Event) -> None:
    """In another process: hold the warehouse's lock, or the file itself as some other program would."""
    if lock:
        with warehouse.held(settings):
            ready.set()
            done.wait(60)
    else:
        with duckdb.connect(str(path)):
            ready.set()
            done.wait(60)


@pytest.mark.parametrize("lock", [True, False], ids=["a run", "another program"])
def test_whoever_has_the_warehouse_is_named_and_not_waited_for(well: Door, lock: bool) -> None:
    spawn = multiprocessing.get_context("spawn")
    ready, done = spawn.Event(), spawn.Event()
    process = spawn.Process(target=_keep, args=(well.settings.warehouse, lock, well.settings, ready, done))
    process.start()
    try:
        assert ready.wait(60)
        began = time.monotonic()
        check = the_one(examined(well.settings))
        assert time.monotonic() - began < 30
    finally:
        done.set()
        process.join(60)
    assert (check.name, check.state) == ("Warehouse", "warning")
    assert f"process {process.pid}" in check.seen


@pytest.mark.parametrize(
    ("free", "state", "told"),
    [(50 * 1024**2, "fault", "does not fit"), (300 * 10**6, "warning", "more nights fit"), (10**12, "ok", "free")],
)
def test_a_disk_that_is_full_soon_is_said_to_be(
    well: Door, monkeypatch: pytest.MonkeyPatch, free: int, state: str, told: str
) -> None:
    monkeypatch.setattr(room, "growth_a_day", lambda settings, memory, at: 50 * 10**6)
    monkeypatch.setattr(shutil, "disk_usage", lambda path: Usage(10**12, 0, free))
    check = next(check for check in examined(well.settings).checks if check.name == "Disk space")
    assert check.state == state
    assert told in check.seen


def test_growth_is_counted_from_what_the_manifests_name(well: Door) -> None:
    memory = read_memory(well.settings)
    (manifest,) = memory.manifests
    stored = sum((well.settings.lake / file.path).stat().st_size for file in manifest.files)
    in_a_day, in_a_month = now(), now() + timedelta(days=20)
    assert growth_a_day(well.settings, memory, in_a_day) == manifest.size_bytes + stored
    assert growth_a_day(well.settings, memory, in_a_month) == pytest.approx((manifest.size_bytes + stored) / 20, abs=1)
    assert growth_a_day(well.settings, memory, now() + timedelta(days=90)) == 0


def test_files_left_by_a_stopped_run_are_pointed_out(well: Door) -> None:
    claim = Claim.new(well.landing(), "left.csv")
    claim.path.write_text(readings(1))
    check = the_one(examined(well.settings))
    assert check.state == "warning"
    assert "1 file left by a run that was stopped" in check.seen
    assert f"fruition ingest {NAME}" in check.todo


def test_files_that_a_run_is_taking_in_at_this_moment_are_no_concern(
    well: Door, monkeypatch: pytest.MonkeyPatch
) -> None:
    Claim.new(well.landing(), "left.csv").path.write_text(readings(1))

    def busy(lake: Lake, feed: str) -> None:
        raise WarehouseBusy("somebody is at it")

    monkeypatch.setattr(Lake, "hold_feed", busy)
    assert amiss(examined(well.settings)) == []


def test_a_feed_that_is_late_is_pointed_out(well: Door) -> None:
    well.feed(freshness="36h")
    assert amiss(examined(well.settings)) == []
    well.feed("never_came", freshness="36h")
    assert "nothing good was ever delivered" in the_one(examined(well.settings)).seen


def test_a_delivery_from_the_future_is_a_fault_of_the_clock(well: Door) -> None:
    (manifest,) = well.manifests()
    ahead = now() + timedelta(days=2)
    identity = f"{ahead:%Y%m%dT%H%M%S%f}Z-abcdef"
    Lake.of(well.settings).commit(manifest.changed(delivery_id=identity, received_at=ahead))
    found = examined(well.settings)
    assert ("Clock", "fault") in [(check.name, check.state) for check in amiss(found)]
    assert found.exit_code == 1


def test_a_home_that_may_not_be_written_is_a_fault(well: Door, monkeypatch: pytest.MonkeyPatch) -> None:
    allowed = os.access
    monkeypatch.setattr(os, "access", lambda path, mode: path != well.settings.lake and allowed(path, mode))
    found = examined(well.settings)
    assert (the_one(found).name, found.exit_code) == ("Home", 1)


def test_a_file_in_the_place_of_a_folder_does_not_stop_the_doctor(well: Door) -> None:
    shutil.rmtree(well.settings.landing)
    well.settings.landing.write_text("no folder")
    shutil.rmtree(well.settings.lake)
    well.settings.lake.write_text("no folder")
    assert examined(well.settings).checks


def test_everything_broken_at_once_is_told_all_at_once(well: Door) -> None:
    (well.settings.feeds / f"{NAME}.yml").write_text("{")
    next((well.settings.lake / "_manifests" / NAME).glob("*.json")).write_text("")
    well.settings.warehouse.write_text("rubbish")
    well.settings.published.write_text("rubbish")
    found = examined(well.settings, FRUITION_FISCAL_YEAR_START="13")
    faults = {check.name for check in found.checks if check.state == "fault"}
    assert {"FRUITION_FISCAL_YEAR_START", FEED, "Lake", "Warehouse", "Published file"} <= faults
    assert found.exit_code == 2
    doctoring.print_diagnosis(found)


@pytest.mark.parametrize(
    ("variables", "name", "state"),
    [
        ({"FRUITION_WEBHOOK_URL": "https://host/hush"}, "FRUITION_WEBHOOK_URL", "fault"),
        ({"FRUITION_NOTIFY_URLS": "nonsense://hush"}, f"Receiver {receiver_name('nonsense://hush')}", "fault"),
        (
            {"FRUITION_WEBHOOK_URL": "http://host/hush", "FRUITION_WEBHOOK_SECRET": "hush"},
            "Receiver webhook",
            "warning",
        ),
    ],
)
def test_a_receiver_that_cannot_be_told_well_is_found_without_showing_its_secrets(
    well: Door, variables: dict[str, str], name: str, state: str
) -> None:
    found = examined(well.settings, **variables)
    check = the_one(found)
    assert (check.name, check.state) == (name, state)
    assert all("hush" not in one.seen + one.todo + one.name for one in found.checks)


def test_a_webhook_without_a_secret_is_told_as_that(well: Door) -> None:
    found = the_one(examined(well.settings, FRUITION_WEBHOOK_URL="https://host/hook"))
    assert found.seen == "is set without FRUITION_WEBHOOK_SECRET."


def test_receivers_are_named_by_what_gives_nothing_away(well: Door) -> None:
    found = examined(
        well.settings,
        FRUITION_NOTIFY_URLS="json://user:hush@host",
        FRUITION_WEBHOOK_URL="http://127.0.0.1:8080/hush",
        FRUITION_WEBHOOK_SECRET="hush",
    )
    assert amiss(found) == []
    [check] = [check for check in found.checks if check.name == "Receivers"]
    assert check.seen == f"webhook, {receiver_name('json://user:hush@host')}"
    assert all("hush" not in one.seen for one in found.checks)


@pytest.mark.parametrize(("minutes", "state"), [(1, "ok"), (20, "warning")])
def test_what_waits_for_receivers_is_counted_and_its_age_told(well: Door, minutes: int, state: str) -> None:
    at = now() - timedelta(minutes=minutes)
    outbox = Outbox.of(well.settings)
    for number in range(3):
        outbox.put(Entry(f"0000000{number}-x.webhook", "webhook", number, {}, at))
    outbox.put(Entry("00000001.message", "message", 1, {}, at))
    [check] = [check for check in examined(well.settings).checks if check.name == "Outbox"]
    assert check.state == state
    assert check.seen.startswith(f"3 events and 1 message waiting, the oldest since {at:%Y-%m-%d %H:%M} UTC")
