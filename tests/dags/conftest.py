"""Airflow for the tests of this folder: a home of its own, on SQLite, set before anything imports Airflow."""

from __future__ import annotations

import atexit
import os
import shutil
import tempfile
from datetime import date, datetime
from pathlib import Path
from typing import Any

import pytest

from scripts.airflow_home import airflow_environment, prepare_metadata
from tests.dags.station import Station, without_settings

AIRFLOW_HOME = tempfile.mkdtemp(prefix="airflow-")
atexit.register(shutil.rmtree, AIRFLOW_HOME, ignore_errors=True)
OURS = {"AIRFLOW_HOME": AIRFLOW_HOME, "AIRFLOW__CORE__DEFAULT_TASK_RETRY_DELAY": "0"}
ENVIRONMENT = airflow_environment(without_settings(os.environ) | OURS)
os.environ.update({name: value for name, value in ENVIRONMENT.items() if not name.startswith("FRUITION")})


@pytest.fixture(scope="session")
def metadata() -> None:
    """The metadata database, once for all tests."""
    prepare_metadata()


@pytest.fixture
def station(metadata: None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Station:
    place = Station(tmp_path / "home", tmp_path / "feeds")
    place.feeds.mkdir()
    monkeypatch.setenv("FRUITION_HOME", str(place.home))
    monkeypatch.setenv("FRUITION_FEEDS", str(place.feeds))
    monkeypatch.setenv("FRUITION_TIMEZONE", "Europe/London")
    return place


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> list[date]:
    """The dates for which a build was asked, instead of building."""
    from pipelines import inquiries, night, publish, transform, warehouse
    from pipelines.settings import Settings

    dates: list[date] = []

    def build(settings: Settings, as_of: date, **options: Any) -> transform.Build:
        dates.append(as_of)
        return transform.Build(as_of, datetime(2026, 11, 2), True, settings.warehouse, 3, (), 0.1)

    def publish_nothing(settings: Settings) -> publish.Published:
        return publish.Published(settings.published, 1, dates[-1], {})

    monkeypatch.setattr(night, "load", lambda settings, on_delivery: warehouse.Loaded(0, 0, 0))
    monkeypatch.setattr(night, "build", build)
    monkeypatch.setattr(night, "publish", publish_nothing)
    monkeypatch.setattr(inquiries, "gap_changes", lambda settings: {})
    return dates
