"""Airflow's own alerts: a run that failed, and one that is queued or running for too long.

Both go the way of every other alert: into the outbox, and from there to the receivers of messages. What cannot be sent at
once is sent by the next build, night, check of freshness or `fruition notify`.
"""

from __future__ import annotations

import asyncio
import logging
from datetime import timedelta
from typing import Any

from airflow.sdk import BaseNotifier, Context
from airflow.sdk.definitions.callback import AsyncCallback
from airflow.sdk.definitions.deadline import DeadlineAlert, DeadlineReference

from pipelines import alerts
from pipelines.errors import FruitionError
from pipelines.settings import Settings

SOON = timedelta(hours=1)  # queued and done: longer, and somebody should look
REFUSALS = "report_refusals"  # fails a run whose every refused delivery has an alert of its own
log = logging.getLogger(__name__)


class _Notifier(BaseNotifier):
    """A notifier of which nothing is a template."""

    def render_template_fields(self, context: Context, jinja_env: Any = None) -> None:
        """There is nothing to be rendered; and not every DAG that Airflow hands over could."""


class TellFailedRun(_Notifier):
    """For a DAG's `on_failure_callback`: tells the data engineer which run failed, in which task."""

    def notify(self, context: Context) -> None:
        instance = context.get("ti")
        task_id = instance.task_id if instance else None
        if task_id == REFUSALS:
            return
        settings = Settings.from_environment()
        run_id = str(context.get("run_id") or "")
        reason = str(context.get("reason") or "")
        if alerts.put_failed_run(settings, context["dag"].dag_id, run_id, task_id, reason):
            _send(settings)


def forget_failure(context: Context) -> None:
    """For a task that succeeded or had nothing to do, in its own process: its next failure is told again."""
    instance = context["ti"]
    alerts.forget_failure(Settings.from_environment(), instance.dag_id, instance.task_id)


class TellLateRun(_Notifier):
    """For a DAG's deadline, in the triggerer: tells the data engineer which run is not done in time."""

    def __init__(self, minutes: float, context: Context | None = None) -> None:
        super().__init__(context)
        self.minutes = minutes

    async def async_notify(self, context: Context) -> None:
        run: Any = context["dag_run"]  # a plain dictionary, here
        await asyncio.to_thread(self._tell, run["dag_id"], run["dag_run_id"])

    def _tell(self, dag_id: str, run_id: str) -> None:
        settings = Settings.from_environment()
        if alerts.put_late_run(settings, dag_id, run_id, timedelta(minutes=self.minutes)):
            _send(settings)


def done_within(limit: timedelta) -> DeadlineAlert:
    """The deadline of a DAG whose runs are to be done so long after they were queued."""
    return DeadlineAlert(
        name="not done in time",
        reference=DeadlineReference.DAGRUN_QUEUED_AT,
        interval=limit,
        callback=AsyncCallback(TellLateRun, kwargs={"minutes": limit.total_seconds() / 60}),
    )


def _send(settings: Settings) -> None:
    """Send what waits, and with it the alert; what cannot be sent now waits on, and is no second failure."""
    from pipelines.notify import notify

    try:
        notify(settings)
    except (FruitionError, OSError) as error:
        log.warning("The alert is in the outbox, and could not be sent yet: %s", error)
