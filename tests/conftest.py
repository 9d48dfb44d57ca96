"""What every test may use: a home in a temporary folder."""

from __future__ import annotations

from pathlib import Path

import pytest

from pipelines import landing
from pipelines.settings import Settings
from tests.door import Door

ALONE = {"compose", "listen", "live"}  # they start servers


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark what no other test may run beside."""
    for item in items:
        if ALONE & {*item.path.parts} or item.path.name == "test_airflow_live.py":
            item.add_marker("alone")


@pytest.fixture
def door(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Door:
    """A home of its own; a settled feed's files need not rest for seconds."""
    monkeypatch.setattr(landing, "SETTLE_SECONDS", 0.0)
    return Door(Settings(home=tmp_path / "home", feeds=tmp_path / "feeds"))
