"""From a file or a message to the gap event at a webhook, in a live Airflow of which everything is killed.

Each delivery is one output that nothing depends on: exactly one gap, ORPHAN_OUTPUT, opens with it.
"""

from __future__ import annotations

import hashlib
import hmac
import random
import time
from collections.abc import Callable, Iterator

import pytest

from tests.listen.server import RedisServer
from tests.live.conftest import WEBHOOK_SECRET, limit
from tests.live.stack import LISTENER, Stack, eventually
from tests.receivers import Receiver

DELIVERIES = 30
STREAM = "fruition:messages"
PATIENCE = 400.0  # seconds; a task whose machine died is missed after a minute
WITHOUT_DATABASE = 3.0  # seconds; a component that starts meanwhile gives up, and so may one that runs


@pytest.fixture(autouse=True)
def quiet(live: Stack) -> None:
    """What earlier tests have set going has come to rest; what one that failed has left dead, runs."""
    live.revive()
    live.wait_until_healthy()
    live.wait_until_quiet()


@pytest.fixture
def listening(receiver: Receiver) -> Iterator[Receiver]:
    with receiver.listening():
        yield receiver


def output(name: str) -> str:
    return f"output,project,name,due\n{name},P1,Output {name},2030-01-01\n"


def opened(receiver: Receiver, name: str) -> list[str]:
    """The ids of the events, as often as they came, that say the output's gap has opened."""
    return [
        event["id"]
        for event in receiver.accepted
        if event["type"] == "org.fruition.gap.opened"
        and (event["data"]["gap_code"], event["data"]["subject_id"]) == ("ORPHAN_OUTPUT", name)
    ]


def event_ids(live: Stack, name: str) -> list[str]:
    """What the published warehouse says happened to the output's gap."""
    query = f"select event_id from marts.gap_event where gap_code = 'ORPHAN_OUTPUT' and subject_id = '{name}'"
    return [event_id for (event_id,) in live.published(query)]


def test_a_file_that_shows_a_gap_is_one_signed_event_at_the_webhook(live: Stack, listening: Receiver) -> None:
    dropped = live.drop("outputs", "one.csv", output("one"))
    eventually(lambda: bool(opened(listening, "one")), "the event has come")
    print(f"at the webhook {time.time() - dropped:.1f} s after the rename")
    live.wait_until_quiet()
    assert opened(listening, "one") == event_ids(live, "one")
    [request] = [request for request in listening.requests if b'"one"' in request.body]
    signature = hmac.new(WEBHOOK_SECRET.encode(), request.body, hashlib.sha256).hexdigest()
    assert request.headers["X-Fruition-Signature"] == f"sha256={signature}"


def test_the_same_file_twice_is_a_repeat_and_no_event(live: Stack, listening: Receiver) -> None:
    live.drop("outputs", "two.csv", output("two"))
    eventually(lambda: bool(opened(listening, "two")), "the event has come")
    live.wait_until_quiet()
    received = len(listening.requests)
    live.drop("outputs", "two again.csv", output("two"))
    eventually(lambda: live.ended("outputs", "two again.csv") == ["repeat"], "the repeat is seen")
    live.wait_until_quiet()
    assert len(listening.requests) == received


def test_while_the_webhook_is_down_nothing_is_lost(live: Stack, receiver: Receiver) -> None:
    live.drop("outputs", "three.csv", output("three"))
    live.wait_until_published("outputs", "three.csv")
    eventually(lambda: bool(live.runs("outbox", state=["running"])), "the outbox tries on")
    assert not opened(receiver, "three")
    with receiver.listening():
        eventually(lambda: bool(opened(receiver, "three")), "the event has come")
        live.wait_until_quiet()
    assert opened(receiver, "three") == event_ids(live, "three")
    assert not list((live.settings.lake / "_outbox").glob("*-*.json"))


def test_a_message_is_a_delivery_like_a_file(live: Stack, redis: RedisServer, listening: Receiver) -> None:
    redis.send(STREAM, output("four").encode())
    eventually(lambda: bool(opened(listening, "four")), "the event has come")
    assert redis.waiting(STREAM)[1] == 0


@pytest.mark.parametrize("seed", [1, *(pytest.param(seed, marks=pytest.mark.soak) for seed in range(2, 6))])
def test_whatever_is_killed_every_delivery_is_loaded_once_and_every_event_comes(
    live: Stack, redis: RedisServer, listening: Receiver, seed: int
) -> None:
    chance = random.Random(seed)
    names = [f"kill {seed}-{number}" for number in range(DELIVERIES)]
    kills = ["scheduler", "triggerer", "task", "task", LISTENER, "triggerer", LISTENER, "postgres"]
    chance.shuffle(kills)
    moments = dict(zip(sorted(chance.sample(range(1, DELIVERIES), len(kills))), kills, strict=True))
    with limit(PATIENCE + 300):
        for number, name in enumerate(names):
            if number % 3:
                live.drop("outputs", f"{name}.csv", output(name))
            else:
                redis.send(STREAM, output(name).encode(), f"{name}.csv".encode())
            time.sleep(chance.uniform(0, 2))
            live.revive()
            if victim := moments.get(number):
                strike(live, victim)
        for holds, what in (
            (lambda: all(event_ids(live, name) for name in names), "every output is published"),
            (lambda: all(opened(listening, name) for name in names), "every event has come"),
        ):
            eventually(kept_up(live, holds), what, PATIENCE)
        live.wait_until_healthy()
        live.wait_until_quiet()
    accepted = [
        one.accepted for feed in ("outputs", "messages") for one in live.deliveries(feed) if f"kill {seed}-" in one.name
    ]
    assert sum(accepted) == DELIVERIES
    assert {name: set(opened(listening, name)) for name in names} == {
        name: set(event_ids(live, name)) for name in names
    }
    assert all(len(event_ids(live, name)) == 1 for name in names)


def kept_up(live: Stack, holds: Callable[[], bool]) -> Callable[[], bool]:
    """The same question, before which whatever has given up is started again."""

    def asked() -> bool:
        live.revive()
        return holds()

    return asked


def strike(live: Stack, victim: str) -> None:
    """Kill or restart something, and have it come back."""
    if victim == "task":
        eventually(kept_up(live, live.kill_task), "a task runs")
    elif victim == "postgres":
        assert live.postgres
        live.restart("triggerer")
        live.postgres.stop()
        time.sleep(WITHOUT_DATABASE)
        live.postgres.start()
    else:
        live.restart(victim)
