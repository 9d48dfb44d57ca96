"""The warehouse's DAG, run by Airflow's own runner."""

from __future__ import annotations

from datetime import UTC, date, datetime
from typing import Any

import pytest

from tests.dags.station import GOOD, Station, note, states
from tests.history import History
from tests.receivers import Receiver


def test_what_is_in_the_lake_is_loaded_built_and_published_for_the_date_that_is_asked_for(station: Station) -> None:
    import duckdb

    station.add_feed("crm_nps")
    station.drop("crm_nps", "nps.csv", GOOD)
    assert station.run("ingest_crm_nps").state == "success"
    run = station.run("warehouse", {"as_of": "2026-06-30"})
    assert states(run) == {"build": "success", "notify": "success"}
    told = note(run)
    assert (told["as of"], told["deliveries loaded"], told["rows loaded"], told["build"]) == (
        "2026-06-30",
        "1",
        "2",
        "1",
    )
    with duckdb.connect(str(station.home / "published" / "benefits.duckdb"), read_only=True) as published:
        opened = published.sql("select count(*) from marts.gap_event where event_type = 'opened'").fetchall()
        assert opened == [(int(told["gaps opened"]),)]
        assert told["gaps closed"] == "0"
        assert published.sql("select as_of from meta.build").fetchall() == [(date(2026, 6, 30),)]
        assert published.sql("select feed, status, accepted from meta.delivery").fetchall() == [
            ("crm_nps", "accepted", 2)
        ]
        assert published.sql("select count(*) from core.kpi_reading").fetchall() == [(2,)]


@pytest.mark.parametrize(
    ("due_at", "as_of"),
    [
        (datetime(2026, 7, 1, 22, 59, tzinfo=UTC), date(2026, 7, 1)),
        (datetime(2026, 7, 1, 23, 1, tzinfo=UTC), date(2026, 7, 2)),  # midnight has passed in London, not in UTC
    ],
)
def test_without_a_date_it_is_the_day_the_run_was_due_where_the_organisation_is(
    station: Station, asked: list[date], due_at: datetime, as_of: date
) -> None:
    run = station.dag("warehouse").test(run_after=due_at)
    assert run.state == "success"
    assert asked == [as_of]


def test_a_date_that_is_none_is_not_taken(station: Station, asked: list[date]) -> None:
    with pytest.raises(Exception, match="as_of"):
        station.run("warehouse", {"as_of": "soon"})
    assert asked == []


@pytest.mark.parametrize(
    ("attempts", "error_name", "ends"), [(2, "WarehouseBusy", "success"), (1, "BuildFailed", "failed")]
)
def test_a_busy_warehouse_is_tried_again_and_a_failed_build_is_not(
    station: Station, asked: list[date], monkeypatch: pytest.MonkeyPatch, attempts: int, error_name: str, ends: str
) -> None:
    from pipelines import errors, night, warehouse

    left = [getattr(errors, error_name)("Not now.")]

    def fails_once(*arguments: Any) -> warehouse.Loaded:
        if left:
            raise left.pop()
        return warehouse.Loaded(0, 0, 0)

    monkeypatch.setattr(night, "load", fails_once)
    run = station.run("warehouse")
    assert run.state == ends
    [instance] = [instance for instance in run.get_task_instances() if instance.task_id == "build"]
    assert instance.try_number == attempts
    assert states(run)["notify"] == {"success": "success", "failed": "upstream_failed"}[ends]


@pytest.mark.parametrize(("status", "waiting"), [(200, 0), (503, 1)])
def test_receivers_are_told_last_and_what_they_do_not_take_wakes_the_outbox(
    station: Station, asked: list[date], monkeypatch: pytest.MonkeyPatch, status: int, waiting: int
) -> None:
    from pipelines.notify import webhook
    from pipelines.settings import Settings

    monkeypatch.setattr(webhook, "FIRST_WAIT_SECONDS", 0.0)
    with Receiver(status=status).listening() as receiver:
        monkeypatch.setenv("FRUITION_WEBHOOK_URL", f"http://{receiver.host}/hook")
        monkeypatch.setenv("FRUITION_WEBHOOK_SECRET", "hush")
        History(Settings.from_environment()).build(("opened", "B1"))
        before = outbox_events()
        run = station.run("warehouse")
        assert run.state == "success"
        [told] = [instance for instance in run.get_task_instances() if instance.task_id == "notify"]
        assert told.xcom_pull("notify") == {"queued": 1, "sent": 1 - waiting, "waiting": waiting}
        assert outbox_events() - before == waiting
        receiver.status = 200
        assert station.run("outbox").state == "success"
        assert len(receiver.accepted) == 1


def outbox_events() -> int:
    """How many events of the asset that the DAG `outbox` waits for Airflow has."""
    from airflow.models.asset import AssetEvent, AssetModel
    from airflow.utils.session import create_session
    from sqlalchemy import func, select

    with create_session() as session:
        query = select(func.count()).select_from(AssetEvent).join(AssetModel, AssetModel.id == AssetEvent.asset_id)
        return int(session.scalar(query.where(AssetModel.name == "outbox")) or 0)
