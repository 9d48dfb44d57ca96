"""One DAG: the lake's batches -> the warehouse -> what is published.

It runs when any feed's batch has arrived, and once a night whatever came. One run at a time: batches that arrive during
a run wake one next run together.
"""

from __future__ import annotations

from dataclasses import asdict
from datetime import date
from zoneinfo import ZoneInfo

from airflow.sdk import (
    DAG,
    Asset,
    AssetAny,
    AssetOrTimeSchedule,
    CronTriggerTimetable,
    ExceptionRetryPolicy,
    Param,
    RetryAction,
    RetryRule,
    chain,
    get_current_context,
    task,
)
from airflow.sdk.exceptions import AirflowRuntimeError

from pipelines.errors import SourceUnavailable
from pipelines.feeds import feed_files
from pipelines.settings import Settings

NIGHTLY = "0 4 * * *"  # after the feeds' own sweeps
WRITER_POOL = "duckdb_writer"  # one slot: DuckDB lets one process write, and none read meanwhile

# A task that was killed is tried again too: no policy is asked then. Anything else somebody has to mend.
ONLY_WHAT_TIME_MENDS = ExceptionRetryPolicy(
    rules=[
        RetryRule([SourceUnavailable, AirflowRuntimeError], RetryAction.RETRY),
        RetryRule(Exception, RetryAction.FAIL),
    ]
)

SETTINGS = Settings.from_environment()
TIMETABLE = CronTriggerTimetable(NIGHTLY, timezone=SETTINGS.timezone)
# By file name, not by content: a feed whose file is being mended stays among the warehouse's sources.
RAW = [Asset(f"raw_{path.stem}") for path in feed_files(SETTINGS.feeds)]

with DAG(
    dag_id="warehouse",
    description="Any batch, or the nightly hour -> load, transform, publish.",
    doc_md=__doc__,
    schedule=AssetOrTimeSchedule(timetable=TIMETABLE, assets=AssetAny(*RAW)) if RAW else TIMETABLE,
    catchup=False,
    max_active_runs=1,
    tags={"warehouse"},
    params={
        "as_of": Param(
            None,
            type=["null", "string"],
            format="date",
            description="The business date reported on, not before the last build's. Empty: the day the run was due.",
        )
    },
    default_args={
        "owner": "fruition",
        "pool": WRITER_POOL,
        "retries": 3,
        "retry_exponential_backoff": 2.0,
        "retry_policy": ONLY_WHAT_TIME_MENDS,
    },
):

    @task
    def load() -> dict[str, int]:
        """Deliveries that the warehouse does not know yet go in, each in one transaction."""
        from pipelines.warehouse import load

        return asdict(load(Settings.from_environment()))

    @task
    def transform() -> dict[str, int]:
        """dbt: staging, core, gaps, marts, and their tests."""
        from pipelines.transform import build

        settings, context = Settings.from_environment(), get_current_context()
        given = context["params"]["as_of"]
        due_on = context["dag_run"].run_after.astimezone(ZoneInfo(settings.timezone)).date()  # the same for every try
        built = build(settings, as_of=date.fromisoformat(given) if given else due_on)
        return {"nodes": built.nodes, "warnings": len(built.warnings)}

    @task
    def publish() -> dict[str, int]:
        """Swap in the read-only copy, after every test has passed."""
        from pipelines.publish import publish

        return publish(Settings.from_environment()).rows

    @task(pool="default_pool")  # it only reads what is published
    def serve() -> dict[str, int]:
        """Copy what is published to the serving PostgreSQL; where that is away, nothing else waits for it."""
        from pipelines.serve import serve

        served = serve(Settings.from_environment())
        return served.rows if served else {}

    chain(load(), transform(), publish(), *([serve()] if SETTINGS.serve_url else []))
