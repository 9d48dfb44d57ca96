"""A DAG for days that have passed: a backfill builds each day's warehouse into a file of its own.

In Airflow's interface: *Trigger* → *Backfill*, with the first and the last day. A run of the day D writes
`warehouse/as_of/D.duckdb` below `FRUITION_HOME`: the whole warehouse as of D, by what is known today. Nothing is
published, recorded or sent. `fruition build --as-of D --known-at T --into FILE` also goes back behind what was known.

It never runs by itself: its schedule starts in a year that nobody will see, which a backfill does not mind.
"""

from __future__ import annotations

from datetime import UTC, datetime

from airflow.sdk import DAG, CronTriggerTimetable, get_current_context, task

from fruition_airflow.defaults import WRITER_POOL, task_defaults
from fruition_airflow.notifiers import TellFailedRun
from fruition_airflow.reporting import tell
from pipelines.settings import Settings

NEVER = datetime(9000, 1, 1, tzinfo=UTC)

with DAG(
    dag_id="look_back",
    description="By backfill only: the warehouse as of a day that has passed, in a file of its own.",
    doc_md=__doc__,
    schedule=CronTriggerTimetable("0 0 * * *", timezone="UTC"),  # a backfill's dates are UTC: one run a day
    start_date=NEVER,
    catchup=False,
    on_failure_callback=TellFailedRun(),
    max_active_runs=1,
    tags={"warehouse"},
    default_args=task_defaults(pool=WRITER_POOL, priority_weight=1),
):

    @task
    def build() -> str:
        """The warehouse as of the run's date, into its own file."""
        from pipelines.transform import build
        from pipelines.warehouse import held, load

        settings, run = Settings.from_environment(), get_current_context()["dag_run"]
        day = (run.logical_date or run.run_after).astimezone(UTC).date()
        with held(settings):
            load(settings)
            built = build(settings, as_of=day, into=settings.looked_back_to(day))
        tell({"as_of": str(built.as_of), "warnings": len(built.warnings)})
        return str(built.file)

    build()
