"""A DAG a feed: what has arrived -> validated batches in the lake.

The feeds are read from their files each time Airflow parses this one: a new file in the feeds' folder is a new DAG.
A feed file that cannot be read gets none, and does not take the other feeds' DAGs with it: `broken_feeds.py` is where
Airflow then shows what is wrong.
"""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

from airflow.sdk import (
    DAG,
    Asset,
    AssetOrTimeSchedule,
    CronTriggerTimetable,
    ExceptionRetryPolicy,
    RetryAction,
    RetryRule,
    TriggerRule,
    chain,
    get_current_context,
    get_parsing_context,
    task,
)
from airflow.sdk.exceptions import AirflowFailException, AirflowRuntimeError, AirflowSkipException

from pipelines.errors import SourceUnavailable
from pipelines.feeds import Feed, readable_feeds
from pipelines.settings import Settings

# A task that was killed is tried again too: no policy is asked then. Anything else somebody has to mend.
ONLY_WHAT_TIME_MENDS = ExceptionRetryPolicy(
    rules=[
        RetryRule([SourceUnavailable, AirflowRuntimeError], RetryAction.RETRY),
        RetryRule(Exception, RetryAction.FAIL),
    ]
)

DOCUMENTATION = """
{description}

**Owner** {owner} · **delivers** {contracts} · **sweep** {sweep}

| task | what it does | when it is not green |
|---|---|---|
| `receive` | takes what is ready in `landing/{feed}/` into the archive | failed: the source did not answer |
| `ingest` | checks each delivery, commits it to the lake | skipped: nothing new, the warehouse is not woken |
| `report_refusals` | names what was refused | failed: a sender has to mend a file; the good ones have gone on |

A run takes whatever has arrived, whatever started it: the sweep, a manual trigger, or an event of the asset
`landing_{feed}`. `fruition deliveries {feed}` shows every delivery and how it ended, `fruition rejects {feed}` the rows
that were turned away.
"""


def ingest_dag(feed: Feed, timezone: str) -> None:
    """Register the DAG of one feed, which its tasks hold by closure."""
    landing, raw = Asset(f"landing_{feed.name}"), Asset(f"raw_{feed.name}")
    contracts = [entry.contract for entry in feed.delivers]

    with DAG(
        dag_id=f"ingest_{feed.name}",
        description=feed.description.partition("\n")[0] or f"Deliveries of {feed.name} into the lake.",
        doc_md=DOCUMENTATION.format(
            description=feed.description,
            owner=feed.owner or "not named",
            contracts=", ".join(contracts),
            sweep=f"`{feed.schedule}` ({timezone})" if feed.schedule else "none",
            feed=feed.name,
        ),
        schedule=_schedule(feed, timezone, landing),
        catchup=False,
        max_active_runs=1,
        tags={"ingest", *contracts},
        default_args={
            "owner": feed.owner or "fruition",
            "retries": 3,
            "retry_exponential_backoff": 2.0,
            "retry_policy": ONLY_WHAT_TIME_MENDS,
        },
    ):

        @task
        def receive() -> dict[str, Any]:
            """Take what is ready in the landing folder into the archive."""
            from pipelines.receive import receive

            received = receive(Settings.from_environment(), feed)
            return {"claimed": list(received.claimed), "left": [asdict(one) for one in received.left]}

        @task(outlets=[raw])
        def ingest() -> None:
            """Check each received delivery and commit it to the lake."""
            from pipelines.ingest import ingest

            run = get_current_context()["ti"]
            outcomes = ingest(Settings.from_environment(), feed)
            run.xcom_push("outcomes", [outcome.to_json() for outcome in outcomes])
            # A second try cannot know what the first one had committed when it was stopped: it wakes the warehouse.
            if run.try_number == 1 and not any(outcome.status == "accepted" for outcome in outcomes):
                raise AirflowSkipException("Nothing new was accepted: the warehouse is not woken.")

        @task(retries=0, trigger_rule=TriggerRule.NONE_FAILED)
        def report_refusals() -> None:
            """Fail where a delivery was refused."""
            outcomes = get_current_context()["ti"].xcom_pull("ingest", key="outcomes")
            refused = [outcome for outcome in outcomes if outcome["status"] == "refused"]
            if refused:
                reasons = [f"{one['name']}: {one['rule']}: {one['message']} {one['next_step']}" for one in refused]
                count = f"{len(refused)} of {len(outcomes)} deliveries refused:"
                raise AirflowFailException("\n".join([count, *reasons]))

        chain(receive(), ingest(), report_refusals())


def _schedule(feed: Feed, timezone: str, landing: Asset) -> AssetOrTimeSchedule | list[Asset]:
    """An event of the landing asset, or the feed's own sweep, which heals whatever event was lost."""
    if feed.schedule is None:
        return [landing]
    return AssetOrTimeSchedule(timetable=CronTriggerTimetable(feed.schedule, timezone=timezone), assets=landing)


SETTINGS = Settings.from_environment()
WANTED = get_parsing_context().dag_id  # the one that a task is about to run; none where the whole file is parsed

for readable in readable_feeds(SETTINGS.feeds)[0].values():
    if WANTED in {None, f"ingest_{readable.name}"}:
        ingest_dag(readable, SETTINGS.timezone)
