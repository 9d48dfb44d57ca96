"""`make up`: the four components, from start to stop, for real."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from pipelines.settings import REPOSITORY
from scripts import airflow_live
from tests.dags.station import FEED, GOOD, without_settings

DAGS = {"freshness", "ingest_crm_nps", "look_back", "outbox", "refusals", "warehouse"}
PATIENCE = 240.0  # seconds; a tenth of it on an idle machine


@dataclass
class Live:
    """A running `make up`: its process, what it has printed, and a client of its API."""

    home: Path
    port: int
    process: subprocess.Popen[str]
    token: str = field(default="", repr=False)

    @property
    def printed(self) -> str:
        return (self.home / f"up-{self.port}.log").read_text()

    def wait_for(self, text: str) -> None:
        eventually(lambda: text in self.printed or self.process.poll() is not None)
        assert text in self.printed, self.printed

    def call(self, path: str, body: dict[str, Any] | None = None) -> Any:
        request = urllib.request.Request(f"http://127.0.0.1:{self.port}{path}")
        request.add_header("Content-Type", "application/json")
        if self.token:
            request.add_header("Authorization", f"Bearer {self.token}")
        data = None if body is None else json.dumps(body).encode()
        with urllib.request.urlopen(request, data, timeout=30) as answer:
            return json.load(answer)

    def components(self) -> list[int]:
        """The four processes that lead a session each."""
        children = Path(f"/proc/{self.process.pid}/task/{self.process.pid}/children").read_text().split()
        return [int(child) for child in children]


@pytest.fixture
def start(tmp_path: Path) -> Iterator[Callable[[], Live]]:
    (tmp_path / "feeds").mkdir()
    (tmp_path / "feeds" / "crm_nps.yml").write_text(FEED)
    started: list[Live] = []

    def start() -> Live:
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            port = probe.getsockname()[1]
        environment = without_settings(os.environ) | {
            "FRUITION_HOME": str(tmp_path),
            "FRUITION_FEEDS": str(tmp_path / "feeds"),
        }
        command = [sys.executable, "-m", "scripts.airflow_live", "--port", str(port)]
        with (tmp_path / f"up-{port}.log").open("w") as log:
            process = subprocess.Popen(command, env=environment, cwd=REPOSITORY, stdout=log, stderr=log, text=True)
        started.append(Live(tmp_path, port, process))
        return started[-1]

    yield start
    for live in started:
        live.process.terminate()
        live.process.wait(60)


def test_a_file_and_an_event_become_a_batch_and_ctrl_c_leaves_nothing_behind(start: Callable[[], Live]) -> None:
    live = start()
    live.wait_for("Airflow is up")
    password = json.loads((live.home / "airflow" / "passwords.json").read_text())["admin"]
    assert password in live.printed
    for secret in ("passwords.json", "jwt_secret", "fernet_key"):
        assert (live.home / "airflow" / secret).stat().st_mode & 0o777 == 0o600
    assert len((live.home / "airflow" / "jwt_secret").read_text()) == 64

    with pytest.raises(urllib.error.HTTPError, match="401"):
        live.call("/auth/token", {"username": "admin", "password": "admin"})
    live.token = live.call("/auth/token", {"username": "admin", "password": password})["access_token"]
    eventually(lambda: {dag["dag_id"] for dag in live.call("/api/v2/dags")["dags"]} == DAGS)
    assert live.call("/api/v2/importErrors")["total_entries"] == 0
    assert live.call("/api/v2/pools/duckdb_writer")["slots"] == 1

    (live.home / "landing" / "crm_nps").mkdir(parents=True)
    (live.home / "landing" / ".nps.csv").write_text(GOOD)
    (live.home / "landing" / ".nps.csv").rename(live.home / "landing" / "crm_nps" / "nps.csv")
    eventually(lambda: bool(ended(live, "ingest_crm_nps")))
    [manifest] = (live.home / "lake" / "_manifests" / "crm_nps").glob("*.json")
    assert json.loads(manifest.read_text())["status"] == "accepted"
    # beside it one for the nightly hour, where that has passed lately
    eventually(lambda: "asset_triggered" in {run["run_type"] for run in runs(live, "warehouse")})

    [asset] = [asset for asset in live.call("/api/v2/assets")["assets"] if asset["name"] == "landing_crm_nps"]
    eventually(lambda: runs(live, "ingest_crm_nps") == ended(live, "ingest_crm_nps"))
    before = len(runs(live, "ingest_crm_nps"))  # a slow machine is told more than once of the same file
    live.call("/api/v2/assets/events", {"asset_id": asset["id"]})
    eventually(lambda: len(ended(live, "ingest_crm_nps")) == before + 1)
    assert {run["state"] for run in runs(live, "ingest_crm_nps")} == {"success"}

    second = start()
    assert second.process.wait(PATIENCE) == 1
    assert "is up already" in second.printed

    components = live.components()
    assert len(components) == 4
    live.process.send_signal(signal.SIGINT)
    assert live.process.wait(60) == 0
    assert [member for component in components for member in airflow_live.session_of(component)] == []


def test_where_one_component_dies_the_others_are_stopped_and_it_is_said(start: Callable[[], Live]) -> None:
    live = start()
    live.wait_for("Airflow is up")
    components = live.components()
    [triggerer] = [pid for pid in components if "triggerer" in Path(f"/proc/{pid}/cmdline").read_text()]
    os.kill(triggerer, signal.SIGKILL)
    assert live.process.wait(60) == 1
    assert "triggerer has ended (-9)" in live.printed
    assert [member for component in components for member in airflow_live.session_of(component)] == []


def test_a_port_that_is_taken_is_said_before_anything_is_started(start: Callable[[], Live]) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        with pytest.raises(airflow_live.CannotRun, match=f"Port {taken.getsockname()[1]} .* --port"):
            airflow_live._guard_port_is_free("127.0.0.1", taken.getsockname()[1])


def test_what_does_not_end_by_itself_is_ended_with_all_it_started(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    deaf = (
        "import os, signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN)\n"
        "if os.fork() == 0: os.setpgid(0, 0)\n"
        "print('deaf', flush=True); time.sleep(600)"
    )
    monkeypatch.setattr(airflow_live, "STOPPED_WITHIN", 0.5)
    process = airflow_live.start_process(("-c", deaf), os.environ, tmp_path / "deaf.log")
    eventually(lambda: (tmp_path / "deaf.log").read_text().count("deaf") == 2)
    assert len(airflow_live.session_of(process.pid)) == 2
    airflow_live.stop_processes([process])
    assert airflow_live.session_of(process.pid) == []


def runs(live: Live, dag_id: str) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = live.call(f"/api/v2/dags/{dag_id}/dagRuns")["dag_runs"]
    return found


def ended(live: Live, dag_id: str) -> list[dict[str, Any]]:
    return [run for run in runs(live, dag_id) if run["end_date"] is not None]


def eventually(holds: Callable[[], bool]) -> None:
    """Wait until it holds."""
    until = time.monotonic() + PATIENCE
    while not holds():
        assert time.monotonic() < until
        time.sleep(0.5)
