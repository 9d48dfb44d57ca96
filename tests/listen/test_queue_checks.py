"""What the doctor says of message feeds."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from pipelines.doctor import Check
from pipelines.doctor.queues import queue_checks
from tests.door import NAME, Door
from tests.listen import consumers
from tests.listen.server import RedisServer

STREAM = f"fruition:{NAME}"


def found(door: Door) -> dict[str, Check]:
    return {check.name: check for check in queue_checks(door.settings)}


def test_without_a_message_feed_redis_is_no_matter(door: Door) -> None:
    door.feed()
    assert found(door) == {}


def test_a_message_feed_without_a_redis_is_misconfigured(door: Door) -> None:
    door.feed(source={"kind": "message"})
    assert (found(door)["Redis"].state, found(door)["Redis"].is_configuration) == ("fault", True)


def test_a_stream_that_nobody_listens_to_is_warned_of(listening: Door, redis: RedisServer) -> None:
    assert found(listening)[f"Messages of {NAME}"].state == "warning"
    redis.send(STREAM, b"x")
    redis.client.xgroup_create(STREAM, "fruition", id="0")
    assert "1 message in fruition:readings, and no consumer" in found(listening)[f"Messages of {NAME}"].seen


def test_a_consumer_that_is_at_it_is_well_and_what_it_set_aside_is_named(listening: Door, redis: RedisServer) -> None:
    redis.send(STREAM, None, data=b"x")
    assert consumers.ended(consumers.start(listening.settings, once=True)) == 0
    states = {name: check.state for name, check in found(listening).items()}
    assert states == {"Redis": "ok", f"Messages of {NAME}": "ok", f"Rejected messages of {NAME}": "warning"}


def test_two_feeds_of_one_stream_are_misconfigured(listening: Door) -> None:
    listening.feed("other", source={"kind": "message", "stream": STREAM})
    (check,) = found(listening).values()
    assert (check.state, check.is_configuration) == ("fault", True)


@pytest.mark.parametrize(("stream", "state"), [("text", "fault"), ("none", "warning")])
def test_a_key_that_is_no_stream_is_told_from_one_that_is_not_there(
    listening: Door, redis: RedisServer, stream: str, state: str
) -> None:
    redis.client.set("text", "x")
    listening.feed(source={"kind": "message", "stream": stream})
    assert found(listening)[f"Messages of {NAME}"].state == state


def test_a_redis_that_is_down_or_turns_us_away_is_at_fault_and_no_password_is_shown(
    listening: Door, redis: RedisServer, tmp_path: Path
) -> None:
    wrong = Door(replace(listening.settings, redis_url=redis.url.replace("hush-hush", "wrong-hush")))
    redis_seen = [found(wrong)["Redis"]]
    redis.kill()
    redis_seen.append(found(listening)["Redis"])
    assert [(check.state, check.is_configuration) for check in redis_seen] == [("fault", True), ("fault", False)]
    assert "hush" not in repr(redis_seen)
