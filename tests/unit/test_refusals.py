from __future__ import annotations

import re
from dataclasses import dataclass, field, replace
from datetime import timedelta
from pathlib import Path

import pytest

from pipelines import alerts, refusals
from pipelines.errors import ConfigError
from pipelines.lake import Lake, Manifest
from pipelines.landing import Claim
from pipelines.outbox import Outbox
from pipelines.refusals import ask_once, find_refusal, leave_refused, override_once, read_again
from pipelines.settings import now
from tests.door import HEADER, Door, reading, readings

SECRET = "salary of Jo"
HALF_SOUND = HEADER + reading("A") + reading("B", value=SECRET)


@pytest.fixture
def told(door: Door) -> Door:
    told = Door(replace(door.settings, notify_urls=("json://127.0.0.1:1/",)))
    told.feed()
    return told


def refused(door: Door, name: str = "readings.csv") -> str:
    return f"readings/{door.deliver(HALF_SOUND, name).batch_id}"


def messages(door: Door) -> list[dict[str, str]]:
    return [entry.content for entry in Outbox.of(door.settings).waiting()]


def test_a_refused_delivery_is_told_with_rule_and_next_step_and_without_a_cell(told: Door) -> None:
    batch = refused(told, "a `b` @channel.csv")
    (message,) = messages(told)
    assert message["title"] == "Refused: readings/a `b` @ channel.csv"
    for part in ("Rule tolerance:", "1 are rejected", "Next step: See the reasons", batch):
        assert part in message["body"]
    assert SECRET not in str(message)


def test_what_is_accepted_or_a_repeat_is_not_told(told: Door) -> None:
    told.deliver(readings(1))
    told.deliver(readings(1))
    assert messages(told) == []


def test_a_run_that_is_stopped_between_the_commit_and_the_alert_tells_when_it_goes_on(
    told: Door, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as stopped:

        def stop(*arguments: object) -> None:
            raise KeyboardInterrupt

        stopped.setattr(alerts, "put_refused", stop)
        with pytest.raises(KeyboardInterrupt):
            refused(told)
    assert [m.status for m in told.manifests()] == ["refused"]
    assert messages(told) == []
    told.sweep()
    assert len(messages(told)) == len(told.manifests()) == 1


def test_a_run_that_is_stopped_between_the_alert_and_the_claims_release_tells_it_once(
    told: Door, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as stopped:

        def stop(claim: Claim) -> None:
            raise KeyboardInterrupt

        stopped.setattr(Claim, "release", stop)
        with pytest.raises(KeyboardInterrupt):
            refused(told)
    told.sweep()
    assert len(messages(told)) == 1


def test_a_person_sees_the_rule_and_how_many_rows_it_concerns_but_no_cell(told: Door) -> None:
    batch = refused(told, "*a*[b](c)<d>`e`.csv")
    refusal = find_refusal(told.settings, batch)
    assert refusal is not None
    assert (refusal.rule, refusal.is_overridable, refusal.batch) == ("tolerance", True, batch)
    assert [(entry.column, entry.rule, entry.rows) for entry in refusal.rejected] == [("value", "type", 1)]
    shown = refusal.to_text()
    assert shown["rejected"] == "1 × kpi_reading.value: type"
    assert SECRET not in str(shown)
    assert not re.search(r"[`*<>\[\]]", "".join(shown.values()))


def test_an_override_from_outside_the_command_line_does_the_same(told: Door) -> None:
    batch = refused(told)
    stands = override_once(told.settings, batch, "A test line.", "ada")
    assert (stands.status, stands.override_reason, stands.override_by) == ("accepted", "A test line.", "ada")
    assert find_refusal(told.settings, batch) is None


def test_an_answer_given_twice_changes_nothing_more(told: Door) -> None:
    batch = refused(told)
    for _ in range(2):
        assert override_once(told.settings, batch, "A test line.", "ada").status == "accepted"
    assert read_again(told.settings, batch).status == "accepted"
    assert len(told.manifests()) == 2


def test_a_replay_before_anything_is_mended_leaves_it_refused_and_after_it_does_not(told: Door) -> None:
    batch = refused(told)
    assert read_again(told.settings, batch).status == "refused"
    assert leave_refused(told.settings, batch).status == "refused"
    told.feed(tolerance={"rejected_rows": "50%"})
    assert read_again(told.settings, batch).status == "accepted"


def test_only_a_tolerance_can_be_overridden(told: Door) -> None:
    batch = "readings/" + told.deliver("kpi,day\n").batch_id
    refusal = find_refusal(told.settings, batch)
    assert refusal is not None
    assert not refusal.is_overridable
    with pytest.raises(ConfigError, match="cannot be overridden"):
        override_once(told.settings, batch, "A test line.", "ada")
    assert refusal.rejected == ()


@pytest.mark.parametrize("batch", ["readings/0123", "readings", "nobody/0123"])
def test_a_batch_that_nobody_knows_is_asked_back(told: Door, batch: str) -> None:
    with pytest.raises(ConfigError, match="There is no"):
        find_refusal(told.settings, batch)


def test_the_counts_are_left_out_where_the_report_is_gone(told: Door) -> None:
    batch = refused(told)
    for path in told.settings.rejected.rglob("*.json"):
        Path(path).unlink()
    refusal = find_refusal(told.settings, batch)
    assert refusal is not None
    assert refusal.to_text()["rejected"] == "none counted"


def test_of_many_refused_in_one_run_the_rest_is_told_as_one(told: Door) -> None:
    for number in range(alerts.MOST_REFUSED + 3):
        told.drop(HALF_SOUND + reading(number), f"{number}.csv")
    told.sweep()
    assert [manifest.status for manifest in told.manifests()] == ["refused"] * (alerts.MOST_REFUSED + 3)
    titles = sorted(message["title"] for message in messages(told))
    assert titles == ["Refused: more of readings"] + [f"Refused: readings/{n}.csv" for n in range(alerts.MOST_REFUSED)]


def test_a_failure_is_told_once_until_the_task_has_succeeded(told: Door) -> None:
    for run in ("run 1", "run 2"):
        alerts.put_failed_run(told.settings, "warehouse", run, "build", "")
    assert [message["title"] for message in messages(told)] == ["Failed: warehouse"]
    alerts.forget_failure(told.settings, "warehouse", "publish")
    alerts.put_failed_run(told.settings, "warehouse", "run 3", "build", "")
    assert len(messages(told)) == 1
    alerts.forget_failure(told.settings, "warehouse", "build")
    alerts.put_failed_run(told.settings, "warehouse", "run 4", "build", "")
    assert len(messages(told)) == 2


def test_a_failure_is_told_though_it_cannot_be_read_what_was_told_before(told: Door) -> None:
    alerts.put_failed_run(told.settings, "warehouse", "run 1", "build", "")
    (told.settings.lake / "_alerts" / "failures.json").write_text("{")
    alerts.forget_failure(told.settings, "warehouse", "publish")
    alerts.put_failed_run(told.settings, "warehouse", "run 2", "build", "")
    assert len(messages(told)) == 2


def test_a_failure_that_nobody_could_be_told_of_is_told_once_there_is_a_receiver(door: Door, told: Door) -> None:
    alerts.put_failed_run(door.settings, "warehouse", "run 1", "build", "")
    alerts.put_failed_run(told.settings, "warehouse", "run 2", "build", "")
    assert [message["title"] for message in messages(told)] == ["Failed: warehouse"]


def test_a_stop_before_a_failure_counts_as_told_tells_it_again_rather_than_never(
    told: Door, monkeypatch: pytest.MonkeyPatch
) -> None:
    def stop(*arguments: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as stopped:
        stopped.setattr(Outbox, "put", stop)
        with pytest.raises(KeyboardInterrupt):
            alerts.put_failed_run(told.settings, "warehouse", "run 1", "build", "")
    alerts.put_failed_run(told.settings, "warehouse", "run 1", "build", "")
    assert len(messages(told)) == 1


@dataclass
class Person:
    """Who is asked, where anybody can be."""

    is_there: bool = True
    asked: list[str] = field(default_factory=list)

    def ask(self, refused: list[Manifest]) -> bool:
        self.asked += [f"{one.feed}/{one.batch_id}" for one in refused]
        return self.is_there


def test_what_came_to_stand_refused_is_asked_about_once_as_it_first_came_and_nothing_else(told: Door) -> None:
    stays, released, replayed = (refused(told, f"{name}.csv") for name in "abc")
    told.deliver(readings(1))
    override_once(told.settings, released, "A test line.", "ada")
    assert read_again(told.settings, replayed).status == "refused"
    person = Person()
    for _ in range(2):
        ask_once(told.settings, "readings", person.ask)
    assert person.asked == [stays, replayed]
    later = refused(told, "d.csv")
    ask_once(told.settings, "readings", person.ask)
    assert person.asked == [stays, replayed, later]


def test_where_nobody_could_be_asked_the_next_run_asks(told: Door) -> None:
    batch, person = refused(told), Person(is_there=False)
    ask_once(told.settings, "readings", person.ask)
    ask_once(told.settings, "readings", person.ask)
    person.is_there = True
    ask_once(told.settings, "readings", person.ask)
    ask_once(told.settings, "readings", person.ask)
    assert person.asked == [batch] * 3


def test_a_run_reads_no_manifest_where_nothing_was_refused_or_all_of_it_is_asked_about(
    told: Door, monkeypatch: pytest.MonkeyPatch
) -> None:
    told.deliver(readings(1))
    person = Person()
    with monkeypatch.context() as watched:
        watched.setattr(Lake, "manifests", None)
        ask_once(told.settings, "readings", person.ask)
    batch = refused(told)
    ask_once(told.settings, "readings", person.ask)
    monkeypatch.setattr(Lake, "manifests", None)
    ask_once(told.settings, "readings", person.ask)
    assert person.asked == [batch]


def test_nobody_is_asked_about_what_was_refused_long_ago(told: Door, monkeypatch: pytest.MonkeyPatch) -> None:
    refused(told)
    monkeypatch.setattr(refusals, "now", lambda: now() + refusals.ASKED_WITHIN + timedelta(minutes=5))
    person = Person()
    ask_once(told.settings, "readings", person.ask)
    assert person.asked == []


def test_a_report_whose_manifest_is_not_there_yet_is_asked_about_once_it_is(told: Door) -> None:
    batch, person = refused(told), Person()
    [manifest] = told.manifests()
    path = Lake.of(told.settings).manifest_path("readings", manifest.delivery_id)
    path.rename(path.with_suffix(".away"))
    ask_once(told.settings, "readings", person.ask)
    path.with_suffix(".away").rename(path)
    ask_once(told.settings, "readings", person.ask)
    assert person.asked == [batch]


def test_that_it_cannot_be_read_who_was_asked_about_stops_nothing(told: Door) -> None:
    batch, person = refused(told), Person()
    ask_once(told.settings, "readings", person.ask)
    (told.settings.lake / "_alerts" / "asked" / "readings.json").write_text("{")
    ask_once(told.settings, "readings", person.ask)
    assert person.asked == [batch] * 2
