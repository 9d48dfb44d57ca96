"""What is asked of a person about a refused delivery, and what comes of the answer, by Airflow's own runner and API."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest

from tests.dags.station import Station, states
from tests.receivers import Receiver

HALF_SOUND = "week,score\n2026-01-05,41\n2026-01-12,salary of Jo\n"
REPLAY, OVERRIDE, LEAVE = "Replay", "Override the tolerance once", "Leave refused"
NO_REASON: list[dict[str, Any]] = [{"reason": None}, {"reason": "  "}, {}]


@pytest.fixture
def refused(station: Station) -> str:
    """The batch of a delivery that was refused for its tolerance."""
    station.add_feed("crm_nps")
    station.drop("crm_nps", "nps.csv", HALF_SOUND)
    return refuse(station)


def refuse(station: Station) -> str:
    from pipelines.feeds import load_feeds
    from pipelines.night import sweep
    from pipelines.settings import Settings

    (outcome,) = sweep(Settings.from_environment(), load_feeds(station.feeds)).refused
    return f"{outcome.feed}/{outcome.batch_id}"


def standing(station: Station) -> list[tuple[str, str | None, str | None]]:
    from pipelines.lake import Lake
    from pipelines.lake import standing as standing_attempts
    from pipelines.settings import Settings

    found = standing_attempts(Lake.of(Settings.from_environment()).manifests())
    return [(one.status, one.override_reason, one.override_by) for one in found]


@contextmanager
def answering(*answers: tuple[str, dict[str, Any]]) -> Iterator[list[Any]]:
    """Someone who answers whatever is asked, in turn, by the function of Airflow's REST API; what was asked."""
    asked: list[Any] = []
    done = threading.Event()

    def answer() -> None:
        for chosen, form in answers:
            while not done.is_set() and not _is_answered(chosen, form, asked):
                time.sleep(0.2)

    person = threading.Thread(target=answer)
    person.start()
    try:
        yield asked
    finally:
        done.set()
        person.join()


def _is_answered(chosen: str, form: dict[str, Any], asked: list[Any]) -> bool:
    from sqlalchemy.exc import OperationalError

    try:
        return _answer(chosen, form, asked)
    except OperationalError:  # SQLite was busy: a person who gave up would leave the run waiting for ever
        return False


def _answer(chosen: str, form: dict[str, Any], asked: list[Any]) -> bool:
    from airflow.api_fastapi.auth.managers.simple.user import SimpleAuthManagerUser
    from airflow.api_fastapi.core_api.datamodels.hitl import UpdateHITLDetailPayload
    from airflow.api_fastapi.core_api.routes.public.hitl import update_hitl_detail
    from airflow.models.hitl import HITLDetail
    from airflow.models.taskinstance import TaskInstance
    from airflow.utils.session import create_session
    from sqlalchemy import select

    with create_session() as session:
        waiting = select(HITLDetail).join(TaskInstance, TaskInstance.id == HITLDetail.ti_id)
        waiting = waiting.where(TaskInstance.state == "awaiting_input", HITLDetail.responded_at.is_(None))
        detail = session.scalars(waiting).first()
        if detail is None:
            return False
        question = detail.subject, detail.body, detail.options
        instance = detail.task_instance
        payload = UpdateHITLDetailPayload(chosen_options=[chosen], params_input=form)
        user = SimpleAuthManagerUser(username="ada", role="op")
        update_hitl_detail(instance.dag_id, instance.run_id, "ask", payload, user, session)
    asked.append(question)
    return True


def events(run: Any) -> list[str]:
    from airflow.models.asset import AssetEvent, AssetModel
    from airflow.utils.session import create_session
    from sqlalchemy import select

    with create_session() as session:
        names = select(AssetModel.name).join(AssetEvent, AssetEvent.asset_id == AssetModel.id)
        return list(session.scalars(names.where(AssetEvent.source_run_id == run.run_id)))


def test_an_override_that_a_person_gives_a_reason_for_releases_it_and_wakes_the_warehouse(
    station: Station, refused: str
) -> None:
    with answering((OVERRIDE, {"reason": "The second line is a test."})) as asked:
        run = station.run("refusals", {"batch": refused})
    assert states(run) == {"describe": "success", "ask": "success", "answer": "success"}
    assert standing(station) == [("accepted", "The second line is a test.", "ada")]
    assert events(run) == ["raw_crm_nps"]
    [(subject, body, options)] = asked
    assert subject == "Refused: crm_nps/nps.csv"
    for part in ("crm_nps", "nps.csv", "tolerance", "1 are rejected", "See the reasons", "1 × kpi_reading.value: type"):
        assert part in body
    assert "salary of Jo" not in body
    assert options == [REPLAY, OVERRIDE, LEAVE]


@pytest.mark.parametrize("form", NO_REASON)
def test_an_override_without_a_reason_is_asked_again(station: Station, refused: str, form: dict[str, Any]) -> None:
    with answering((OVERRIDE, form), (OVERRIDE, {"reason": "A test line."})) as asked:
        run = station.run("refusals", {"batch": refused})
    [(_, body, _), again] = asked
    assert "needs a reason" in body
    assert again[1] == body
    assert run.state == "success"
    assert standing(station) == [("accepted", "A test line.", "ada")]


def test_a_replay_releases_it_once_the_feed_is_mended(station: Station, refused: str) -> None:
    text = (station.feeds / "crm_nps.yml").read_text()
    station.add_feed("crm_nps", f'{text}tolerance: {{rejected_rows: "50%"}}\n')
    with answering((REPLAY, {})):
        run = station.run("refusals", {"batch": refused})
    assert standing(station) == [("accepted", None, None)]
    assert events(run) == ["raw_crm_nps"]


@pytest.mark.parametrize("form", [{"reason": "Why not."}, *NO_REASON])
@pytest.mark.parametrize(("answer", "state"), [(REPLAY, "failed"), (LEAVE, "success")])
def test_what_is_not_mended_or_left_stays_refused_and_wakes_nobody(
    station: Station, refused: str, answer: str, state: str, form: dict[str, Any]
) -> None:
    with answering((answer, form)):
        run = station.run("refusals", {"batch": refused})
    assert run.state == state  # whoever asked for a replay hears that it changed nothing
    assert [status for status, *_ in standing(station)] == ["refused"]
    assert events(run) == []


def test_the_form_can_be_sent_without_a_reason(station: Station) -> None:
    ask: Any = station.dag("refusals").get_task("ask")
    reason = ask.params.get_param("reason")
    assert reason.value is None
    assert "null" in reason.schema["type"]  # of any other text field Airflow's form demands one, whatever is chosen


def test_where_nobody_answers_in_time_it_stays_refused(station: Station, refused: str) -> None:
    from datetime import timedelta

    from airflow.jobs.job import Job
    from airflow.jobs.scheduler_job_runner import SchedulerJobRunner
    from airflow.utils.session import create_session

    dag = station.dag("refusals")
    ask: Any = dag.get_task("ask")
    assert (ask.response_timeout, ask.defaults) == (timedelta(days=14), [LEAVE])
    ask.response_timeout = timedelta(seconds=1)
    done = threading.Event()

    def sweep() -> None:  # what the scheduler does every now and then
        while not done.wait(0.5):
            with create_session() as session:
                SchedulerJobRunner.check_awaiting_input_timeouts(scheduler, session=session)

    job: Any = Job
    scheduler = SchedulerJobRunner(job=job())
    sweeping = threading.Thread(target=sweep)
    sweeping.start()
    try:
        run = dag.test(run_conf={"batch": refused})
    finally:
        done.set()
        sweeping.join()
    assert run.state == "success"
    assert [status for status, *_ in standing(station)] == ["refused"]


def test_what_somebody_has_released_meanwhile_is_neither_asked_about_nor_released_again(
    station: Station, refused: str
) -> None:
    from pipelines.refusals import override_once
    from pipelines.settings import Settings

    override_once(Settings.from_environment(), refused, "A test line.", "bo")
    run = station.run("refusals", {"batch": refused})
    assert states(run) == {"describe": "skipped", "ask": "skipped", "answer": "skipped"}
    assert standing(station) == [("accepted", "A test line.", "bo")]


def test_another_rule_is_offered_no_override(station: Station) -> None:
    station.add_feed("crm_nps")
    station.drop("crm_nps", "nps.csv", "wek,score\n2026-01-05,41\n")
    with answering((LEAVE, {})) as asked:
        station.run("refusals", {"batch": refuse(station)})
    [(_, body, options)] = asked
    assert options == [REPLAY, LEAVE]
    assert "Override" not in body


def test_a_feed_s_run_starts_one_run_for_each_delivery_that_it_refuses_and_none_twice(station: Station) -> None:
    from airflow.models.dagrun import DagRun
    from airflow.utils.session import create_session
    from sqlalchemy import select

    from pipelines.lake import Lake
    from pipelines.settings import Settings

    station.add_feed("crm_nps")
    for number in (1, 2):
        station.drop("crm_nps", f"{number}.csv", f"wek,score\n2026-01-05,4{number}\n")
    assert station.run("ingest_crm_nps").state == "failed"
    batches = {f"crm_nps/{one.batch_id}" for one in Lake.of(Settings.from_environment()).manifests()}
    assert len(batches) == 2
    with create_session() as session:
        runs = session.scalars(select(DagRun).where(DagRun.dag_id == "refusals", DagRun.state == "queued")).all()
        found = [run.conf["batch"] for run in runs if run.conf and run.conf["batch"] in batches]
        for run in runs:
            session.delete(run)
    assert sorted(found) == sorted(batches)


def test_a_delivery_that_a_stopped_run_refused_is_asked_about_by_the_next_and_only_once(
    station: Station, refused: str
) -> None:
    from airflow.models.dagrun import DagRun
    from airflow.utils.session import create_session
    from sqlalchemy import select

    for _ in range(2):  # `refused` came without Airflow: nobody has asked
        assert station.run("ingest_crm_nps").state == "success"
    with create_session() as session:
        runs = session.scalars(select(DagRun).where(DagRun.dag_id == "refusals", DagRun.state == "queued")).all()
        found = [run.conf["batch"] for run in runs if run.conf and run.conf["batch"] == refused]
        for run in runs:
            session.delete(run)
    assert found == [refused]


@pytest.mark.parametrize("is_down", [False, True])
def test_the_alert_is_sent_by_the_run_and_waits_where_the_receiver_is_down(
    station: Station, monkeypatch: pytest.MonkeyPatch, is_down: bool
) -> None:
    with Receiver(status=503 if is_down else 200).listening() as receiver:
        monkeypatch.setenv("FRUITION_NOTIFY_URLS", f"json://{receiver.host}/")
        station.add_feed("crm_nps")
        station.drop("crm_nps", "nps.csv", HALF_SOUND)
        batch = refuse(station)
        with answering((LEAVE, {})):
            run = station.run("refusals", {"batch": batch})
        assert run.state == "success"
        assert events(run) == (["outbox"] if is_down else [])
        assert [message["title"] for message in receiver.accepted] == ([] if is_down else ["Refused: crm_nps/nps.csv"])
        receiver.status = 200
        assert station.run("outbox").state == "success"
        assert [message["title"] for message in receiver.accepted] == ["Refused: crm_nps/nps.csv"]
