"""A file's way from the landing folder to what is published, in a live Airflow that is being killed."""

from __future__ import annotations

import time
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import duckdb
import pytest

from pipelines.landing import SETTLE_SECONDS
from tests.live.stack import Stack, eventually, readings


@pytest.fixture(autouse=True)
def quiet(live: Stack) -> None:
    """What earlier tests have set going has come to rest."""
    live.wait_until_quiet()


def test_the_scheduler_and_no_other_component_holds_what_tasks_import(live: Stack) -> None:
    mapped = {
        name: Path(f"/proc/{process.pid}/maps").read_text().count("duckdb") for name, process in live.running.items()
    }
    assert {name for name, count in mapped.items() if count} == {"scheduler"}


def test_an_atomic_feed_s_file_is_loaded_and_published_soon_after_it_arrives(live: Stack) -> None:
    dropped = live.drop("alpha", "one.csv", readings("A1"))
    published = live.wait_until_published("alpha", "one.csv")
    [manifest] = [manifest for manifest in live.deliveries("alpha") if manifest.name == "one.csv"]
    claimed = manifest.received_at.replace(tzinfo=UTC).timestamp()
    print(f"claimed after {claimed - dropped:.1f} s, published after {published - dropped:.1f} s")
    live.wait_until_quiet()
    runs = live.runs("ingest_alpha")
    assert {(run["run_type"], run["state"]) for run in runs} == {("asset_triggered", "success")}
    assert any("rows in: 3" in run["note"] for run in runs)
    built = live.runs("warehouse")[0]
    assert (built["run_type"], built["state"]) == ("asset_triggered", "success")
    assert "gaps opened: " in built["note"]


def test_a_settled_feed_s_file_is_taken_once_it_rests(live: Stack) -> None:
    folder = live.settings.landing / "slow"
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / "growing.csv").open("w") as file:
        for line in readings("S1", 8).splitlines(keepends=True):
            file.write(line)
            file.flush()
            time.sleep(1)
        written = time.time()
    live.wait_until_published("slow", "growing.csv")
    [manifest] = live.deliveries("slow")
    assert manifest.accepted == 8
    assert manifest.received_at.replace(tzinfo=UTC).timestamp() - written >= SETTLE_SECONDS - 1


def test_a_paused_feed_s_file_is_taken_after_it_goes_on(live: Stack) -> None:
    live.pause("ingest_beta", True)
    live.drop("beta", "patient.csv", readings("B1"))
    time.sleep(15)  # announced in vain, and long enough for the watcher to be taken from the paused DAG
    assert (live.settings.landing / "beta" / "patient.csv").exists()
    live.pause("ingest_beta", False)
    live.wait_until_published("beta", "patient.csv")


def test_a_triggerer_that_is_killed_loses_nothing(live: Stack) -> None:
    names = [f"killed {number}.csv" for number in range(6)]
    for number, name in enumerate(names):
        live.drop("gamma", name, readings(f"G{number}"))
        if number in {1, 3}:
            live.restart("triggerer")
        time.sleep(0.5)
    live.wait_until_published("gamma", *names)
    assert [live.ended("gamma", name) for name in names] == [["accepted"]] * len(names)
    live.wait_until_healthy()


def test_a_scheduler_that_is_killed_in_the_middle_of_it_loses_nothing(live: Stack) -> None:
    live.drop("delta", "before.csv", readings("D2"))
    eventually(lambda: bool(live.runs("ingest_delta", state=["queued", "running"])), "a run is under way")
    live.restart("scheduler")
    live.drop("delta", "after.csv", readings("D3"))
    live.wait_until_published("delta", "before.csv", "after.csv", patience=200)
    assert [live.ended("delta", name) for name in ("before.csv", "after.csv")] == [["accepted"]] * 2
    live.wait_until_healthy()


def test_the_same_file_again_is_a_repeat_and_does_not_wake_the_warehouse(live: Stack) -> None:
    live.drop("alpha", "first.csv", readings("A2"))
    live.wait_until_published("alpha", "first.csv")
    live.wait_until_quiet()
    builds = live.builds()
    live.drop("alpha", "again.csv", readings("A2"))
    eventually(lambda: live.ended("alpha", "again.csv") == ["repeat"], "the repeat is seen")
    live.wait_until_quiet()
    assert live.builds() == builds
    assert "repeats: 1" in live.runs("ingest_alpha")[0]["note"]


def test_a_burst_is_taken_whole_and_leads_to_few_builds(live: Stack) -> None:
    builds, started = live.builds(), time.time()
    dropped: dict[str, list[str]] = {"beta": [], "gamma": [], "delta": []}
    for number in range(50):
        feed = list(dropped)[number % 3]
        dropped[feed].append(f"burst {number}.csv")
        live.drop(feed, f"burst {number}.csv", readings(f"X{number}"))
        time.sleep(0.1)
    for feed, names in dropped.items():
        live.wait_until_published(feed, *names)
    print(f"50 files published after {time.time() - started:.1f} s, in {live.builds() - builds} builds")
    live.wait_until_quiet()
    for feed, names in dropped.items():
        assert [live.ended(feed, name) for name in names] == [["accepted"]] * len(names)
    assert live.builds() - builds <= 10


def test_a_backfill_builds_each_day_into_its_own_file_and_publishes_nothing(live: Stack) -> None:
    live.drop("delta", "past.csv", readings("D1"))
    live.wait_until_published("delta", "past.csv")
    live.wait_until_quiet()
    builds, published = live.builds(), live.settings.published.stat().st_ino
    last = datetime.now(UTC).date() - timedelta(days=10)
    days = [last - timedelta(days=1), last]
    live.send(
        "POST",
        "/backfills",
        {
            "dag_id": "look_back",
            "from_date": f"{days[0]}T00:00:00Z",
            "to_date": f"{days[1]}T00:00:00Z",
            "reprocess_behavior": "none",
            "max_active_runs": 1,
        },
    )
    eventually(lambda: [run["state"] for run in live.runs("look_back")] == ["success"] * 2, "both days are built")
    live.wait_until_quiet()
    assert {run["run_type"] for run in live.runs("look_back")} == {"backfill"}  # and none by itself
    assert [as_of(live, day) for day in days] == days
    assert (live.builds(), live.settings.published.stat().st_ino) == (builds, published)


def as_of(live: Stack, day: date) -> date:
    """What day a file that looks back to it speaks of."""
    with duckdb.connect(str(live.settings.looked_back_to(day)), read_only=True) as connection:
        [(found,)] = connection.execute("select as_of from meta.latest_build").fetchall()
        assert isinstance(found, date)
        return found
