"""What the data engineer is told of the pipeline itself: refused deliveries, feeds that fell silent, runs that went wrong.

An alert is a message in the outbox, where gap events wait, too: put in durably at once, and sent by whoever runs
`notify` next, until it is accepted. It names feed, file, rule and next step, and never a cell's value.
"""

from __future__ import annotations

import re
from datetime import datetime, timedelta

from pipelines.lake import TIMESTAMP, Manifest, read_json, write_json
from pipelines.locks import hold
from pipelines.messages import one_line
from pipelines.outbox import Entry, Outbox
from pipelines.settings import Settings, now

UNFIT_FOR_A_FILE_NAME = re.compile(r"[^A-Za-z0-9._-]+")
LONGEST_NAME = 150  # characters
QUIET_FOR = timedelta(hours=6)  # before the same DAG's same task is told to have failed again
LOCK_SECONDS = 30.0


def put(settings: Settings, name: str, title: str, *lines: str) -> bool:
    """Put an alert in the outbox; one of that name that waits already stays as it is. Whether there is one to be sent.

    There is none where nobody is to be told.
    """
    if not settings.notify_urls:
        return False
    file_name = UNFIT_FOR_A_FILE_NAME.sub("_", f"alert-{name}")[:LONGEST_NAME]
    content = {"title": one_line(title), "body": "\n".join(one_line(line) for line in lines)}
    Outbox.of(settings).put(Entry(file_name, "message", 0, content, now()))
    return True


def put_refused(settings: Settings, manifest: Manifest) -> None:
    """A delivery was refused."""
    put(
        settings,
        f"refused-{manifest.feed}-{manifest.delivery_id}",
        f"Refused: {manifest.feed}/{manifest.name}",
        f"Rule {manifest.rule}: {manifest.message}",
        f"Next step: {manifest.next_step}",
        f"Batch {manifest.feed}/{manifest.batch_id}: nothing of it counts until it is mended, replayed or released.",
    )


def put_failed_run(settings: Settings, dag_id: str, run_id: str, task_id: str | None, reason: str) -> None:
    """A run in Airflow failed; told again of the same DAG and task only after some hours, however many runs fail."""
    if _was_told_lately(settings, f"{dag_id}/{task_id}"):
        return
    put(
        settings,
        f"failed-{dag_id}-{run_id}",
        f"Failed: {dag_id}",
        f"Run {run_id} failed" + (f" in the task {task_id}." if task_id else ".") + (f" ({reason})" if reason else ""),
        "Next step: read the task's log in Airflow, mend what it names, and trigger the DAG.",
    )


def _was_told_lately(settings: Settings, failure: str) -> bool:
    """Whether a failure was told within `QUIET_FOR`; if not, it counts as told now."""
    path = settings.lake / "_alerts" / "failures.json"
    with hold(path.with_name(".failures.lock"), "alerts", LOCK_SECONDS):
        told = read_json(path) if path.exists() else {}
        recent = {name: at for name, at in told.items() if now() - datetime.strptime(at, TIMESTAMP) < QUIET_FOR}
        if failure in recent:
            return True
        write_json(path, recent | {failure: now().strftime(TIMESTAMP)})
    return False


def put_late_run(settings: Settings, dag_id: str, run_id: str, limit: timedelta) -> None:
    """A run in Airflow has been queued or running for too long."""
    put(
        settings,
        f"late-{dag_id}-{run_id}",
        f"Not done in time: {dag_id}",
        f"Run {run_id} is not done {limit.total_seconds() / 60:.0f} minutes after it was queued.",
        "Next step: see in Airflow whether it waits (scheduler down, pool taken) or works (a large load).",
    )
