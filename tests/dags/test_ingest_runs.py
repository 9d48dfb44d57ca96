"""A feed's DAG, run by Airflow's own runner on real files."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from tests.dags.station import GOOD, WITHOUT_ITS_COLUMN, Station, note, states

if TYPE_CHECKING:
    from airflow.models.dagrun import DagRun


@pytest.fixture
def feed(station: Station) -> Station:
    station.add_feed("crm_nps")
    return station


def test_a_good_delivery_goes_into_the_lake_and_wakes_the_warehouse(feed: Station) -> None:
    feed.drop("crm_nps", "nps.csv", GOOD)
    run = feed.run("ingest_crm_nps")
    assert states(run) == {"ingest": "success", "report_refusals": "success"}
    assert run.state == "success"
    assert events(run) == ["raw_crm_nps"]
    [manifest] = manifests(feed)
    assert (manifest["name"], manifest["status"]) == ("nps.csv", "accepted")
    assert not list((feed.home / "landing" / "crm_nps").glob("*.csv"))


def test_where_nothing_arrived_the_warehouse_sleeps_on(feed: Station) -> None:
    run = feed.run("ingest_crm_nps")
    assert states(run) == {"ingest": "skipped", "report_refusals": "success"}
    assert run.state == "success"
    assert events(run) == []


def test_the_same_bytes_again_do_not_wake_the_warehouse(feed: Station) -> None:
    feed.drop("crm_nps", "nps.csv", GOOD)
    feed.run("ingest_crm_nps")
    feed.drop("crm_nps", "nps again.csv", GOOD)
    run = feed.run("ingest_crm_nps")
    assert states(run)["ingest"] == "skipped"
    assert run.state == "success"
    assert events(run) == []
    assert [manifest["status"] for manifest in manifests(feed)] == ["accepted", "repeat"]


def test_a_refused_delivery_reddens_the_run_and_holds_up_no_good_one(
    feed: Station, capfd: pytest.CaptureFixture[str]
) -> None:
    feed.drop("crm_nps", "{{ 7 * 7 }}.csv", WITHOUT_ITS_COLUMN)
    feed.drop("crm_nps", "nps.csv", GOOD)
    run = feed.run("ingest_crm_nps")
    assert states(run) == {"ingest": "success", "report_refusals": "failed"}
    assert run.state == "failed"
    assert events(run) == ["raw_crm_nps"]
    assert sorted(manifest["status"] for manifest in manifests(feed)) == ["accepted", "refused"]
    printed = capfd.readouterr().out
    assert "1 of 2 deliveries refused" in printed
    assert "{{ 7 * 7 }}.csv: missing_column" in printed
    assert tries(run)["report_refusals"] == 1


def test_where_everything_was_refused_the_warehouse_sleeps_on(feed: Station) -> None:
    feed.drop("crm_nps", "nps.csv", WITHOUT_ITS_COLUMN)
    run = feed.run("ingest_crm_nps")
    assert states(run) == {"ingest": "skipped", "report_refusals": "failed"}
    assert events(run) == []


def test_no_cell_of_a_delivery_is_handed_from_task_to_task(feed: Station) -> None:
    feed.drop(
        "crm_nps", "nps.csv", GOOD + "2026-01-19,salary of Jo\n" + "".join(f"2026-0{m}-02,7\n" for m in range(2, 8))
    )
    feed.drop("crm_nps", "refused.csv", "week,score\nsalary of Jo,salary of Jo\n")
    run = feed.run("ingest_crm_nps")
    assert run.state == "failed"
    assert "salary of Jo" not in json.dumps(handed_on(run))
    assert "nps.csv" in json.dumps(handed_on(run))


def test_the_run_s_note_and_the_asset_s_event_have_the_figures_that_matter(feed: Station) -> None:
    more = "".join(f"2026-0{month}-{day:02},7\n" for month in range(2, 9) for day in (2, 9, 16, 23))
    feed.drop("crm_nps", "nps.csv", f"{GOOD}{more}2026-01-19,many\n")
    feed.drop("crm_nps", "wrong.csv", WITHOUT_ITS_COLUMN)
    run = feed.run("ingest_crm_nps")
    assert (run.state, note(run)) == (
        "failed",
        {
            "deliveries accepted": "1",
            "deliveries refused": "1",
            "repeats": "0",
            "rows in": "31",
            "rows accepted": "30",
            "rows rejected": "1",
        },
    )
    [extra] = extras(run)
    assert {"deliveries_accepted": 1, "rows_accepted": 30}.items() <= extra.items()


def test_a_note_that_a_person_has_written_stays(feed: Station, monkeypatch: pytest.MonkeyPatch) -> None:
    from airflow.models.dagrun import DagRun
    from airflow.utils.session import create_session

    from pipelines import ingest

    def ingest_while_someone_writes(*arguments: Any) -> list[ingest.Outcome]:
        with create_session() as session:
            for run in session.query(DagRun).filter_by(dag_id="ingest_crm_nps", state="running"):
                run.note = ("Mind this one.", "admin")
        return []

    monkeypatch.setattr(ingest, "ingest", ingest_while_someone_writes)
    run = feed.run("ingest_crm_nps")
    assert note(run) == {"Mind this one.": ""}


def test_what_time_mends_is_tried_again(feed: Station, monkeypatch: pytest.MonkeyPatch) -> None:
    from pipelines import receive
    from pipelines.errors import SourceUnavailable

    really, silent = receive.receive, iter([True, False])

    def receive_at_second_try(*arguments: Any, **options: Any) -> receive.Received:
        if next(silent):
            raise SourceUnavailable("The share does not answer.")
        return really(*arguments, **options)

    monkeypatch.setattr(receive, "receive", receive_at_second_try)
    feed.drop("crm_nps", "nps.csv", GOOD)
    run = feed.run("ingest_crm_nps")
    assert run.state == "success"
    assert tries(run)["ingest"] == 2


def test_what_somebody_has_to_mend_is_not_tried_again(feed: Station) -> None:
    text = (feed.feeds / "crm_nps.yml").read_text()
    feed.add_feed("crm_nps", text.replace("contract: kpi_reading", "contract: kpi_raeding"))
    feed.drop("crm_nps", "nps.csv", GOOD)
    run = feed.run("ingest_crm_nps")
    assert states(run) == {"ingest": "failed", "report_refusals": "upstream_failed"}
    assert tries(run)["ingest"] == 1

    feed.add_feed("crm_nps", text)
    assert feed.run("ingest_crm_nps").state == "success"
    assert [manifest["status"] for manifest in manifests(feed)] == ["accepted"]


def test_a_try_that_was_stopped_after_its_commit_wakes_the_warehouse_by_the_next(
    feed: Station, monkeypatch: pytest.MonkeyPatch
) -> None:
    from pipelines import ingest
    from pipelines.errors import SourceUnavailable

    really, stopped = ingest.ingest, iter([True, False])

    def stopped_after_its_commit(*arguments: Any) -> list[ingest.Outcome]:
        outcomes = really(*arguments)
        if next(stopped):
            raise SourceUnavailable("Stopped.")
        return outcomes

    monkeypatch.setattr(ingest, "ingest", stopped_after_its_commit)
    feed.drop("crm_nps", "nps.csv", GOOD)
    run = feed.run("ingest_crm_nps")
    assert (states(run)["ingest"], tries(run)["ingest"]) == ("success", 2)
    assert events(run) == ["raw_crm_nps"]
    assert [manifest["status"] for manifest in manifests(feed)] == ["accepted"]


def manifests(feed: Station) -> list[dict[str, Any]]:
    """The committed deliveries of the feed, in order of receipt."""
    folder = feed.home / "lake" / "_manifests" / "crm_nps"
    return [json.loads(Path(path).read_text()) for path in sorted(folder.glob("*.json"))]


def events(run: DagRun) -> list[str]:
    """The assets of which a run sent an event."""
    from airflow.models.asset import AssetEvent, AssetModel
    from airflow.utils.session import create_session
    from sqlalchemy import select

    sent = select(AssetModel.name).join(AssetEvent, AssetEvent.asset_id == AssetModel.id)
    with create_session() as session:
        return list(session.scalars(sent.where(AssetEvent.source_run_id == run.run_id)))


def extras(run: DagRun) -> list[dict[str, Any]]:
    """What the events that a run sent of assets carry."""
    from airflow.models.asset import AssetEvent
    from airflow.utils.session import create_session
    from sqlalchemy import select

    with create_session() as session:
        return list(session.scalars(select(AssetEvent.extra).where(AssetEvent.source_run_id == run.run_id)))


def handed_on(run: DagRun) -> list[Any]:
    """Everything that a run's tasks left for one another."""
    from airflow.models.xcom import XComModel
    from airflow.utils.session import create_session
    from sqlalchemy import select

    with create_session() as session:
        return list(session.scalars(select(XComModel.value).where(XComModel.run_id == run.run_id)))


def tries(run: DagRun) -> dict[str, int]:
    """How often each task of a run was tried."""
    return {instance.task_id: instance.try_number for instance in run.get_task_instances()}
