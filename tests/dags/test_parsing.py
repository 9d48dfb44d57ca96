"""Which DAGs there are, and when they run."""

from __future__ import annotations

import importlib
import json
import subprocess
import sys
from datetime import timedelta
from itertools import pairwise

import pytest
from airflow.sdk import AssetAny, AssetOrTimeSchedule, CronTriggerTimetable

from tests.dags.station import FEED, Station


def test_every_feed_has_a_dag_and_the_warehouse_has_one(station: Station) -> None:
    station.add_feed("crm_nps")
    station.add_feed("pmo_plan")
    bag = station.parse()
    assert set(bag.dags) == {
        "ingest_crm_nps",
        "ingest_pmo_plan",
        "freshness",
        "look_back",
        "outbox",
        "refusals",
        "warehouse",
    }
    assert not bag.import_errors


def test_what_is_published_is_served_where_there_is_a_database_for_it(
    station: Station, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert "serve" not in station.parse().dags
    monkeypatch.setenv("FRUITION_SERVE_URL", "postgresql://fruition:secret@127.0.0.1/serving")
    [task] = station.dag("serve").tasks  # a DAG of its own: no build waits for a database that is away
    assert task.pool == "default_pool"


def test_a_new_feed_file_is_a_new_dag(station: Station) -> None:
    station.add_feed("crm_nps")
    assert "ingest_pmo_plan" not in station.parse().dags
    station.add_feed("pmo_plan")
    assert "ingest_pmo_plan" in station.parse().dags


def test_without_any_feed_there_is_still_the_nightly_warehouse(station: Station) -> None:
    bag = station.parse()
    assert set(bag.dags) == {"freshness", "look_back", "outbox", "refusals", "warehouse"}
    assert isinstance(bag.dags["warehouse"].timetable, CronTriggerTimetable)


def test_one_run_at_a_time_and_no_catching_up(station: Station) -> None:
    station.add_feed("crm_nps")
    for dag in station.parse().dags.values():
        at_once = 1000 if dag.dag_id == "refusals" else 1  # each waits for a person's answer
        assert (dag.max_active_runs, dag.catchup) == (at_once, False)


def test_a_feed_is_due_at_its_sweep_and_whenever_something_lands(station: Station) -> None:
    station.add_feed("crm_nps")
    timetable = station.dag("ingest_crm_nps").timetable
    assert isinstance(timetable, AssetOrTimeSchedule)
    assert isinstance(timetable.timetable, CronTriggerTimetable)
    assert timetable.timetable.expression == "0 2 * * *"
    assert str(timetable.timetable.timezone) == "Europe/London"
    assert asset_names(timetable.asset_condition) == {"landing_crm_nps"}


def test_a_feed_without_a_sweep_is_due_only_when_something_lands(station: Station) -> None:
    station.add_feed("crm_nps", FEED.replace('schedule: "0 2 * * *"', ""))
    timetable = station.dag("ingest_crm_nps").timetable
    assert not isinstance(timetable, AssetOrTimeSchedule)
    assert asset_names(timetable.asset_condition) == {"landing_crm_nps"}


def test_the_warehouse_is_due_on_any_batch_and_once_a_night(station: Station) -> None:
    station.add_feed("crm_nps")
    station.add_feed("pmo_plan")
    timetable = station.dag("warehouse").timetable
    assert isinstance(timetable, AssetOrTimeSchedule)
    assert isinstance(timetable.timetable, CronTriggerTimetable)
    assert timetable.timetable.expression == "0 4 * * *"
    assert isinstance(timetable.asset_condition, AssetAny)
    assert asset_names(timetable.asset_condition) == {"raw_crm_nps", "raw_pmo_plan"}


def test_only_one_task_at_a_time_writes_the_warehouse(station: Station) -> None:
    from airflow.models.pool import Pool

    station.add_feed("crm_nps")
    dags = station.parse().dags
    pools = {task.task_id: task.pool for task in dags["warehouse"].tasks}
    assert pools.pop("notify") == "default_pool"  # no build waits for a receiver
    assert {*pools.values(), *(task.pool for task in dags["look_back"].tasks)} == {"duckdb_writer"}
    assert {task.pool for task in dags["ingest_crm_nps"].tasks} == {"default_pool"}
    writers = Pool.get_pool("duckdb_writer")
    assert writers is not None
    assert writers.slots == 1


def test_the_tasks_stand_in_the_order_of_the_data_s_way(station: Station) -> None:
    station.add_feed("crm_nps")
    dags = station.parse().dags
    for dag_id, order in (
        ("ingest_crm_nps", ["ingest", "report_refusals"]),
        ("warehouse", ["build", "notify"]),
    ):
        assert [task.task_id for task in dags[dag_id].tasks] == order
        assert all(dags[dag_id].get_task(one).downstream_task_ids == {next_one} for one, next_one in pairwise(order))


def test_the_graph_of_assets_reads_as_the_data_s_way(station: Station) -> None:
    station.add_feed("crm_nps")
    dags = station.parse().dags
    ingest, build = dags["ingest_crm_nps"].get_task("ingest"), dags["warehouse"].get_task("build")
    ways = [{asset.name for asset in ends} for ends in (ingest.inlets, ingest.outlets, build.inlets, build.outlets)]
    assert ways == [{"landing_crm_nps"}, {"raw_crm_nps"}, {"raw_crm_nps"}, {"marts"}]


def test_a_feed_s_landing_folder_is_watched(station: Station) -> None:
    from airflow.serialization.encoders import encode_trigger

    station.add_feed("crm_nps")
    [landing] = station.dag("ingest_crm_nps").get_task("ingest").inlets
    [watcher] = landing.watchers
    assert encode_trigger(watcher.trigger) == {
        "classpath": "fruition_airflow.landing.LandingTrigger",
        "kwargs": {"feed": "crm_nps"},
    }
    assert importlib.import_module("fruition_airflow.landing").LandingTrigger is type(watcher.trigger)


def test_looking_back_never_happens_by_itself(station: Station) -> None:
    dag = station.dag("look_back")
    timetable = dag.timetable
    assert isinstance(timetable, CronTriggerTimetable)
    assert str(timetable.timezone) == "UTC"
    assert dag.start_date is not None
    assert dag.start_date.year == 9000


def test_a_feed_s_dag_says_what_the_feed_is(station: Station) -> None:
    station.add_feed("crm_nps")
    dag = station.dag("ingest_crm_nps")
    assert dag.description == "What customers would recommend, once a week."
    assert dag.tags == {"ingest", "kpi_reading"}
    for told in ("What customers would recommend", "customer insight", "kpi_reading", "0 2 * * *", "Europe/London"):
        assert told in (dag.doc_md or "")
    assert dag.get_task("ingest").owner == "customer insight"


@pytest.mark.parametrize(
    ("text", "key"),
    [
        (FEED.replace("source:", "sorce:"), "sorce"),
        (FEED.replace("reader: csv", "reader: cvs"), "format"),
        (FEED.replace("0 2 * * *", "0 2 * *"), "schedule"),
        (FEED.replace("0 2 * * *", "99 2 * * *"), "schedule"),
        (FEED.replace("contract: kpi_reading", "contract: [kpi_reading]"), "delivers"),
    ],
)
def test_a_broken_feed_is_named_with_its_key_and_the_others_stay_in_service(
    station: Station, text: str, key: str
) -> None:
    station.add_feed("crm_nps", text)
    station.add_feed("pmo_plan")
    bag = station.parse()
    assert set(bag.dags) == {"ingest_pmo_plan", "freshness", "look_back", "outbox", "refusals", "warehouse"}
    [(file, error)] = bag.import_errors.items()
    assert file.endswith("broken_feeds.py")
    assert "crm_nps.yml" in error
    assert key in error
    assert in_service({"ingest_pmo_plan", "warehouse"}) == {"ingest_pmo_plan", "warehouse"}


def test_while_a_feed_is_being_mended_the_warehouse_still_waits_for_it(station: Station) -> None:
    station.add_feed("crm_nps", "sorce: nowhere")
    assert asset_names(station.dag("warehouse").timetable.asset_condition) == {"raw_crm_nps"}


def test_what_waits_is_tried_for_hours_with_growing_pauses_and_stops_no_other_run(station: Station) -> None:
    dag = station.dag("outbox")
    assert asset_names(dag.timetable.asset_condition) == {"outbox"}
    assert dag.max_active_runs == 1
    send = dag.get_task("send")
    assert (send.pool, send.retry_delay, send.retry_exponential_backoff) == ("default_pool", timedelta(seconds=30), 2)
    assert send.max_retry_delay == timedelta(minutes=10)
    assert (send.retries or 0) * 600 > 6 * 3600


def test_parsing_imports_nothing_heavy(station: Station) -> None:
    station.add_feed("crm_nps")
    script = (
        "import json, sys; from airflow.dag_processing.dagbag import DagBag; bag = DagBag(); "
        "print(json.dumps([sorted(bag.dags), sorted(sys.modules)]), file=sys.stderr)"
    )
    ended = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    dags, modules = json.loads(ended.stderr.splitlines()[-1])
    assert dags == ["freshness", "ingest_crm_nps", "look_back", "outbox", "refusals", "warehouse"]
    assert not {"pandas", "duckdb", "dbt", "great_expectations"} & set(modules)


def asset_names(condition: object) -> set[str]:
    """The names of the assets that a schedule waits for."""
    assets = getattr(condition, "objects", [condition])
    return {asset.name for asset in assets}


def in_service(dag_ids: set[str]) -> set[str]:
    """Those of the DAGs that the scheduler would run, after Airflow has taken note of what it parsed."""
    from airflow.dag_processing.bundles.manager import DagBundlesManager
    from airflow.dag_processing.dagbag import BundleDagBag, sync_bag_to_db
    from airflow.models.dag import DagModel
    from airflow.utils.session import create_session

    manager = DagBundlesManager()  # type: ignore[no-untyped-call]  # Airflow's, and untyped there
    with create_session() as session:
        manager.sync_bundles_to_db(session=session)
    [bundle] = manager.get_all_dag_bundles()
    bag = BundleDagBag(dag_folder=bundle.path, bundle_path=bundle.path, bundle_name=bundle.name)
    sync_bag_to_db(bag, bundle.name, bundle.version)
    models = {dag_id: DagModel.get_current(dag_id) for dag_id in dag_ids}
    return {dag_id for dag_id, model in models.items() if model and not model.is_stale and not model.has_import_errors}
