"""The services of docker-compose.yml, started from that file as processes of this machine until each is well."""

from __future__ import annotations

import json
import subprocess
import time
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import psycopg
import pytest

from pipelines.settings import REPOSITORY
from scripts.make_secrets import make_secrets
from tests.compose.reading import configuration
from tests.compose.running import Machine
from tests.dags.station import FEED, GOOD
from tests.postgres import program, running_cluster

PATIENCE = 300.0  # seconds; a tenth of it on an idle machine


@pytest.fixture
def machine(tmp_path: Path) -> Iterator[Machine]:
    """PostgreSQL as its image would prepare it, and nothing else yet."""
    for folder in ("secrets", "feeds", "data/landing/crm_nps", "logs"):
        (tmp_path / folder).mkdir(parents=True)
    (tmp_path / "feeds" / "crm_nps.yml").write_text(FEED)
    make_secrets(tmp_path / "secrets")
    document = configuration(tmp_path, "celery", FRUITION_EXECUTOR="CeleryExecutor", FRUITION_WORKER_CONCURRENCY="1")
    with running_cluster(tmp_path) as cluster:
        machine = Machine(document, tmp_path, tmp_path / "secrets", tmp_path / "feeds")
        machine.ports["postgres"] = cluster.port
        machine.environment("postgres")  # which lays out its secrets
        prepare_database(machine, "metadata.sql", cluster.url, "postgres")
        try:
            yield machine
        finally:
            machine.stop()


def prepare_database(machine: Machine, script: str, url: str, service: str) -> None:
    """Run what the image of PostgreSQL runs once, on a new volume."""
    text = machine.here(service, (REPOSITORY / "docker" / script).read_text())
    command = [str(program("psql")), "--set", "ON_ERROR_STOP=1", "--no-psqlrc", "--quiet", url]
    subprocess.run(command, input=text, text=True, check=True, timeout=60)


@pytest.fixture
def serving(tmp_path: Path) -> Iterator[Machine]:
    (tmp_path / "secrets").mkdir()
    make_secrets(tmp_path / "secrets")
    with running_cluster(tmp_path) as cluster:
        machine = Machine(configuration(tmp_path, "bi"), tmp_path, tmp_path / "secrets", tmp_path)
        machine.environment("serving")
        prepare_database(machine, "serving.sql", cluster.url, "serving")
        machine.ports["serving"] = cluster.port
        yield machine


def test_every_service_gets_well_and_a_task_runs_on_a_worker_without_the_metadata_s_secrets(machine: Machine) -> None:
    assert is_ready(machine, "postgres")
    assert machine.start("init").wait(PATIENCE) == 0, machine.last_lines("init")
    for name in ("messages", "broker"):
        machine.start(name)
        machine.wait_until_healthy(name, 30)
        assert not answers_without_password(machine, name)
    for name in ("api-server", "scheduler", "dag-processor", "triggerer", "worker"):
        machine.start(name)
    if has_command("listen"):
        machine.start("listener")
        machine.wait_until_healthy("listener", PATIENCE)
    for name in ("api-server", "scheduler", "dag-processor", "triggerer", "worker"):
        machine.wait_until_healthy(name, PATIENCE)

    told = json.dumps(machine.environment("worker"))
    metadata = (machine.folder / "secrets" / "airflow_database_password").read_text()
    assert metadata not in told and "SQL_ALCHEMY_CONN" not in told and "JWT" not in told and "FERNET" not in told
    assert not any(metadata in path.read_text() for path in (machine.folder / "worker" / "secrets").iterdir())

    api = Api(machine)
    eventually(lambda: {dag["dag_id"] for dag in api.call("/api/v2/dags")["dags"]} >= {"ingest_crm_nps", "warehouse"})
    (machine.folder / "data" / "landing" / "crm_nps" / "nps.csv").write_text(GOOD)
    run = api.call("/api/v2/dags/ingest_crm_nps/dagRuns", {"logical_date": None})["dag_run_id"]
    eventually(lambda: api.call(f"/api/v2/dags/ingest_crm_nps/dagRuns/{run}")["end_date"] is not None)
    tasks = api.call(f"/api/v2/dags/ingest_crm_nps/dagRuns/{run}/taskInstances")["task_instances"]
    assert {task["state"] for task in tasks} == {"success"}, machine.last_lines("worker")
    assert {task["executor"] or "CeleryExecutor" for task in tasks} == {"CeleryExecutor"}
    assert "received" in machine.log("worker").read_text()
    [manifest] = (machine.folder / "data" / "lake" / "_manifests" / "crm_nps").glob("*.json")
    assert json.loads(manifest.read_text())["status"] == "accepted"
    secrets = [
        path.read_text() for path in machine.secrets.iterdir() if path.name.endswith(("_password", "_key", "_secret"))
    ]
    logs = "".join(path.read_text("utf-8", "replace") for path in machine.folder.glob("*.log"))
    assert not any(secret in logs for secret in secrets)


def test_the_serving_database_has_a_writer_and_a_reader_who_only_reads(serving: Machine) -> None:
    def connect(user: str, database: str = "fruition") -> psycopg.Connection[Any]:
        password = (serving.secrets / f"serving_{user}_password").read_text()
        url = f"postgresql://{user}:{password}@127.0.0.1:{serving.ports['serving']}/{database}"
        return psycopg.connect(url, autocommit=True)

    with connect("fruition") as writer:
        writer.execute("create schema marts")
        writer.execute("create table marts.x as select 1 as a")
    with connect("reader") as reader:
        assert reader.execute("select a from marts.x").fetchall() == [(1,)]
        reader.execute("set default_transaction_read_only = off")
        for forbidden in ("create schema mine", "delete from marts.x", "create table marts.y (a integer)"):
            with pytest.raises(psycopg.errors.InsufficientPrivilege):
                reader.execute(forbidden.encode())
    with pytest.raises(psycopg.OperationalError, match="permission denied for database"):
        connect("reader", "superset")
    with connect("superset", "superset") as superset:
        superset.execute("create schema mine")


class Api:
    """Airflow's API, as the user that `make secrets` made."""

    def __init__(self, machine: Machine) -> None:
        self.port = machine.ports["api-server"]
        self.token = ""
        password = json.loads((machine.secrets / "airflow_passwords").read_text())["admin"]
        self.token = self.call("/auth/token", {"username": "admin", "password": password})["access_token"]

    def call(self, path: str, body: dict[str, Any] | None = None) -> Any:
        request = urllib.request.Request(f"http://127.0.0.1:{self.port}{path}")
        request.add_header("Content-Type", "application/json")
        if self.token:
            request.add_header("Authorization", f"Bearer {self.token}")
        with urllib.request.urlopen(request, None if body is None else json.dumps(body).encode(), timeout=30) as answer:
            return json.load(answer)


def is_ready(machine: Machine, name: str) -> bool:
    """PostgreSQL's health check with this machine's port, which the check leaves at its default."""
    _, _, *words = machine.service(name)["healthcheck"]["test"]
    command = [str(program("pg_isready")), *words, "-p", str(machine.ports[name])]
    return subprocess.run(command, check=False, timeout=30).returncode == 0


def answers_without_password(machine: Machine, name: str) -> bool:
    command = ["redis-cli", "-p", str(machine.ports[name]), "ping"]
    return "PONG" in subprocess.run(command, capture_output=True, text=True, check=True, timeout=30).stdout


def has_command(name: str) -> bool:
    from typer.main import get_command

    from pipelines.cli import app

    return name in getattr(get_command(app), "commands", {})


def eventually(holds: Callable[[], bool]) -> None:
    until = time.monotonic() + PATIENCE
    while not holds():
        assert time.monotonic() < until
        time.sleep(1)
