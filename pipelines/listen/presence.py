"""A consumer's name, which it has again after it was killed, and the sign that it is alive."""

from __future__ import annotations

import socket
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import count
from pathlib import Path

from filelock import FileLock, Timeout
from redis.exceptions import RedisError

from pipelines.errors import ConfigError, SourceUnavailable
from pipelines.listen.streams import connected
from pipelines.settings import Settings

FRESH_SECONDS = 60.0


@dataclass(frozen=True)
class Presence:
    """A name that no other process has now; `heartbeat` is touched while the consumer is alive."""

    name: str
    heartbeat: Path

    def show(self) -> None:
        self.heartbeat.touch()


@contextmanager
def present(settings: Settings) -> Iterator[Presence]:
    """The first free name of this host: after a kill the same one is free again, and with it what was left pending."""
    folder = _folder(settings)
    folder.mkdir(parents=True, exist_ok=True)
    for number in count(1):
        name = f"{socket.gethostname()}-{number}"
        lock = FileLock(folder / f"{name}.lock")
        try:
            lock.acquire(timeout=0)
        except Timeout:
            continue
        presence = Presence(name, folder / f"{name}.alive")
        try:
            yield presence
        finally:
            presence.heartbeat.unlink(missing_ok=True)
            lock.release()
        return


def check(settings: Settings, tries: float = 2.0) -> str:
    """Whether Redis answers and a consumer of this host is alive, in words; raises what keeps it from being well."""
    if settings.redis_url is None:
        raise ConfigError("FRUITION_REDIS_URL is not set.")
    beats = [_age(path) for path in _folder(settings).glob("*.alive") if _is_of_this_host(path)]
    if not beats:
        raise SourceUnavailable("No consumer of this host is running: start `fruition listen`.")
    if min(beats) > FRESH_SECONDS:
        raise SourceUnavailable(f"The consumer has given no sign of life for {min(beats):.0f} s: restart it.")
    try:
        with connected(settings.redis_url, tries) as redis:
            redis.ping()
    except RedisError as error:
        raise SourceUnavailable(f"Redis does not answer ({type(error).__name__}).") from error
    return f"Redis answers, and the consumer gave a sign of life {min(beats):.0f} s ago."


def _folder(settings: Settings) -> Path:
    return settings.home / "listen"


def _is_of_this_host(path: Path) -> bool:
    host, _, number = path.stem.rpartition("-")
    return host == socket.gethostname() and number.isdecimal()


def _age(path: Path) -> float:
    """Seconds since a consumer's last sign of life."""
    try:
        return time.time() - path.stat().st_mtime
    except FileNotFoundError:
        return float("inf")
