"""One live Airflow for the tests of a session: PostgreSQL, four components, a few feeds."""

from __future__ import annotations

import signal
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import FrameType
from typing import NoReturn

import pytest

from tests.listen.server import RedisServer
from tests.live.stack import LISTENER, Stack
from tests.postgres import Cluster, free_port, running_cluster
from tests.receivers import Receiver

LIMIT = 300  # seconds for one test, after which it fails wherever it is
ATOMIC = ("alpha", "beta", "gamma", "delta")
SETTLED = "slow"
WEBHOOK_SECRET = "known to both"
OUTPUTS = [
    {
        "contract": "output",
        "columns": {"output_id": "output", "project_id": "project", "name": "name", "baseline_date": "due"},
    }
]


@pytest.fixture(scope="session")
def postgres(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cluster]:
    with running_cluster(tmp_path_factory.mktemp("postgres")) as cluster:
        yield cluster


@pytest.fixture(scope="session")
def redis() -> Iterator[RedisServer]:
    with tempfile.TemporaryDirectory(prefix="redis-") as folder:  # a socket's path must be short
        server = RedisServer(Path(folder))
        server.start()
        yield server
        server.kill()


@pytest.fixture(scope="session")
def receiver() -> Receiver:
    """The webhook that the stack posts gap events to. It listens from the first test that wants it to, on its port."""
    return Receiver(port=free_port())


@pytest.fixture(scope="session")
def messages() -> Iterator[Receiver]:
    """The receiver of messages that the stack knows."""
    with Receiver().listening() as receiver:
        yield receiver


@pytest.fixture(scope="session")
def live(
    postgres: Cluster,
    redis: RedisServer,
    receiver: Receiver,
    messages: Receiver,
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[Stack]:
    """The stack. It is shared: a test leaves every component running and every DAG unpaused."""
    told = {
        "FRUITION_REDIS_URL": redis.url,
        "FRUITION_WEBHOOK_URL": f"http://{receiver.host}/gaps",
        "FRUITION_WEBHOOK_SECRET": WEBHOOK_SECRET,
        "FRUITION_NOTIFY_URLS": f"json://{messages.host}/",
    }
    stack = Stack(tmp_path_factory.mktemp("live"), postgres, **told)
    for feed in ATOMIC:
        stack.add_feed(feed)
    stack.add_feed(SETTLED, arrival="settled")
    stack.add_feed("outputs", delivers=OUTPUTS)
    stack.add_feed("messages", delivers=OUTPUTS, source={"kind": "message"})
    try:
        stack.start()
        stack.start_component(LISTENER)
        yield stack
    finally:
        stack.stop()


@contextmanager
def limit(seconds: float) -> Iterator[None]:
    """A hard time limit, so that a stack that hangs fails its test."""

    def give_up(number: int, frame: FrameType | None) -> NoReturn:
        pytest.fail(f"Took longer than {seconds} s.")

    before, left = signal.signal(signal.SIGALRM, give_up), signal.alarm(int(seconds))
    yield
    signal.alarm(left)
    signal.signal(signal.SIGALRM, before)


@pytest.fixture(autouse=True)
def limited(live: Stack) -> Iterator[None]:
    """The stack's own start does not count."""
    with limit(LIMIT):
        yield
