"""One DAG: what receivers of gap events did not accept is sent again, until they do.

It is woken when a build's `notify` leaves something waiting, and tries after 30 seconds, then after twice as long each
time, every ten minutes at the most, for about six hours; then it fails, and the next build or night wakes it again.
No build waits for it.
"""

from __future__ import annotations

from datetime import timedelta

from airflow.sdk import DAG, task

from fruition_airflow.defaults import task_defaults
from fruition_airflow.notifiers import TellFailedRun
from fruition_airflow.receivers import OUTBOX
from pipelines.settings import Settings

with DAG(
    dag_id="outbox",
    description="What receivers of gap events did not accept, sent again.",
    doc_md=__doc__,
    schedule=[OUTBOX],
    catchup=False,
    on_failure_callback=TellFailedRun(),
    max_active_runs=1,
    tags={"notify"},
    default_args=task_defaults(retries=40, retry_delay=timedelta(seconds=30), max_retry_delay=timedelta(minutes=10)),
):

    @task
    def send() -> dict[str, int]:
        """Try everything that waits, now: the pauses in between are this task's."""
        from pipelines.notify import notify

        notified = notify(Settings.from_environment(), at_once=True)
        notified.raise_if_waiting()
        return {"queued": notified.queued, "sent": len(notified.sent)}

    send()
