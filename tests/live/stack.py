"""Airflow's four components as local processes, on PostgreSQL, with feeds and data of their own.

Each component can be killed and started again. What it shows is asked of the API, of the lake and of what is published.
"""

from __future__ import annotations

import os
import signal
import subprocess
import time
from collections import Counter
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

import duckdb
import httpx
import yaml

from pipelines.feeds import load_feeds
from pipelines.lake import Lake, Manifest
from pipelines.settings import Settings
from scripts.airflow_home import USER, airflow_environment, component_environment, new_password
from scripts.airflow_live import COMPONENTS, session_of, start_process, stop_processes, unhealthy_components
from tests.postgres import Cluster, free_port

HEALTHY_WITHIN = 180.0  # seconds; about 30 on two idle cores
PATIENCE = 180.0  # seconds; what one event leads to takes about 5 on two idle cores
LOOK_EVERY = 0.1  # seconds
ASKING = "refusals"  # the DAG whose runs wait for a person's answer
LISTENER = "listener"  # no component of Airflow: `fruition listen`
READINGS: dict[str, Any] = {
    "source": {"kind": "landing", "pattern": "*.csv"},
    "format": {"reader": "csv"},
    "arrival": "atomic",
    "delivers": [
        {"contract": "kpi_reading", "columns": {"kpi_id": "kpi", "period_start": "day", "value": "value"}},
    ],
}


class Stack:
    """A live Airflow, on PostgreSQL or, without, on SQLite.

    `environment` is what its processes have been told; a test may read it, not change it.
    """

    def __init__(self, folder: Path, postgres: Cluster | None, **told: str) -> None:
        self.folder, self.postgres = folder, postgres
        self.settings = Settings(home=folder / "home", feeds=folder / "feeds")
        self.settings.feeds.mkdir(parents=True)
        port = free_port()
        given = {name: value for name, value in os.environ.items() if not name.startswith(("AIRFLOW", "FRUITION"))}
        self.environment = airflow_environment(
            given
            | {
                "FRUITION_HOME": str(self.settings.home),
                "FRUITION_FEEDS": str(self.settings.feeds),
                "AIRFLOW__API__PORT": str(port),
                "AIRFLOW__CORE__DEFAULT_TASK_RETRY_DELAY": "2",
            }
            | (
                {"AIRFLOW__DATABASE__SQL_ALCHEMY_CONN": postgres.url.replace("postgresql://", "postgresql+psycopg2://")}
                if postgres
                else {}
            )
            | told
        )
        self.logs = folder / "logs"
        self.logs.mkdir()
        self.running: dict[str, subprocess.Popen[bytes]] = {}
        self.api = httpx.Client(base_url=f"http://127.0.0.1:{port}", timeout=30)

    def add_feed(self, name: str, **keys: Any) -> None:
        """A feed of readings from CSV, with some keys changed; its DAG is there once its file has been parsed."""
        (self.settings.feeds / f"{name}.yml").write_text(yaml.safe_dump(READINGS | keys))

    def start(self) -> None:
        """Prepare the metadata, start every component, and wait until all are healthy and every DAG is there."""
        log = self.logs / "prepare.log"
        assert start_process(("-m", "scripts.airflow_home"), self.environment, log).wait() == 0, log.read_text()
        password = new_password(self.environment)
        for name in COMPONENTS:
            self.start_component(name)
        self.wait_until_healthy()
        token = self.api.post("/auth/token", json={"username": USER, "password": password}).raise_for_status().json()
        self.api.headers["Authorization"] = f"Bearer {token['access_token']}"
        wanted = {f"ingest_{feed}" for feed in load_feeds(self.settings.feeds)} | {"warehouse"}
        eventually(lambda: wanted <= {dag["dag_id"] for dag in self.get("/dags")["dags"]}, "every DAG is there")

    def stop(self) -> None:
        self.api.close()
        stop_processes(list(self.running.values()))

    def start_component(self, name: str) -> None:
        command = ("pipelines", "listen") if name == LISTENER else ("airflow", *COMPONENTS[name])
        environment = component_environment(name, self.environment)
        self.running[name] = start_process(("-m", *command), environment, self.logs / f"{name}.log")

    def kill(self, name: str) -> None:
        """`kill -9`: the component and whatever it has started, as when its machine or its container dies."""
        process = self.running[name]
        while members := session_of(process.pid):
            for member in members:
                with suppress(ProcessLookupError):
                    os.kill(member, signal.SIGKILL)
            process.poll()
            time.sleep(LOOK_EVERY)
        process.wait()

    def kill_task(self) -> bool:
        """`kill -9` of a process that runs a task, where there is one: the children of the scheduler's workers."""
        members = session_of(self.running["scheduler"].pid)
        parents = {member: _parent(member) for member in members}
        workers = {member for member, parent in parents.items() if parent == self.running["scheduler"].pid}
        tasks = [member for member, parent in parents.items() if parent in workers]
        for task in tasks[:1]:
            with suppress(ProcessLookupError):
                os.kill(task, signal.SIGKILL)
        return bool(tasks)

    def restart(self, name: str) -> None:
        """`kill -9`, and start again at once."""
        self.kill(name)
        self.start_component(name)

    def revive(self) -> None:
        """Start again what has ended, as a service manager does: a component that finds no database gives up."""
        for name, process in list(self.running.items()):
            if process.poll() is not None:
                self.start_component(name)

    def wait_until_healthy(self) -> None:
        eventually(lambda: not unhealthy_components(str(self.api.base_url)), "Airflow is healthy", HEALTHY_WITHIN)

    def get(self, path: str, **parameters: Any) -> Any:
        return self.api.get(f"/api/v2{path}", params=parameters).raise_for_status().json()

    def send(self, method: str, path: str, body: dict[str, Any]) -> Any:
        return self.api.request(method, f"/api/v2{path}", json=body).raise_for_status().json()

    def pause(self, dag_id: str, is_paused: bool) -> None:
        self.send("PATCH", f"/dags/{dag_id}", {"is_paused": is_paused})

    def runs(self, dag_id: str, **wanted: Any) -> list[dict[str, Any]]:
        """A DAG's runs, the newest first."""
        found: list[dict[str, Any]] = self.get(f"/dags/{dag_id}/dagRuns", order_by="-run_after", limit=100, **wanted)[
            "dag_runs"
        ]
        return found

    def wait_until_quiet(self) -> None:
        """Wait until no run is due or under way, and has not been for some looks: events lead to runs only after a moment."""
        quiet = 0
        until = time.monotonic() + PATIENCE
        while quiet < 4:
            assert time.monotonic() < until, "Airflow does not come to rest."
            busy = [run for run in self.runs("~", state=["queued", "running"]) if run["dag_id"] != ASKING]
            quiet = 0 if busy else quiet + 1
            time.sleep(0.5)

    def drop(self, feed: str, name: str, text: str) -> float:
        """Put a whole file into a feed's landing folder by renaming it, and return when that was."""
        folder = self.settings.landing / feed
        folder.mkdir(parents=True, exist_ok=True)
        part = folder / f".{name}.part"
        part.write_text(text)
        part.rename(folder / name)
        return time.time()

    def deliveries(self, feed: str) -> list[Manifest]:
        """What the lake holds of a feed's deliveries."""
        return list(Lake(self.settings.lake).manifests(feed))

    def ended(self, feed: str, name: str) -> list[str]:
        """How the deliveries of one file's name ended."""
        return [manifest.status for manifest in self.deliveries(feed) if manifest.name == name]

    def published(self, query: str) -> list[tuple[Any, ...]]:
        """The rows of a query on what is published; none while nothing is."""
        if not self.settings.published.exists():
            return []
        with duckdb.connect(str(self.settings.published), read_only=True) as connection:
            return connection.execute(query).fetchall()

    def names_published(self, feed: str) -> Counter[str]:
        """How often each file's name is among the published deliveries of a feed that were accepted."""
        query = f"select name from meta.delivery where feed = '{feed}' and status = 'accepted'"
        return Counter(name for (name,) in self.published(query))

    def builds(self) -> int:
        """How many builds have been recorded."""
        return len(list((self.settings.lake / "_builds").glob("[0-9]*.json")))

    def wait_until_published(self, feed: str, *names: str, patience: float = PATIENCE) -> float:
        """Wait until each file is published, once, and return when that was."""
        wanted = Counter(names)
        eventually(lambda: wanted <= self.names_published(feed), f"{', '.join(names)} of {feed} is published", patience)
        return time.time()


def _parent(process: int) -> int:
    try:
        return int(Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()[1])
    except OSError:  # it has ended
        return 0


def readings(kpi: str, count: int = 3) -> str:
    """A file of so many readings of a KPI."""
    return "kpi,day,value\n" + "".join(f"{kpi},2026-{month:02}-01,{month}\n" for month in range(1, count + 1))


def eventually(holds: Callable[[], bool], what: str, patience: float = PATIENCE) -> None:
    """Wait until it holds."""
    until = time.monotonic() + patience
    while not holds():
        assert time.monotonic() < until, f"Not within {patience:.0f} s: {what}."
        time.sleep(LOOK_EVERY)
