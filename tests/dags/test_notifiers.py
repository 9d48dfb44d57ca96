"""What Airflow itself tells the data engineer: runs that failed, and runs that are not done in time."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest

from tests.dags.station import GOOD, WITHOUT_ITS_COLUMN, Station
from tests.receivers import Receiver


@pytest.fixture
def receiver(station: Station, monkeypatch: pytest.MonkeyPatch) -> Iterator[Receiver]:
    with Receiver().listening() as listening:
        monkeypatch.setenv("FRUITION_NOTIFY_URLS", f"json://{listening.host}/")
        yield listening


def told(receiver: Receiver) -> list[str]:
    return [message["title"] for message in receiver.accepted]


def failures(receiver: Receiver) -> list[str]:
    return [title for title in told(receiver) if title.startswith("Failed")]


def test_a_run_that_fails_is_told_with_the_task_that_did(station: Station, receiver: Receiver) -> None:
    station.add_feed("crm_nps")
    text = (station.feeds / "crm_nps.yml").read_text()
    station.add_feed("crm_nps", text.replace("contract: kpi_reading", "contract: kpi_raeding"))
    station.drop("crm_nps", "nps.csv", "week,score\n")
    run = station.run("ingest_crm_nps")
    assert run.state == "failed"
    assert told(receiver) == ["Failed: ingest_crm_nps"]
    assert run.run_id in receiver.accepted[0]["message"]
    station.drop("crm_nps", "again.csv", "week,score\n")
    assert station.run("ingest_crm_nps").state == "failed"
    assert told(receiver) == ["Failed: ingest_crm_nps"]  # not again for every file

    station.add_feed("crm_nps", text)
    station.drop("crm_nps", "good.csv", GOOD)
    assert station.run("ingest_crm_nps").state == "failed"  # its task `ingest` has done its work: two are refused
    station.add_feed("crm_nps", text.replace("contract: kpi_reading", "contract: kpi_raeding"))
    station.drop("crm_nps", "and again.csv", "week,score\n")
    assert station.run("ingest_crm_nps").state == "failed"
    assert failures(receiver) == ["Failed: ingest_crm_nps"] * 2

    station.add_feed("crm_nps", text)
    assert station.run("ingest_crm_nps").state == "failed"  # it is refused: the task `ingest` is skipped
    station.add_feed("crm_nps", text.replace("contract: kpi_reading", "contract: kpi_raeding"))
    station.drop("crm_nps", "once more.csv", "week,score\n")
    assert station.run("ingest_crm_nps").state == "failed"
    assert failures(receiver) == ["Failed: ingest_crm_nps"] * 3


def test_a_run_that_fails_for_its_refusals_is_not_told_beside_them(station: Station, receiver: Receiver) -> None:
    station.add_feed("crm_nps")
    station.drop("crm_nps", "nps.csv", WITHOUT_ITS_COLUMN)
    assert station.run("ingest_crm_nps").state == "failed"
    assert "Failed: ingest_crm_nps" not in told(receiver)


def test_a_run_that_is_not_done_in_time_is_told_by_the_triggerer(station: Station, receiver: Receiver) -> None:
    from airflow.triggers.callback import CallbackTrigger

    station.add_feed("crm_nps")
    dags = station.parse().dags
    for dag_id in ("warehouse", "ingest_crm_nps"):
        deadlines: Any = dags[dag_id].deadline
        [deadline] = deadlines
        assert deadline.interval == timedelta(hours=1)
        context = {"dag_run": {"dag_id": dag_id, "dag_run_id": "run 1"}, "deadline": {"id": "1"}}
        trigger = CallbackTrigger(deadline.callback.path, {**deadline.callback.kwargs, "context": context})
        assert _last(trigger)["state"] == "success"
    assert told(receiver) == ["Not done in time: warehouse", "Not done in time: ingest_crm_nps"]
    assert "not done 60 minutes after it was queued" in receiver.accepted[0]["message"]


def _last(trigger: Any) -> dict[str, Any]:
    async def run() -> Any:
        return [event.payload async for event in trigger.run()][-1]

    payload: dict[str, Any] = asyncio.run(run())
    return payload


def test_an_alert_that_nobody_takes_waits_and_fails_nothing_more(station: Station, receiver: Receiver) -> None:
    from fruition_airflow.notifiers import TellLateRun
    from pipelines.outbox import Outbox
    from pipelines.settings import Settings

    receiver.status = 503
    TellLateRun(5)._tell("warehouse", "run/1:+")
    [entry] = Outbox.of(Settings.from_environment()).waiting()
    assert entry.content["title"] == "Not done in time: warehouse"


def test_what_is_no_news_and_alerts_that_nobody_is_set_to_get_send_nothing(
    station: Station, receiver: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    from types import SimpleNamespace

    from fruition_airflow import notifiers

    sent: list[object] = []
    monkeypatch.setattr(notifiers, "_send", sent.append)
    failed: Any = {"dag": SimpleNamespace(dag_id="warehouse"), "run_id": "run 1"}
    notifiers.TellFailedRun().notify(failed)
    notifiers.TellFailedRun().notify(failed | {"run_id": "run 2"})
    assert len(sent) == 1
    monkeypatch.setenv("FRUITION_NOTIFY_URLS", "")
    monkeypatch.setenv("FRUITION_WEBHOOK_URL", f"http://{receiver.host}/")  # a program, which is told of gaps
    monkeypatch.setenv("FRUITION_WEBHOOK_SECRET", "secret")
    notifiers.TellFailedRun().notify(failed | {"dag": SimpleNamespace(dag_id="outbox")})
    notifiers.TellLateRun(5)._tell("warehouse", "run 1")
    assert len(sent) == 1
    assert receiver.requests == []


def test_the_clock_s_dag_tells_of_a_feed_that_fell_silent(
    station: Station, receiver: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    from pipelines import freshness
    from pipelines.settings import now

    station.add_feed("crm_nps")
    station.add_feed("crm_nps", (station.feeds / "crm_nps.yml").read_text() + "freshness: 36h\n")
    assert station.run("freshness").state == "success"
    assert told(receiver) == []
    monkeypatch.setattr(freshness, "now", lambda: now() + timedelta(hours=37))
    for _ in range(2):
        assert station.run("freshness").state == "success"
    assert told(receiver) == ["Silent: crm_nps"]
