"""One DAG: whether something good has come from each feed as lately as its `freshness` says.

A feed that has fallen silent wakes nothing: so this has a clock of its own, and is no task of the warehouse, which may run
but once a night. A breach is told once, and once more when it is over; `fruition freshness` says how it stands.
"""

from __future__ import annotations

from airflow.sdk import DAG, CronTriggerTimetable, task

from fruition_airflow.defaults import NO_BACKFILL, task_defaults
from fruition_airflow.notifiers import TellFailedRun
from fruition_airflow.receivers import WAITING, send_waiting
from pipelines.settings import Settings

OFTEN = "*/15 * * * *"

with DAG(
    dag_id="freshness",
    description="Feeds that have fallen silent.",
    doc_md=__doc__,
    schedule=CronTriggerTimetable(OFTEN, timezone=Settings.from_environment().timezone),
    catchup=False,
    max_active_runs=1,
    allowed_run_types=NO_BACKFILL,
    tags={"alerts"},
    default_args=task_defaults(),
    on_failure_callback=TellFailedRun(),
):

    @task(outlets=[WAITING])
    def check() -> list[str]:
        """Put an alert in the outbox for each feed that is late, or is no more, and whatever is set aside; the late feeds."""
        from pipelines.feeds import readable_feeds
        from pipelines.freshness import check_freshness, tell_of_files_left_alone, tell_of_rejected_messages

        settings = Settings.from_environment()
        feeds, _ = readable_feeds(settings.feeds)
        tell_of_rejected_messages(settings)
        tell_of_files_left_alone(settings, feeds.values())
        late = [one.feed for one in check_freshness(settings, feeds.values()) if one.is_late]
        send_waiting(settings)
        return late

    check()
