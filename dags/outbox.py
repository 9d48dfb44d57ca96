"""One DAG: what receivers of gap events did not accept is sent again, until they do.

It is woken when a build's `notify` leaves something waiting, and tries after 30 seconds, then after twice as long each
time, every ten minutes at the most, for about six hours; then it fails, and the next build or night wakes it again.
No build waits for it.
"""

from __future__ import annotations

from datetime import timedelta

from airflow.sdk import DAG, Asset, ExceptionRetryPolicy, RetryAction, RetryRule, task
from airflow.sdk.exceptions import AirflowRuntimeError

from fruition_airflow.notifiers import TellFailedRun
from pipelines.errors import SourceUnavailable
from pipelines.settings import Settings

with DAG(
    dag_id="outbox",
    description="What receivers of gap events did not accept, sent again.",
    doc_md=__doc__,
    schedule=[Asset("outbox")],
    catchup=False,
    on_failure_callback=TellFailedRun(),
    max_active_runs=1,
    tags={"notify"},
    default_args={
        "owner": "fruition",
        "retries": 40,
        "retry_delay": timedelta(seconds=30),
        "retry_exponential_backoff": 2.0,
        "max_retry_delay": timedelta(minutes=10),
        "retry_policy": ExceptionRetryPolicy(
            rules=[
                RetryRule([SourceUnavailable, AirflowRuntimeError], RetryAction.RETRY),
                RetryRule(Exception, RetryAction.FAIL),
            ]
        ),
    },
):

    @task
    def send() -> dict[str, int]:
        """Try everything that waits, now: the pauses in between are this task's."""
        from pipelines.notify import notify

        notified = notify(Settings.from_environment(), at_once=True)
        notified.raise_if_waiting()
        return {"queued": notified.queued, "sent": len(notified.sent)}

    send()
