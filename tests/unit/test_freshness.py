from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from pipelines import freshness, ingest, landing, outbox, replay, settings
from pipelines.cli import app
from pipelines.freshness import Freshness, check_freshness, tell_of_files_left_alone, tell_of_rejected_messages
from pipelines.night import run_night
from pipelines.notify import notify
from pipelines.replay import overriding
from tests.door import HEADER, Door, reading, readings
from tests.receivers import Receiver

START = datetime(2026, 3, 2, 8)
HALF_SOUND = HEADER + reading("A") + reading("B", value="?")
SetClock = Callable[[float], None]


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> SetClock:
    """Sets the one clock of the pipeline to so many hours after the start."""

    def set_to(hours: float) -> None:
        for module in (settings, freshness, ingest, landing, outbox, replay):
            monkeypatch.setattr(module, "now", lambda: START + timedelta(hours=hours), raising=False)

    set_to(0)
    return set_to


@pytest.fixture
def told(door: Door) -> Door:
    """A door with a receiver of messages that is never asked: what is told waits in the outbox."""
    return Door(replace(door.settings, notify_urls=("json://127.0.0.1:1/",)))


def look(door: Door, **keys: Any) -> Freshness:
    feed = door.feed(**{"freshness": "36h", **keys})
    (one,) = check_freshness(door.settings, [feed])
    return one


def titles(door: Door) -> list[str]:
    return [entry.content["title"] for entry in outbox.Outbox.of(door.settings).waiting()]


def test_a_breach_is_told_once_and_its_end_once(told: Door, clock: SetClock) -> None:
    told.feed(freshness="36h")
    told.deliver(readings(1))
    clock(35)
    assert not look(told).is_late
    clock(37)
    assert look(told).is_late
    assert titles(told) == ["Silent: readings"]
    clock(90)
    for _ in range(3):
        assert look(told).is_late
    assert titles(told) == ["Silent: readings"]
    told.deliver(readings(2))
    for _ in range(2):
        assert not look(told).is_late
    assert sorted(titles(told)) == ["Heard of again: readings", "Silent: readings"]
    clock(127)
    assert look(told).is_late
    assert len(titles(told)) == 3


def test_what_was_told_and_sent_is_not_told_again_by_another_process(told: Door, clock: SetClock) -> None:
    clock(0)
    look(told)
    clock(37)
    look(told)
    for path in outbox.Outbox.of(told.settings).folder.glob("alert-*"):
        path.unlink()  # the receiver has it
    assert look(told).is_late
    assert titles(told) == []


def test_a_check_that_is_stopped_before_it_remembers_tells_again_rather_than_never(
    told: Door, clock: SetClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    look(told)
    clock(37)
    with monkeypatch.context() as stopped:

        def stop(path: Path, document: object) -> None:
            raise KeyboardInterrupt

        stopped.setattr(freshness, "write_json", stop)
        with pytest.raises(KeyboardInterrupt):
            look(told)
    assert titles(told) == ["Silent: readings"]
    look(told)
    assert titles(told) == ["Silent: readings"]


def test_a_feed_of_which_nothing_ever_came_is_late_that_long_after_it_was_first_looked_at(
    told: Door, clock: SetClock
) -> None:
    clock(5)
    assert look(told) == Freshness("readings", None, START + timedelta(hours=41), False)
    clock(42)
    assert look(told).is_late
    assert titles(told) == ["Silent: readings"]


def test_a_refused_delivery_is_no_sign_of_life_and_a_replay_makes_none_newer(told: Door, clock: SetClock) -> None:
    look(told)
    clock(30)
    told.feed(freshness="36h")
    batch = told.deliver(HALF_SOUND).batch_id
    clock(37)
    assert look(told).is_late
    replay.replay(told.settings, [batch], override=overriding("A test line.", "ada"))
    assert look(told) == Freshness("readings", START + timedelta(hours=30), START + timedelta(hours=66), False)


def test_a_repeat_is_a_sign_of_life(told: Door, clock: SetClock) -> None:
    told.feed(freshness="36h")
    told.deliver(readings(1))
    clock(30)
    assert told.deliver(readings(1)).status == "repeat"
    clock(60)
    assert not look(told).is_late


def test_without_a_freshness_there_is_nothing_to_tell_and_what_was_told_is_forgotten(
    told: Door, clock: SetClock
) -> None:
    look(told)
    clock(37)
    look(told)
    assert check_freshness(told.settings, [told.feed()]) == []
    assert json.loads((told.settings.lake / "_alerts" / "freshness.json").read_text()) == {}


def test_a_breach_that_nobody_could_be_told_of_is_told_once_there_is_a_receiver(door: Door, clock: SetClock) -> None:
    look(door)
    clock(37)
    assert look(door).is_late
    assert titles(door) == []
    told = Door(replace(door.settings, notify_urls=("json://127.0.0.1:1/",)))
    look(told)
    assert titles(told) == ["Silent: readings"]


def test_what_a_receiver_that_is_down_does_not_take_is_sent_when_it_is_back(door: Door, clock: SetClock) -> None:
    with Receiver().listening() as receiver:
        told = Door(replace(door.settings, notify_urls=(f"json://{receiver.host}/",)))
    look(told)
    clock(37)
    look(told)
    assert notify(told.settings, at_once=True).exit_code == 3
    assert titles(told) == ["Silent: readings"]
    with receiver.listening():
        assert notify(told.settings, at_once=True).exit_code == 0
    assert [message["title"] for message in receiver.accepted] == ["Silent: readings"]
    assert titles(told) == []


def test_a_night_without_airflow_tells_of_silence_too(
    told: Door, clock: SetClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    look(told)
    clock(37)
    monkeypatch.setattr("pipelines.night.load_and_build", _stop)
    night = run_night(told.settings, {"readings": told.feed(freshness="36h")}, None)
    assert [one.is_late for one in night.freshness] == [True]
    assert titles(told) == ["Silent: readings"]


def _stop(*arguments: object) -> None:
    from pipelines.errors import BuildFailed

    raise BuildFailed("Not here.")


def set_aside(door: Door) -> None:
    report = {
        "feed": "readings",
        "rule": "message_body",
        "message": "No body.",
        "next_step": "Send it.",
        "archived": None,
    }
    path = door.settings.rejected / "readings" / "message-1-0.json"
    path.parent.mkdir(parents=True)
    path.write_text(json.dumps(report))


def test_a_message_that_was_set_aside_is_told_once(told: Door) -> None:
    set_aside(told)
    for _ in range(2):
        tell_of_rejected_messages(told.settings)
        assert titles(told) == ["Message set aside: readings"]
    [entry] = outbox.Outbox.of(told.settings).waiting()
    assert "Rule message_body: No body." in entry.content["body"]
    outbox.Outbox.of(told.settings).remove(entry)
    tell_of_rejected_messages(told.settings)
    assert titles(told) == []


def test_a_file_that_no_run_will_take_is_told_once_and_one_that_can_be_taken_never(
    told: Door, clock: SetClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    feed = told.feed(source={"kind": "landing", "pattern": "*.csv"}, arrival="settled")
    tell_of_files_left_alone(told.settings, [feed])  # there is no folder yet
    locked = told.drop(HEADER, "locked.csv")
    told.drop(HEADER, "other.txt")
    told.drop(HEADER, "good.csv")
    monkeypatch.setattr("os.access", lambda path, mode: Path(path) != locked)  # root may read anything
    for _ in range(2):
        tell_of_files_left_alone(told.settings, [feed])
    [entry] = outbox.Outbox.of(told.settings).waiting()
    assert entry.content["title"] == "Left alone: readings"
    assert "locked.csv may not be read" in entry.content["body"]
    assert "other.txt does not match" in entry.content["body"]
    assert "good.csv" not in entry.content["body"]
    clock(1)
    for number in range(7):
        told.drop(HEADER, f"{number}.log")
    tell_of_files_left_alone(told.settings, [feed])
    bodies = [entry.content["body"] for entry in outbox.Outbox.of(told.settings).waiting()]
    assert len(bodies) == 2
    assert "4.log" in bodies[1]
    assert "and 2 more" in bodies[1]
    assert "other.txt" not in bodies[1]


def test_files_left_alone_that_nobody_could_be_told_of_are_told_once_there_is_a_receiver(
    door: Door, told: Door, clock: SetClock
) -> None:
    feed = door.feed(source={"kind": "landing", "pattern": "*.csv"})
    door.drop(HEADER, "other.txt")
    tell_of_files_left_alone(door.settings, [feed])
    tell_of_files_left_alone(told.settings, [feed])
    assert titles(told) == ["Left alone: readings"]


def test_the_command_tells_of_what_was_set_aside_and_left_alone_too(told: Door) -> None:
    told.feed(source={"kind": "landing", "pattern": "*.csv"})
    told.drop(HEADER, "other.txt")
    set_aside(told)
    environment = {
        "FRUITION_HOME": str(told.settings.home),
        "FRUITION_FEEDS": str(told.settings.feeds),
        "FRUITION_NOTIFY_URLS": ",".join(told.settings.notify_urls),
    }
    result = CliRunner().invoke(app, ["freshness"], env=environment)
    assert result.exit_code == 3, result.output  # nobody listens there
    assert titles(told) == ["Left alone: readings", "Message set aside: readings"]
