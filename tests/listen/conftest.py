from __future__ import annotations

import tempfile
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from tests.door import Door
from tests.listen.server import RedisServer


@pytest.fixture
def redis() -> Iterator[RedisServer]:
    """A running Redis with nothing in it; its folder's path is short enough for a socket."""
    with tempfile.TemporaryDirectory(prefix="redis-") as folder:
        server = RedisServer(Path(folder))
        server.start()
        yield server
        server.kill()


@pytest.fixture
def listening(door: Door, redis: RedisServer) -> Door:
    """A home whose feed of readings takes messages."""
    door = Door(replace(door.settings, redis_url=redis.url))
    door.feed(source={"kind": "message"})
    return door
