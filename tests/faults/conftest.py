"""The two nights that are stopped, lived through once, and what is told of it at the end."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.faults.nights import TALLY, Night, live_through
from tests.faults.stopping import can_trace

MEMORY = Path("/dev/shm")
ROOM = 1 << 30  # bytes that must be free there


@pytest.fixture(scope="session")
def fast_folder() -> Iterator[Path]:
    """A folder in memory where there is one, since hundreds of runs wait for the disk at hundreds of places each.

    A killed process leaves the same files on either.
    """
    roomy = MEMORY.is_dir() and os.access(MEMORY, os.W_OK) and shutil.disk_usage(MEMORY).free > ROOM
    folder = Path(tempfile.mkdtemp(prefix="fruition-", dir=MEMORY if roomy else None))
    yield folder
    shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture(scope="session")
def first_night(fast_folder: Path) -> Night:
    """The night in which everything is made: archive, lake, warehouse, publication."""
    (fast_folder / "nights").mkdir()
    return live_through(fast_folder / "nights", 0)


@pytest.fixture(scope="session")
def second_night(first_night: Night) -> Night:
    """The night with a repeat, a correction and a snapshot, on what the first night made."""
    return live_through(first_night.settings.home.parent, 1, first_night)


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    if TALLY.struck or TALLY.missed:
        terminalreporter.section("runs that were stopped" + ("" if can_trace() else ", without strace"))
        for line in TALLY.lines():
            terminalreporter.write_line(line)
