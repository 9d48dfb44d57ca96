"""What the data engineer is told of the pipeline itself: refused deliveries, feeds that fell silent, runs that went wrong.

An alert is a message in the outbox, where gap events wait, too: put in durably at once, and sent by whoever runs
`notify` next, until it is accepted. It names feed, file, rule and next step, and never a cell's value. Alerts go to people:
the webhook gets gap events only.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from pathlib import Path

from pipelines.lake import TIMESTAMP, Manifest, read_if_sound, write_json
from pipelines.locks import hold
from pipelines.messages import one_line
from pipelines.outbox import Entry, Outbox
from pipelines.settings import Settings, now

UNFIT_FOR_A_FILE_NAME = re.compile(r"[^A-Za-z0-9._-]+")
LONGEST_NAME = 150  # characters
QUIET_FOR = timedelta(hours=6)  # before the same DAG's same task is told to have failed again
LOCK_SECONDS = 30.0
MOST_REFUSED = 5  # refused deliveries of one run that are told one by one


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


def put_more_refused(settings: Settings, manifest: Manifest) -> None:
    """A run has refused more deliveries of a feed than are told one by one; this is the first of the others."""
    put(
        settings,
        f"refused-more-{manifest.feed}-{manifest.delivery_id}",
        f"Refused: more of {manifest.feed}",
        f"One run refused more than {MOST_REFUSED} deliveries of {manifest.feed}; each of the others is told no more.",
        "Next step: `fruition deliveries --status refused` lists them all, with rule and next step.",
    )


def put_failed_run(settings: Settings, dag_id: str, run_id: str, task_id: str | None, reason: str) -> bool:
    """A run in Airflow failed; of the same DAG and task told again once it has succeeded since, or after some hours.

    Whether there is an alert to be sent. It is in the outbox before it counts as told: stopped in between, it is told again
    rather than never.
    """
    failure = _failure(dag_id, task_id)
    with _hold_failures(settings) as path:
        told = _failures_told(path)
        recent = {name: at for name, at in told.items() if now() - datetime.strptime(at, TIMESTAMP) < QUIET_FOR}
        if failure not in recent and put(
            settings,
            f"failed-{dag_id}-{run_id}",
            f"Failed: {dag_id}",
            f"Run {run_id} failed"
            + (f" in the task {task_id}." if task_id else ".")
            + (f" ({reason})" if reason else ""),
            "Next step: read the task's log in Airflow, mend what it names, and trigger the DAG.",
        ):
            write_json(path, recent | {failure: now().strftime(TIMESTAMP)})
            return True
    return False


def forget_failure(settings: Settings, dag_id: str, task_id: str) -> None:
    """A task in Airflow succeeded: its next failure is news again."""
    failure = _failure(dag_id, task_id)
    if failure not in _failures_told(_failures_path(settings)):  # nearly always: no lock is taken for it
        return
    with _hold_failures(settings) as path:
        write_json(path, {name: at for name, at in _failures_told(path).items() if name != failure})


def _failure(dag_id: str, task_id: str | None) -> str:
    return f"{dag_id}/{task_id}"


def _failures_path(settings: Settings) -> Path:
    return settings.lake / "_alerts" / "failures.json"


def _failures_told(path: Path) -> dict[str, str]:
    """When each failure was last told; nothing where that cannot be read: told again rather than never."""
    return read_if_sound(path)


@contextmanager
def _hold_failures(settings: Settings) -> Iterator[Path]:
    path = _failures_path(settings)
    with hold(path.with_name(".failures.lock"), "alerts", LOCK_SECONDS):
        yield path


def put_late_run(settings: Settings, dag_id: str, run_id: str, limit: timedelta) -> bool:
    """A run in Airflow has been queued or running for too long. Whether there is an alert to be sent."""
    return put(
        settings,
        f"late-{dag_id}-{run_id}",
        f"Not done in time: {dag_id}",
        f"Run {run_id} is not done {limit.total_seconds() / 60:.0f} minutes after it was queued.",
        "Next step: see in Airflow whether it waits (scheduler down, pool taken) or works (a large load).",
    )
