"""One DAG: the lake's batches -> the warehouse -> what is published -> who is told.

It runs when any feed's batch has arrived, and once a night whatever came. One run at a time: batches that arrive during
a run wake one next run together.

| task | what it does | when it is not green |
|---|---|---|
| `build` | loads what is new, builds and tests every model, swaps in the read-only copy | failed: what was published stays |
| `notify` | tells receivers what happened to gaps; `outbox` sends what they refuse | failed: the next build or check sends it |

From the load to what is published it is one task: whoever waits for a gap pays up to two seconds for each further task and
opening of the warehouse, and a second try loads nothing twice. For a day that has passed there is `look_back`.
"""

from __future__ import annotations

from datetime import date
from zoneinfo import ZoneInfo

from airflow.sdk import (
    DAG,
    AssetAny,
    AssetOrTimeSchedule,
    CronTriggerTimetable,
    Param,
    chain,
    get_current_context,
    task,
)

from fruition_airflow import assets
from fruition_airflow.defaults import NO_BACKFILL, WRITER_POOL, task_defaults
from fruition_airflow.notifiers import SOON, TellFailedRun, done_within
from fruition_airflow.receivers import OUTBOX, WAITING
from fruition_airflow.reporting import tell, tell_lineage
from pipelines import lineage
from pipelines.feeds import feed_files
from pipelines.settings import Settings

NIGHTLY = "0 4 * * *"  # after the feeds' own sweeps

SETTINGS = Settings.from_environment()
TIMETABLE = CronTriggerTimetable(NIGHTLY, timezone=SETTINGS.timezone)
# By file name, not by content: a feed whose file is being mended stays among the warehouse's sources.
RAW = [assets.raw(path.stem) for path in feed_files(SETTINGS.feeds)]

with DAG(
    dag_id="warehouse",
    description="Any batch, or the nightly hour -> load, transform, publish, notify.",
    doc_md=__doc__,
    schedule=AssetOrTimeSchedule(timetable=TIMETABLE, assets=AssetAny(*RAW)) if RAW else TIMETABLE,
    catchup=False,
    max_active_runs=1,
    allowed_run_types=NO_BACKFILL,
    tags={"warehouse"},
    params={
        "as_of": Param(
            None,
            type=["null", "string"],
            format="date",
            description="The business date reported on, not before the last build's. Empty: the day the run was due.",
        )
    },
    deadline=done_within(SOON),
    on_failure_callback=TellFailedRun(),
    default_args=task_defaults(pool=WRITER_POOL, priority_weight=10),  # before those who look back
):

    @task(inlets=RAW, outlets=[assets.MARTS])
    def build() -> dict[str, int]:
        """New deliveries go in; then staging, core, gaps, marts and their tests; what passes them all is published."""
        from pipelines.inquiries import gap_changes
        from pipelines.night import load_build_publish

        settings, context = Settings.from_environment(), get_current_context()
        given = context["params"]["as_of"]
        due_on = context["dag_run"].run_after.astimezone(ZoneInfo(settings.timezone)).date()  # the same for every try
        loaded, built, published = load_build_publish(settings, date.fromisoformat(given) if given else due_on)
        tell(
            {
                "as_of": str(built.as_of),
                "deliveries_loaded": loaded.deliveries,
                "rows_loaded": loaded.rows,
                "rows_rejected": loaded.rejects,
                "warnings": len(built.warnings),
                "build": published.seq,
                **gap_changes(settings),
            },
            of=assets.MARTS,
        )
        tell_lineage(lineage.of_build(settings, published.rows))
        return published.rows

    # Not in the writer's pool, and done at the first try: no build waits for a receiver. The DAG `outbox` tries on.
    @task(pool="default_pool", outlets=[WAITING])
    def notify() -> dict[str, int]:
        """Tell receivers what happened to gaps; what they do not accept wakes the DAG `outbox`."""
        from pipelines.notify import notify

        notified = notify(Settings.from_environment())
        if notified.exit_code:
            get_current_context()["outlet_events"][WAITING].add(OUTBOX)
        waiting = len(notified.waiting) if notified.exit_code else 0
        return {"queued": notified.queued, "sent": len(notified.sent), "waiting": waiting}

    chain(build(), notify())
