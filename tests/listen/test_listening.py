"""Messages through the consumer into the landing folder, on a real Redis."""

from __future__ import annotations

import errno
import json
import os
import stat
import threading
import time
from collections import Counter
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from pipelines import listen as listener
from pipelines.cli import app
from pipelines.errors import ConfigError, DiskFull, LakeDamaged, SourceUnavailable
from pipelines.feeds import readable_feeds
from pipelines.lake import put_in_place
from pipelines.listen import Listened, Stopping
from pipelines.listen.delivering import Doorstep
from pipelines.receive import receive
from tests.door import HEADER, NAME, Door, reading, readings
from tests.listen import consumers
from tests.listen.server import RedisServer

STREAM = f"fruition:{NAME}"


def listened(
    door: Door, once: bool = True, stopping: Stopping | None = None, events: list[Any] | None = None
) -> Listened:
    def tell(event: str, **facts: object) -> None:
        if events is not None:
            events.append((event, facts))

    feeds = lambda: readable_feeds(door.settings.feeds)[0]  # noqa: E731
    return listener.listen(door.settings, feeds, once, tell, stopping or Stopping())


def lying(door: Door, feed: str = NAME) -> list[Path]:
    return sorted(path for path in door.landing(feed).iterdir() if not path.name.startswith("."))


def reports(door: Door) -> list[dict[str, Any]]:
    return [json.loads(path.read_text()) for path in sorted((door.settings.rejected / NAME).glob("*.json"))]


def test_a_message_is_a_delivery_and_leaves_the_stream(listening: Door, redis: RedisServer) -> None:
    body = readings(2).encode()
    identifier = redis.send(STREAM, body, b"readings.csv")
    assert listened(listening) == Listened(delivered=1)
    (path,) = lying(listening)
    assert (path.read_bytes(), path.name.endswith("~readings.csv")) == (body, True)
    assert path.name.startswith(f"{identifier}.")
    assert redis.waiting(STREAM) == (0, 0)
    (outcome,) = listening.sweep().outcomes
    assert (outcome.status, outcome.accepted, outcome.name) == ("accepted", 2, path.name)


def test_the_moment_a_file_speaks_of_is_read_from_the_name_its_sender_gave(listening: Door, redis: RedisServer) -> None:
    listening.feed(source={"kind": "message"}, as_at={"pattern": r"(\d{8})", "format": "%Y%m%d"})
    redis.send(STREAM, readings(1).encode(), b"nps_20260131.csv")
    listened(listening)
    listening.sweep()
    (manifest,) = listening.manifests()
    assert f"{manifest.as_at:%Y-%m-%d}" == "2026-01-31"


@pytest.mark.parametrize(
    ("given", "name"),
    [
        (None, "message"),
        (b"", "message"),
        (b"../../etc/passwd", "passwd"),
        (b"C:\\exports\\nps.csv", "nps.csv"),
        (b"/", "message"),
        (b".hidden.csv", "hidden.csv"),
        (b"..", "message"),
        (b"nps.csv.part.tmp", "nps.csv"),
        ("né\u00a0日本.csv".encode(), "né\u00a0日本.csv"),
    ],
)
def test_a_name_is_a_plain_name_that_the_landing_folder_takes(
    listening: Door, redis: RedisServer, given: bytes | None, name: str
) -> None:
    redis.send(STREAM, b"x", given)
    listened(listening)
    assert [path.name.partition("~")[2] for path in lying(listening)] == [name]
    feed = readable_feeds(listening.settings.feeds)[0][NAME]
    assert len(receive(listening.settings, feed).claimed) == 1


def test_poison_goes_to_the_rejected_with_its_reason_and_the_rest_flow(listening: Door, redis: RedisServer) -> None:
    listening.feed(source={"kind": "message", "max_megabytes": 1})
    redis.send(STREAM, b"good 1")
    poison = [
        redis.send(STREAM, None, b"x.csv", data=b"hush"),
        redis.send(STREAM, b"x" * (1 << 20) + b"y"),
        redis.send(STREAM, b"hush", b"\xff.csv"),
        redis.send(STREAM, b"hush", b"a\nb.csv"),
        redis.send(STREAM, b"hush", b"n" * 151),
    ]
    redis.send(STREAM, b"good 2")
    events: list[Any] = []
    assert listened(listening, events=events) == Listened(delivered=2, rejected=5)
    assert [path.read_bytes() for path in lying(listening)] == [b"good 1", b"good 2"]
    assert redis.waiting(STREAM) == (0, 0)
    found = reports(listening)
    assert [one["file"] for one in found] == [f"message-{identifier}" for identifier in poison]
    rules = ["message_body", "message_size", "message_name", "message_name", "message_name"]
    assert [one["rule"] for one in found] == rules
    assert all(one["message"] and one["next_step"] and one["feed"] == NAME for one in found)
    kept = [listening.settings.home / one["archived"] for one in found]
    assert [path.read_bytes()[:4] for path in kept] == [b"name", b"xxxx", b"hush", b"hush", b"hush"]
    assert {stat.S_IMODE(path.stat().st_mode) for path in kept} == {0o600}
    assert "hush" not in repr(events) + repr(found)


def test_a_message_that_ended_its_consumer_again_and_again_is_set_aside(listening: Door, redis: RedisServer) -> None:
    redis.send(STREAM, b"poison")
    for _ in range(5):
        assert consumers.ended(consumers.start(listening.settings, prepare=consumers.die_before_writing)) == -9
    redis.send(STREAM, b"good")
    assert listened(listening) == Listened(delivered=1, rejected=1)
    (report,) = reports(listening)
    assert (report["rule"], "5 times" in report["message"]) == ("message_retries", True)
    assert (listening.settings.home / report["archived"]).read_bytes() == b"poison"


def test_a_message_that_was_trimmed_away_while_it_was_pending_is_reported_as_lost(
    listening: Door, redis: RedisServer
) -> None:
    redis.send(STREAM, b"one")
    assert consumers.ended(consumers.start(listening.settings, prepare=consumers.die_before_writing)) == -9
    redis.client.xtrim(STREAM, maxlen=0, approximate=False)
    assert listened(listening) == Listened(rejected=1)
    (report,) = reports(listening)
    assert (report["rule"], report["archived"]) == ("message_gone", None)
    assert redis.waiting(STREAM) == (0, 0)


@pytest.mark.parametrize(
    "moved", ["lies in the landing folder", "is claimed", "is in the lake", "is in the lake, and corrected"]
)
def test_a_message_that_was_written_but_not_acknowledged_is_never_loaded_twice(
    listening: Door, redis: RedisServer, moved: str
) -> None:
    redis.send(STREAM, readings(1).encode(), b"readings.csv")
    assert consumers.ended(consumers.start(listening.settings, prepare=consumers.die_before_acknowledging)) == -9
    assert redis.waiting(STREAM) == (1, 1)
    if moved == "is claimed":
        receive(listening.settings, readable_feeds(listening.settings.feeds)[0][NAME])
    elif moved != "lies in the landing folder":
        assert [one.status for one in listening.sweep().outcomes] == ["accepted"]
    if moved.endswith("corrected"):  # the earlier bytes must not count anew over what came after them
        listening.deliver(HEADER + reading("K0", value="9"), "correction.csv")
    assert listened(listening) == Listened(repeated=1)
    assert redis.waiting(STREAM) == (0, 0)
    listening.sweep()
    assert [one.status for one in listening.manifests()] == ["accepted"] * (2 if moved.endswith("corrected") else 1)


def test_what_a_dead_consumer_left_is_taken_over(
    listening: Door, redis: RedisServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    redis.send(STREAM, b"left")
    redis.client.xgroup_create(STREAM, "fruition", id="0")
    redis.client.xreadgroup("fruition", "dead-1", {STREAM: ">"}, count=1)
    assert listened(listening) == Listened()  # it may be alive
    monkeypatch.setattr(listener, "TAKE_OVER_MILLISECONDS", 50)
    time.sleep(0.1)
    assert listened(listening) == Listened(delivered=1)
    assert redis.waiting(STREAM) == (0, 0)


def test_on_a_full_disk_nothing_is_acknowledged_and_no_try_counts(
    listening: Door, redis: RedisServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    redis.send(STREAM, b"good")

    def no_room(part: Path, path: Path) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    with monkeypatch.context() as full:
        full.setattr("pipelines.listen.delivering.put_in_place", no_room)
        for _ in range(7):
            with pytest.raises(DiskFull):
                listened(listening)
        assert redis.waiting(STREAM) == (1, 1)
    assert listened(listening) == Listened(delivered=1)


def test_what_is_wrong_with_the_lake_is_never_held_against_a_message(
    listening: Door, redis: RedisServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    redis.send(STREAM, b"good")

    def torn(doorstep: Doorstep, name: str) -> bool:
        raise LakeDamaged("A manifest cannot be read.")

    with monkeypatch.context() as damaged:
        damaged.setattr(Doorstep, "knows", torn)
        for _ in range(7):
            with pytest.raises(LakeDamaged):
                listened(listening)
    assert listened(listening) == Listened(delivered=1)


def test_a_message_that_is_written_is_never_set_aside_however_often_its_consumer_ended(
    listening: Door, redis: RedisServer
) -> None:
    redis.send(STREAM, b"written")
    for _ in range(6):
        assert consumers.ended(consumers.start(listening.settings, prepare=consumers.die_before_acknowledging)) == -9
    assert listened(listening) == Listened(repeated=1)


def test_a_listener_outlives_a_disk_without_room(
    listening: Door, redis: RedisServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    redis.send(STREAM, b"good")
    refusals = iter(range(3))

    def no_room_at_first(part: Path, path: Path) -> None:
        if next(refusals, None) is not None:
            raise OSError(errno.EDQUOT, os.strerror(errno.EDQUOT))
        put_in_place(part, path)

    monkeypatch.setattr("pipelines.listen.delivering.put_in_place", no_room_at_first)
    events: list[Any] = []
    in_background(listening, events, until=lambda: redis.waiting(STREAM) == (0, 0))
    assert [event for event, _ in events] == ["started", "landing_unavailable", "delivered", "going_on"]


def test_a_feed_whose_folder_cannot_be_written_waits_alone(
    listening: Door, redis: RedisServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(listener, "ROUND_SECONDS", 0.5)
    listening.feed("blocked", source={"kind": "message"})
    redis.send("fruition:blocked", b"waits")
    redis.send(STREAM, b"flows")
    listening.settings.landing.mkdir(parents=True)
    in_the_way = listening.settings.landing / "blocked"
    in_the_way.write_text("no folder")
    with pytest.raises(SourceUnavailable, match="cannot be written"):
        listened(listening)
    assert (redis.waiting(STREAM), redis.waiting("fruition:blocked")) == ((0, 0), (1, 1))
    events: list[Any] = []

    def make_way() -> None:
        redis.send(STREAM, b"flows on")
        while ("delivered", NAME) not in [(event, facts.get("feed")) for event, facts in events]:
            time.sleep(0.05)
        time.sleep(1.2)  # another round or two, of which nothing is said
        in_the_way.unlink()

    in_background(listening, events, lambda: redis.waiting("fruition:blocked") == (0, 0), make_way)
    told = [event for event, facts in events if facts.get("feed") == "blocked"]
    assert told == ["landing_unavailable", "delivered", "going_on"]
    assert [path.read_bytes() for path in lying(listening, "blocked")] == [b"waits"]


@pytest.mark.parametrize("fault", ["is no stream", "reads fruition:twice too"])
def test_a_feed_whose_stream_cannot_be_read_stops_no_other(listening: Door, redis: RedisServer, fault: str) -> None:
    listening.feed("odd", source={"kind": "message", "stream": "fruition:twice"})
    if fault == "is no stream":
        redis.client.set("fruition:twice", "text")
    else:
        listening.feed("twice", source={"kind": "message"})
        redis.send("fruition:twice", b"whose?")
    redis.send(STREAM, b"good")
    events: list[Any] = []
    with pytest.raises(ConfigError, match=fault):
        listened(listening, events=events)
    assert [event for event, _ in events] == ["started", "feed_broken", "delivered"]
    assert redis.waiting(STREAM) == (0, 0)


def in_background(door: Door, events: list[Any], until: Any, meanwhile: Any = lambda: None) -> None:
    """Listen until something is so, doing something else meanwhile; then stop."""
    stopping = Stopping()
    thread = threading.Thread(target=listened, args=(door, False, stopping, events))
    thread.start()
    try:
        meanwhile()
        end = time.monotonic() + 30
        while not until():
            assert time.monotonic() < end, events
            time.sleep(0.05)
        time.sleep(0.3)
    finally:
        stopping.set()
        thread.join(30)
    assert not thread.is_alive()


def test_redis_may_be_killed_and_come_back_with_all_that_it_had(listening: Door, redis: RedisServer) -> None:
    events: list[Any] = []

    def kill_and_start() -> None:
        redis.send(STREAM, b"before")
        while not any(event == "delivered" for event, _ in events):
            time.sleep(0.05)
        redis.kill()
        time.sleep(1.5)
        redis.start()
        redis.send(STREAM, b"after")

    in_background(listening, events, lambda: len(lying(listening)) == 2, kill_and_start)
    assert Counter(event for event, _ in events)["redis_unavailable"] == 1
    assert redis.waiting(STREAM) == (0, 0)
    assert redis.password not in repr(events)


def test_a_stream_that_is_made_anew_is_read_from_its_first_message(listening: Door, redis: RedisServer) -> None:
    def delete() -> None:
        time.sleep(1)
        redis.client.delete(STREAM)
        redis.send(STREAM, b"after")

    in_background(listening, [], lambda: len(lying(listening)) == 1, delete)


def test_redis_that_never_comes_up_ends_the_start(
    listening: Door, redis: RedisServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    redis.kill()
    monkeypatch.setattr(listener, "START_SECONDS", 0.5)
    events: list[Any] = []
    with pytest.raises(SourceUnavailable, match="did not answer") as caught:
        listened(listening, events=events)
    assert caught.value.exit_code == 3
    assert [event for event, _ in events] == ["started", "redis_unavailable"]


def test_a_wrong_password_is_a_matter_of_configuration_and_never_shown(listening: Door) -> None:
    assert listening.settings.redis_url
    url = listening.settings.redis_url.replace("hush-hush", "wrong-hush")
    with pytest.raises(ConfigError) as caught:
        listened(Door(replace(listening.settings, redis_url=url)))
    assert "hush" not in str(caught.value)


def test_without_a_redis_named_there_is_nothing_to_listen_to(door: Door) -> None:
    with pytest.raises(ConfigError, match="FRUITION_REDIS_URL is not set"):
        listened(door)


def test_a_feed_that_is_added_is_listened_to_without_a_restart(
    listening: Door, redis: RedisServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(listener, "ROUND_SECONDS", 0.5)

    def add() -> None:
        listening.feed("late", source={"kind": "message", "stream": "other", "group": "apart"})
        redis.send("other", b"late")

    in_background(listening, [], lambda: len(lying(listening, "late")) == 1, add)


def test_the_health_check_knows_whether_redis_answers_and_the_consumer_lives(
    listening: Door, redis: RedisServer
) -> None:
    check = listener.check
    with pytest.raises(SourceUnavailable, match="No consumer"):
        check(listening.settings)
    consumer = consumers.start(listening.settings)
    folder = listening.settings.home / "listen"
    until = time.monotonic() + 20
    while not list(folder.glob("*.alive")) and time.monotonic() < until:
        time.sleep(0.05)
    assert check(listening.settings).startswith("Redis answers")
    consumer.kill()
    consumers.ended(consumer)
    (beat,) = folder.glob("*.alive")
    os.utime(beat, (time.time() - 61, time.time() - 61))
    with pytest.raises(SourceUnavailable, match="sign of life"):
        check(listening.settings)
    beat.touch()
    redis.kill()
    with pytest.raises(SourceUnavailable, match="does not answer"):
        check(listening.settings)


def environment(door: Door) -> dict[str, str]:
    settings = door.settings
    return {
        "FRUITION_HOME": str(settings.home),
        "FRUITION_FEEDS": str(settings.feeds),
        "FRUITION_REDIS_URL": settings.redis_url or "",
    }


def test_the_command_says_a_line_of_json_for_each_message_and_ends_with_1_where_it_rejected(
    listening: Door, redis: RedisServer
) -> None:
    redis.send(STREAM, b"good", b"good.csv")
    redis.send(STREAM, None, data=b"x")
    result = CliRunner().invoke(app, ["listen", NAME, "--once"], env=environment(listening))
    said = [json.loads(line) for line in result.stdout.splitlines()]
    assert [line["event"] for line in said] == ["started", "delivered", "rejected", "ended"]
    assert result.exit_code == 1
    assert "hush" not in result.output


def test_a_feed_that_takes_no_messages_is_not_listened_to(listening: Door) -> None:
    listening.feed("files")
    result = CliRunner().invoke(app, ["listen", "files"], env=environment(listening))
    assert isinstance(result.exception, ConfigError)
    assert "files.yml: source.kind" in str(result.exception)
