"""Consumers that are killed at random moments: every message is delivered, and none twice."""

from __future__ import annotations

import hashlib
import os
import random
import signal
import subprocess
import sys
import time
from collections import Counter
from multiprocessing.context import ForkServerProcess

from pipelines import landing
from pipelines.feeds import readable_feeds
from pipelines.receive import receive
from tests.door import HEADER, NAME, Door, reading
from tests.listen import consumers
from tests.listen.server import RedisServer

STREAM = f"fruition:{NAME}"
MESSAGES = 200
CONSUMERS = 3
PATIENCE = 120.0


def bodies(count: int) -> list[bytes]:
    return [(HEADER + reading(f"K{number}")).encode() for number in range(count)]


def kill_at_random(door: Door, running: list[ForkServerProcess], chance: random.Random) -> None:
    """Kill one of the consumers, and start another in its place."""
    place = chance.randrange(len(running))
    running[place].kill()
    consumers.ended(running[place])
    running[place] = consumers.start(door.settings)


def claimed_once(door: Door, expected: list[bytes]) -> None:
    """Each body is archived, and claimed by exactly one delivery."""
    receive(door.settings, readable_feeds(door.settings.feeds)[0][NAME])
    claims = Counter(claim.path.read_bytes() for claim in landing.claims(door.settings, NAME))
    assert claims == Counter(expected)
    archived = {path.name[:64] for path in (door.settings.archive / NAME).iterdir()}
    assert archived == {hashlib.sha256(body).hexdigest() for body in expected}


def test_two_hundred_messages_by_consumers_that_are_killed_are_delivered_once_each(
    listening: Door, redis: RedisServer
) -> None:
    chance = random.Random(5)
    running = [consumers.start(listening.settings) for _ in range(CONSUMERS)]
    feed = readable_feeds(listening.settings.feeds)[0][NAME]
    kills, poison = 0, set()
    for number, body in enumerate(bodies(MESSAGES)):
        redis.send(STREAM, body, b"readings.csv")
        if number % 20 == 7:
            poison.add(redis.send(STREAM, None, data=b"no body"))
        if number % 10 == 9:
            time.sleep(chance.uniform(0.0, 0.15))
            kill_at_random(listening, running, chance)
            kills += 1
        if number % 40 == 39:
            receive(listening.settings, feed)
        if number == MESSAGES // 2:
            redis.kill()
            redis.start()
    until = time.monotonic() + PATIENCE
    while redis.waiting(STREAM) != (0, 0):
        assert time.monotonic() < until, redis.waiting(STREAM)
        time.sleep(chance.uniform(0.05, 0.5))
    for consumer in running:
        consumer.terminate()
    assert [consumers.ended(consumer) for consumer in running] == [0] * CONSUMERS
    assert kills == MESSAGES // 10
    rejected = {path.stem for path in (listening.settings.rejected / NAME).glob("*.json")}
    assert rejected == {f"message-{identifier}" for identifier in poison}
    claimed_once(listening, bodies(MESSAGES))


def test_what_killed_consumers_delivered_is_in_the_lake_once(listening: Door, redis: RedisServer) -> None:
    chance = random.Random(7)
    running = [consumers.start(listening.settings)]
    for number, body in enumerate(bodies(8)):
        redis.send(STREAM, body, b"readings.csv")
        time.sleep(chance.uniform(0.0, 0.1))
        kill_at_random(listening, running, chance)
        if number % 4 == 1:
            listening.sweep()
    redis.send(STREAM, bodies(8)[-1], b"sent again.csv")
    until = time.monotonic() + PATIENCE
    while redis.waiting(STREAM) != (0, 0):
        assert time.monotonic() < until, redis.waiting(STREAM)
        time.sleep(0.05)
    running[0].terminate()
    assert consumers.ended(running[0]) == 0
    listening.sweep()
    assert sorted(listening.rows("kpi_id")) == [(f"K{number}",) for number in range(8)]
    assert Counter(one.status for one in listening.manifests()) == {"accepted": 8, "repeat": 1}


def test_two_consumers_side_by_side_share_the_work(listening: Door, redis: RedisServer) -> None:
    running = [consumers.start(listening.settings) for _ in range(2)]
    until = time.monotonic() + PATIENCE
    while len(list((listening.settings.home / "listen").glob("*.alive"))) < 2 and time.monotonic() < until:
        time.sleep(0.05)
    for body in bodies(40):
        redis.send(STREAM, body)
    while redis.waiting(STREAM) != (0, 0) and time.monotonic() < until:
        time.sleep(0.05)
    names = {one["name"] for one in redis.client.xinfo_consumers(STREAM, "fruition")}
    assert len(names) == 2
    for consumer in running:
        consumer.terminate()
    assert [consumers.ended(consumer) for consumer in running] == [0, 0]
    claimed_once(listening, bodies(40))


def test_the_command_ends_cleanly_when_it_is_told_to(listening: Door, redis: RedisServer) -> None:
    settings = listening.settings
    given = {
        "FRUITION_HOME": str(settings.home),
        "FRUITION_FEEDS": str(settings.feeds),
        "FRUITION_REDIS_URL": redis.url,
    }
    for number in (signal.SIGTERM, signal.SIGINT):
        redis.send(STREAM, b"one")
        with subprocess.Popen(
            [sys.executable, "-m", "pipelines", "listen"],
            env={**os.environ, **given, "PYTHONPATH": os.getcwd()},  # noqa: PTH109
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        ) as command:
            assert command.stdout
            while "delivered" not in command.stdout.readline():
                assert command.poll() is None
            command.send_signal(number)
            said = command.stdout.read()
        assert (command.returncode, '"event": "ended"' in said, "Traceback" in said) == (0, True, False)
        assert redis.waiting(STREAM) == (0, 0)
    assert list((settings.home / "listen").glob("*.alive")) == []
