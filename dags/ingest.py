"""A DAG a feed: what has arrived -> validated batches in the lake.

The feeds are read from their files each time Airflow parses this one: a new file in the feeds' folder is a new DAG.
A feed file that cannot be read gets none, and does not take the other feeds' DAGs with it: `broken_feeds.py` is where
Airflow then shows what is wrong.
"""

from __future__ import annotations

from dataclasses import asdict

from airflow.sdk import (
    DAG,
    Asset,
    AssetOrTimeSchedule,
    CronTriggerTimetable,
    TriggerRule,
    chain,
    get_current_context,
    get_parsing_context,
    task,
)
from airflow.sdk.exceptions import AirflowFailException, AirflowSkipException

from fruition_airflow import assets
from fruition_airflow.defaults import NO_BACKFILL, task_defaults
from fruition_airflow.notifiers import SOON, TellFailedRun, done_within
from fruition_airflow.refused import ask_about
from fruition_airflow.reporting import tell, tell_lineage
from pipelines import lineage
from pipelines.feeds import Feed, readable_feeds
from pipelines.settings import Settings

DOCUMENTATION = """
{description}

**Owner** {owner} · **delivers** {contracts} · **arrival** {arrival} · **sweep** {sweep}

| task | what it does | when it is not green |
|---|---|---|
| `ingest` | takes what is ready in `landing/{feed}/`, archives and checks it, commits it to the lake | skipped: nothing new, \
the warehouse is not woken; failed: the feed has to be mended, or the source did not answer |
| `report_refusals` | names what was refused, and starts a run of `refusals` for each | failed: somebody has to answer that run, \
or a sender to mend a file; the good ones have gone on |

A run takes whatever has arrived, whatever started it: an event of the asset `landing_{feed}`, which says that something
waits in the folder, the sweep, or a manual trigger. The run's note has its figures. `fruition deliveries {feed}` shows
every delivery and how it ended, `fruition rejects {feed}` the rows that were turned away.
"""


def ingest_dag(settings: Settings, feed: Feed) -> None:
    """Register the DAG of one feed, which its tasks hold by closure."""
    landing, raw = assets.landing(feed.name), assets.raw(feed.name)
    contracts = [entry.contract for entry in feed.delivers]

    with DAG(
        dag_id=f"ingest_{feed.name}",
        description=feed.description.partition("\n")[0] or f"Deliveries of {feed.name} into the lake.",
        doc_md=DOCUMENTATION.format(
            description=feed.description,
            owner=feed.owner or "not named",
            contracts=", ".join(contracts),
            arrival=feed.arrival,
            sweep=f"`{feed.schedule}` ({settings.timezone})" if feed.schedule else "none",
            feed=feed.name,
        ),
        schedule=_schedule(feed, settings.timezone, landing),
        catchup=False,
        max_active_runs=1,
        allowed_run_types=NO_BACKFILL,
        tags={"ingest", *contracts},
        default_args=task_defaults(feed.owner or "fruition"),
        deadline=done_within(SOON),
        on_failure_callback=TellFailedRun(),
    ):

        @task(inlets=[landing], outlets=[raw])
        def ingest() -> None:
            """Take what is ready in the landing folder, check each delivery and commit it to the lake."""
            from pipelines.ingest import figures, ingest
            from pipelines.receive import receive

            settings, context = Settings.from_environment(), get_current_context()
            run, announced = context["ti"], context["dag_run"].run_type == "asset_triggered"
            left = receive(settings, feed, patient=not announced).left
            run.xcom_push("left", [asdict(one) for one in left])
            outcomes = ingest(settings, feed)
            run.xcom_push("outcomes", [outcome.to_json() for outcome in outcomes])
            tell(figures(outcomes), of=raw)
            tell_lineage(lineage.of_ingest(settings, feed.name, contracts))
            # A second try cannot know what the first one had committed when it was stopped: it wakes the warehouse.
            if run.try_number == 1 and not any(outcome.status == "accepted" for outcome in outcomes):
                raise AirflowSkipException("Nothing new was accepted: the warehouse is not woken.")

        @task(trigger_rule=TriggerRule.NONE_FAILED)
        def report_refusals() -> None:
            """Ask about what came to stand refused, in this run or one that was stopped before it could; fail for this one's."""
            from pipelines.refusals import ask_once

            ask_once(Settings.from_environment(), feed.name, ask_about)
            outcomes = get_current_context()["ti"].xcom_pull("ingest", key="outcomes")
            refused = [outcome for outcome in outcomes if outcome["status"] == "refused"]
            if refused:
                reasons = [f"{one['name']}: {one['rule']}: {one['message']} {one['next_step']}" for one in refused]
                count = f"{len(refused)} of {len(outcomes)} deliveries refused:"
                raise AirflowFailException("\n".join([count, *reasons]))

        chain(ingest(), report_refusals())


def _schedule(feed: Feed, timezone: str, landing: Asset) -> AssetOrTimeSchedule | list[Asset]:
    """An event of the landing asset, or the feed's own sweep, which heals whatever event was lost."""
    if feed.schedule is None:
        return [landing]
    return AssetOrTimeSchedule(timetable=CronTriggerTimetable(feed.schedule, timezone=timezone), assets=landing)


SETTINGS = Settings.from_environment()
WANTED = get_parsing_context().dag_id  # the one that a task is about to run; none where the whole file is parsed

for readable in readable_feeds(SETTINGS.feeds)[0].values():
    if WANTED in {None, f"ingest_{readable.name}"}:
        ingest_dag(SETTINGS, readable)
