"""What every test may use: a home in a temporary folder. And which worker of pytest-xdist runs what, in which order."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import psutil
import pytest
from xdist.scheduler import LoadScopeScheduling

from pipelines import landing
from pipelines.settings import Settings
from tests.door import Door

STARTING_SERVERS = {"compose", "listen", "live"}
SERVERS = "servers"
LONGEST_FIRST = (SERVERS, "faults", "e2e", "dags", "memory", "warehouse")
FILE_BY_FILE = {"warehouse", "unit"}  # the tests of another folder share what takes long to make


def room_of(path: Path) -> str:
    """The folder that a test lies in; or that it starts servers."""
    folder = path.parent.name
    return SERVERS if folder in STARTING_SERVERS or path.name == "test_airflow_live.py" else folder


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Where there are several workers, what takes longest comes first, so that none is left alone with it at the end."""
    if hasattr(config, "workerinput"):
        items.sort(key=lambda item: [*LONGEST_FIRST, room_of(item.path)].index(room_of(item.path)))


class Rooms(LoadScopeScheduling):  # type: ignore[misc]  # xdist has no types
    """A worker takes a folder at a time, or a file. Those that start servers run one after the other, in one worker.

    That one mostly waits, so it is one more than there are cores; and it ends with them, since they run as long as it does.
    """

    def _split_scope(self, nodeid: str) -> str:
        path = Path(nodeid.partition("::")[0])
        room = room_of(path)
        return str(path) if room in FILE_BY_FILE else room

    def _assign_work_unit(self, node: Any) -> None:
        super()._assign_work_unit(node)
        if SERVERS in self.assigned_work[node] and len(self.nodes) > 1:
            node.shutdown()


def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> Rooms:
    """In the order of collection, not of how many tests a file has."""
    config.option.loadscopereorder = False
    return Rooms(config, log)


def pytest_xdist_auto_num_workers() -> int:
    """At the most four that compute, and the one with the servers."""
    return min(psutil.cpu_count(logical=False) or 1, 4) + 1


@pytest.fixture
def door(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Door:
    """A home of its own; a settled feed's files need not rest for seconds."""
    monkeypatch.setattr(landing, "SETTLE_SECONDS", 0.0)
    return Door(Settings(home=tmp_path / "home", feeds=tmp_path / "feeds"))
