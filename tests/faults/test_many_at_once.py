"""Several processes at one home: nothing is lost, nothing comes twice, and who waits says for whom."""

from __future__ import annotations

import json
import os
import socket
import time
from collections import Counter
from pathlib import Path

import duckdb
import pytest

from pipelines.audit import audit
from pipelines.settings import Settings
from tests.faults import forks, small
from tests.faults.comparing import looks_whole
from tests.faults.forks import Run
from tests.faults.nights import TALLY
from tests.faults.reading import somebody_reading

RUN = ("run", "--as-of", str(small.NIGHTS[1]))
FILES, FILES_IN_SOAK = 8, 200
LINES = 3  # a file


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return small.furnish(tmp_path)


def on_host(name: str) -> None:
    """In the process that will run: be on a host of that name, as far as anybody can see."""
    socket.gethostname = lambda: name


def without_patience() -> None:
    """In the process that will run: wait a moment for a lock and no longer."""
    from pipelines.warehouse import opening

    opening.LOCK_SECONDS = 0.5


def drop_files(settings: Settings, count: int, seconds: float) -> None:
    """Let so many files arrive, each with rows of its own, spread over some time."""
    for number in range(count):
        lines = "".join(f"K{number}-{line},2026-01-05,{line}\n" for line in range(LINES))
        small.drop(settings, f"readings/file-{number:03d}.csv", small.HEADER + lines)
        time.sleep(seconds / count)


def all_came_once(settings: Settings, count: int) -> None:
    """Every file is one accepted delivery, every row is there once, and what is published holds them all."""
    with duckdb.connect(str(settings.warehouse), read_only=True) as connection:
        deliveries = connection.execute("select name, status from meta.delivery").fetchall()
        rows = connection.execute("select kpi_id, count(*) from raw.kpi_reading group by all").fetchall()
    assert Counter(deliveries) == Counter({(f"file-{number:03d}.csv", "accepted"): 1 for number in range(count)})
    assert dict(rows) == {f"K{number}-{line}": 1 for number in range(count) for line in range(LINES)}
    assert audit(settings).findings == ()
    assert looks_whole(settings.published) == []
    with duckdb.connect(str(settings.published), read_only=True) as connection:
        assert connection.execute("select count(*) from core.kpi_reading").fetchone() == (count * LINES,)
    assert [path for path in settings.landing.rglob("*") if path.is_file()] == []


def started(settings: Settings, commands: list[tuple[str, ...]]) -> list[Run]:
    """Processes with these commands, on two hosts in turn, all let go at once."""
    runs = [
        forks.start(settings, *command, prepare=on_host, given=(f"host-{number % 2}",))
        for number, command in enumerate(commands)
    ]
    for run in runs:
        run.go()
    return runs


def many_at_once(settings: Settings, commands: list[tuple[str, ...]], files: int) -> list[str]:
    """What the processes said who ran at once while files arrived; one more run takes in what came last."""
    settings.landing.mkdir(parents=True, exist_ok=True)
    with somebody_reading(settings.published) as seen:
        runs = started(settings, commands)
        drop_files(settings, files, seconds=3.0)
        ends = [run.ended() for run in runs]
        last = forks.run(settings, *RUN)
    TALLY.looks += seen.looks
    assert [(end.exit_code, end.output[-500:]) for end in [*ends, last] if end.exit_code] == []
    assert seen.wrong == []
    all_came_once(settings, files)
    return [end.output for end in ends]


def test_two_runs_at_once_while_files_arrive_lose_nothing_and_double_nothing(settings: Settings) -> None:
    outputs = many_at_once(settings, [RUN, RUN], FILES)
    assert any("waiting for process" in output for output in outputs), outputs


def test_a_run_among_many_that_ingest_loses_nothing_and_doubles_nothing(settings: Settings) -> None:
    many_at_once(settings, [RUN, ("ingest",), ("ingest",), ("ingest", "readings")], FILES)


@pytest.mark.soak
def test_two_hosts_worth_of_processes_on_one_home_lose_nothing_and_double_nothing(settings: Settings) -> None:
    many_at_once(settings, [RUN, ("ingest",), ("ingest", "readings")] * 5, FILES_IN_SOAK)


def hold_the_warehouse(settings: Settings, until: Path) -> None:
    """Keep the warehouse's lock until a file appears."""
    from pipelines import warehouse

    with warehouse.held(settings):
        (settings.home.parent / "held").touch()
        while not until.exists():
            time.sleep(0.05)


def held_elsewhere(settings: Settings, until: Path) -> int:
    """Another process that has the warehouse, and its number."""
    process = forks.SERVER.Process(target=hold_the_warehouse, args=(settings, until))
    process.start()
    while not (settings.home.parent / "held").exists():
        time.sleep(0.05)
    assert process.pid
    return process.pid


def test_who_waits_says_for_whom_and_goes_on_when_it_is_done(settings: Settings, tmp_path: Path) -> None:
    small.deliver(settings, 0)
    holder = held_elsewhere(settings, tmp_path / "enough")
    run = forks.start(settings, *RUN)
    run.go()
    until = time.monotonic() + 30
    while "waiting for" not in run.output.read_text() and time.monotonic() < until:
        time.sleep(0.1)
    (tmp_path / "enough").touch()
    ended = run.ended()
    assert f"warehouse: waiting for process {holder} on {socket.gethostname()} (since " in " ".join(
        ended.output.split()
    )
    assert ended.exit_code == 1  # for the file that is refused


def test_who_has_waited_long_enough_says_who_is_in_the_way(settings: Settings, tmp_path: Path) -> None:
    small.deliver(settings, 0)
    holder = held_elsewhere(settings, tmp_path / "enough")
    ended = forks.run(settings, *RUN, prepare=without_patience)
    (tmp_path / "enough").touch()
    said = " ".join(ended.output.split())
    assert ended.exit_code == 3
    assert f"process {holder} on {socket.gethostname()}" in said
    assert "run again" in said
    assert "Traceback" not in said


def test_the_note_of_a_holder_that_was_killed_misleads_nobody(settings: Settings) -> None:
    note = settings.warehouse.with_suffix(".lock.holder")
    note.parent.mkdir(parents=True)
    note.write_text(json.dumps({"pid": os.getpid(), "host": "elsewhere", "since": "2026-01-01 00:00:00"}))
    small.deliver(settings, 0)
    ended = forks.run(settings, *RUN)
    assert (ended.exit_code, "waiting for" in ended.output) == (1, False)
    assert not note.exists()
