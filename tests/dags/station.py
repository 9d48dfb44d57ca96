"""Feeds and deliveries for the tests of this folder, and the DAGs that Airflow makes of them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from airflow.dag_processing.dagbag import DagBag
    from airflow.models.dagrun import DagRun
    from airflow.sdk import DAG

FEED = """
description: What customers would recommend, once a week.
owner: customer insight
source: {kind: landing, pattern: "*.csv"}
format: {reader: csv}
arrival: atomic
schedule: "0 2 * * *"
delivers:
  - contract: kpi_reading
    columns: {kpi_id: "'NPS'", period_start: week, value: score}
"""
GOOD = "week,score\n2026-01-05,41\n2026-01-12,43\n"
WITHOUT_ITS_COLUMN = "wek,score\n2026-01-05,41\n"


@dataclass(frozen=True)
class Station:
    """Feeds and data of one test."""

    home: Path
    feeds: Path

    def add_feed(self, name: str, text: str = FEED) -> None:
        (self.feeds / f"{name}.yml").write_text(text)

    def drop(self, feed: str, name: str, text: str) -> None:
        folder = self.home / "landing" / feed
        folder.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text)

    def parse(self) -> DagBag:
        from airflow.dag_processing.dagbag import DagBag

        return DagBag()

    def dag(self, dag_id: str) -> DAG:
        """The DAG, to be run by `test()`: that knows nothing of deadlines, which are the scheduler's, and stops at them."""
        dag = self.parse().dags[dag_id]
        dag.deadline = []
        return dag

    def run(self, dag_id: str, conf: dict[str, Any] | None = None) -> DagRun:
        run: DagRun = self.dag(dag_id).test(run_conf=conf)
        return run


def states(run: DagRun) -> dict[str, str]:
    """The state in which each task of a run ended."""
    return {instance.task_id: str(instance.state) for instance in run.get_task_instances()}


def note(run: DagRun) -> dict[str, str]:
    """The note of a run, its figures by name."""
    from airflow.models.dagrun import DagRunNote
    from airflow.utils.session import create_session
    from sqlalchemy import select

    with create_session() as session:
        content = session.scalar(select(DagRunNote.content).where(DagRunNote.dag_run_id == run.id)) or ""
    return {name: value for name, _, value in (line.strip().partition(": ") for line in content.splitlines())}


def without_settings(environment: Mapping[str, str]) -> dict[str, str]:
    """An environment in which neither Airflow nor Fruition has been told anything."""
    return {name: value for name, value in environment.items() if not name.startswith(("AIRFLOW", "FRUITION"))}
