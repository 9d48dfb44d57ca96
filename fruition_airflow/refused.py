"""A run of the DAG `refusals` for each refused delivery, started by the task that reports it."""

from __future__ import annotations

import logging
from collections.abc import Iterable

from airflow.sdk.exceptions import AirflowRuntimeError, ErrorType
from airflow.sdk.execution_time import task_runner
from airflow.sdk.execution_time.comms import ErrorResponse, TriggerDagRun

from pipelines.lake import Manifest

DAG_ID = "refusals"
log = logging.getLogger(__name__)


def ask_about(refused: Iterable[Manifest]) -> bool:
    """Start a run for each refused delivery; one that there is already is left alone. Whether each has one now.

    By the call of which Airflow's own operator is made: a task a delivery would cost every run its start. A run that
    cannot be started is for the log: the refusals are reported, and in the outbox, all the same.
    """
    all_asked = True
    for manifest in refused:
        batch = f"{manifest.feed}/{manifest.batch_id}"
        run_id = batch.replace("/", "__")
        try:
            answer = task_runner.SUPERVISOR_COMMS.send(
                TriggerDagRun(dag_id=DAG_ID, run_id=run_id, conf={"batch": batch}, logical_date=None)
            )
        except AirflowRuntimeError as error:
            answer = error.error
        if isinstance(answer, ErrorResponse) and answer.error != ErrorType.DAGRUN_ALREADY_EXISTS:
            log.error("No run of the DAG %s could be started for batch %s: %s", DAG_ID, batch, answer.error.value)
            all_asked = False
    return all_asked
