"""`make run`: a night through Airflow's own DAGs in one process."""

from __future__ import annotations

import os
import subprocess
import sys
from datetime import date

import pytest

from pipelines.outbox import Entry, Outbox
from pipelines.settings import REPOSITORY, now
from scripts import run_night
from tests.dags.station import GOOD, WITHOUT_ITS_COLUMN, Station, without_settings


def test_a_night_ends_well_in_spite_of_a_refusal_and_again_doubles_nothing(station: Station) -> None:
    import duckdb

    station.add_feed("crm_nps")
    station.drop("crm_nps", "nps.csv", GOOD)
    station.drop("crm_nps", "late.csv", WITHOUT_ITS_COLUMN)
    station.drop("crm_nps", "notes.txt", "")

    def night() -> str:
        environment = without_settings(os.environ) | {
            "FRUITION_HOME": str(station.home),
            "FRUITION_FEEDS": str(station.feeds),
        }
        command = [sys.executable, "-m", "scripts.run_night"]
        ended = subprocess.run(command, env=environment, cwd=REPOSITORY, capture_output=True, text=True)
        assert ended.returncode == 0, ended.stdout + ended.stderr
        return " ".join(ended.stdout.split())

    def readings() -> int:
        with duckdb.connect(str(station.home / "published" / "benefits.duckdb"), read_only=True) as published:
            return len(published.sql("from core.kpi_reading").fetchall())

    printed = night()
    for said in (
        "ingest_crm_nps refusals",
        "warehouse done",
        "missing_column",
        "Left alone",
        "notes.txt",
        "Published:",
    ):
        assert said in printed
    assert readings() == 2
    assert (station.home / "airflow").stat().st_mode & 0o077 == 0

    printed = night()
    for said in ("ingest_crm_nps done", "warehouse done", "Nothing new had arrived", "Published:"):
        assert said in printed
    assert readings() == 2


def test_a_broken_feed_is_printed_and_stops_no_other(
    station: Station,
    asked: list[date],
    monkeypatch: pytest.MonkeyPatch,
    capfd: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setattr(sys, "argv", ["run_night", "--as-of", "2026-06-30"])
    station.add_feed("crm_nps", "sorce: nowhere")
    station.add_feed("pmo_plan")
    station.drop("pmo_plan", "nps.csv", GOOD)
    assert run_night.main() == 2
    printed = capfd.readouterr()
    assert "crm_nps.yml" in printed.err
    assert "sorce" in printed.err
    assert "accepted" in printed.out
    assert asked == [date(2026, 6, 30)]


def test_a_failed_task_gives_the_night_its_exit_code_and_stops_no_other(
    station: Station,
    asked: list[date],
    monkeypatch: pytest.MonkeyPatch,
    capfd: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setattr(sys, "argv", ["run_night"])
    station.add_feed("crm_nps")
    text = (station.feeds / "crm_nps.yml").read_text()
    station.add_feed("crm_nps", text.replace("contract: kpi_reading", "contract: kpi_raeding"))
    station.drop("crm_nps", "nps.csv", GOOD)
    assert run_night.main() == 2
    assert "ingest_crm_nps.ingest" in capfd.readouterr().err
    assert len(asked) == 1


def test_a_receiver_that_is_down_is_printed_and_gives_the_night_its_exit_code(
    station: Station,
    asked: list[date],
    monkeypatch: pytest.MonkeyPatch,
    capfd: pytest.CaptureFixture[str],
) -> None:
    from pipelines.settings import Settings

    monkeypatch.setattr(sys, "argv", ["run_night"])
    monkeypatch.setenv("FRUITION_NOTIFY_URLS", "json://user:hush@127.0.0.1:9/")
    outbox = Outbox.of(Settings.from_environment())
    outbox.put(Entry("00000001.message", "message", 1, {"title": "A title", "body": "A body"}, now()))
    assert run_night.main() == 3
    printed = capfd.readouterr()
    assert "1 for a receiver" in " ".join(printed.err.split())
    assert "hush" not in printed.out + printed.err
