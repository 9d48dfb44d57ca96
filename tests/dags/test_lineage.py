"""OpenLineage: which data each task read and wrote, where a transport is configured."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

from pipelines.settings import REPOSITORY
from tests.dags.station import GOOD, Station, without_settings


def test_a_night_s_lineage_reads_from_the_landing_folder_to_the_marts(station: Station, tmp_path: Path) -> None:
    station.add_feed("crm_nps")
    station.drop("crm_nps", "nps.csv", GOOD)
    log = tmp_path / "lineage.jsonl"
    transport = {"type": "file", "log_file_path": str(log), "append": True}
    night(station, AIRFLOW__OPENLINEAGE__TRANSPORT=json.dumps(transport))
    events = [json.loads(line) for line in log.read_text().splitlines()]
    done = {event["job"]["name"]: event for event in events if event["eventType"] == "COMPLETE"}
    home = str(station.home)
    ingest, build = (done[job] for job in ("ingest_crm_nps.ingest", "warehouse.build"))
    assert datasets(ingest, "inputs") == {f"{home}/landing/crm_nps"}
    assert datasets(ingest, "outputs") == {f"{home}/lake/kpi_reading"}
    assert f"{home}/lake/kpi_reading" in datasets(build, "inputs")
    raw = f"{home}/warehouse/benefits.duckdb/raw/kpi_reading"
    assert raw in datasets(build, "outputs")
    marts = {f"{home}/published/{mart}.parquet" for mart in ("realisation_gap", "benefit_register")}
    assert marts <= datasets(build, "outputs")
    parquet = {name for name in datasets(build, "outputs") if name.endswith(".parquet")}
    assert {mart for mart in parquet if not Path(mart).exists()} == set()


def test_without_a_transport_it_is_off() -> None:
    from airflow.providers.openlineage import conf

    assert conf.is_disabled()


def night(station: Station, **told: str) -> None:
    """A night through Airflow's DAGs in a process of its own, which has been told something more."""
    environment = without_settings(os.environ) | {
        "FRUITION_HOME": str(station.home),
        "FRUITION_FEEDS": str(station.feeds),
    }
    environment = {name: value for name, value in environment.items() if not name.startswith("PYTEST")}
    ended = subprocess.run(
        [sys.executable, "-m", "scripts.run_night"],
        env=environment | told,
        cwd=REPOSITORY,
        capture_output=True,
        text=True,
    )
    assert ended.returncode == 0, ended.stdout + ended.stderr


def datasets(event: dict[str, Any], ends: str) -> set[str]:
    """The names of what a task's run read or wrote."""
    assert {dataset["namespace"] for dataset in event[ends]} <= {"file"}
    return {dataset["name"] for dataset in event[ends]}
