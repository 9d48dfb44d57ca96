"""A plugin: when a run has ended, the figures that its tasks left become its note, where the list of runs shows it.

A task cannot write its run's note: workers have no access to the metadata. The scheduler, which ends the run, can.
"""

from __future__ import annotations

import sys
from typing import Any

from airflow.listeners import hookimpl
from airflow.models.dagrun import DagRun
from airflow.models.xcom import XComModel
from airflow.plugins_manager import AirflowPlugin
from airflow.utils.session import create_session
from sqlalchemy import select
from sqlalchemy.orm import Session, object_session

from fruition_airflow.reporting import NOTE

LONGEST = 1000  # characters, which is what Airflow keeps


@hookimpl
def on_dag_run_success(dag_run: DagRun) -> None:
    """A run has come through."""
    write_note(dag_run)


@hookimpl
def on_dag_run_failed(dag_run: DagRun) -> None:
    """A run has failed; what it did bring is told all the same."""
    write_note(dag_run)


def write_note(dag_run: DagRun) -> None:
    """Give a run the figures of its tasks, a line each, as its note; one that a person has written stays."""
    if session := object_session(dag_run):  # the scheduler's own, in the transaction that ends the run
        _write_note(dag_run, session)
        return
    with create_session() as session:  # `dag.test` has none
        _write_note(session.get_one(DagRun, dag_run.id), session)


def _write_note(dag_run: DagRun, session: Session) -> None:
    if dag_run.dag_run_note is not None and dag_run.dag_run_note.user_id is not None:
        return
    left = session.scalars(
        select(XComModel).where(XComModel.dag_run_id == dag_run.id, XComModel.key == NOTE).order_by(XComModel.timestamp)
    )
    figures: dict[str, Any] = {}
    for entry in left:
        figures |= XComModel.deserialize_value(entry)
    if figures:
        lines = (f"{name.replace('_', ' ')}: {value}" for name, value in figures.items())
        dag_run.note = "  \n".join(lines)[:LONGEST]


class RunNotes(AirflowPlugin):
    """Registers this module's listener."""

    name = "run_notes"
    listeners = [sys.modules[__name__]]  # noqa: RUF012  # as Airflow declares it
