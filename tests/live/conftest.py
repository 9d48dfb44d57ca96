"""One live Airflow for the tests of a session: PostgreSQL, four components, a few feeds."""

from __future__ import annotations

import signal
from collections.abc import Iterator
from types import FrameType
from typing import NoReturn

import pytest

from tests.live.postgres import Postgres
from tests.live.stack import Stack
from tests.receivers import Receiver

LIMIT = 300  # seconds for one test, after which it fails wherever it is
ATOMIC = ("alpha", "beta", "gamma", "delta")
SETTLED = "slow"


@pytest.fixture(scope="session")
def postgres() -> Iterator[Postgres]:
    server = Postgres()
    try:
        server.start()
        server.create_database("airflow")
        yield server
    finally:
        server.remove()


@pytest.fixture(scope="session")
def messages() -> Iterator[Receiver]:
    """The receiver of messages that the stack knows."""
    with Receiver().listening() as receiver:
        yield receiver


@pytest.fixture(scope="session")
def live(postgres: Postgres, messages: Receiver, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    """The stack. It is shared: a test leaves every component running and every DAG unpaused."""
    stack = Stack(tmp_path_factory.mktemp("live"), postgres, FRUITION_NOTIFY_URLS=f"json://{messages.host}/")
    for feed in ATOMIC:
        stack.add_feed(feed)
    stack.add_feed(SETTLED, arrival="settled")
    try:
        stack.start()
        yield stack
    finally:
        stack.stop()


@pytest.fixture(autouse=True)
def limited(live: Stack) -> Iterator[None]:
    """A hard time limit, so that a stack that hangs fails its test; the stack's own start does not count."""

    def give_up(number: int, frame: FrameType | None) -> NoReturn:
        pytest.fail(f"Took longer than {LIMIT} s.")

    before = signal.signal(signal.SIGALRM, give_up)
    signal.alarm(LIMIT)
    yield
    signal.alarm(0)
    signal.signal(signal.SIGALRM, before)
