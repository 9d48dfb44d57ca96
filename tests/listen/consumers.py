"""Consumers in processes of their own, which can be killed at any moment."""

from __future__ import annotations

import multiprocessing
import os
import signal
from multiprocessing.context import ForkServerProcess
from typing import Any

from pipelines.feeds import readable_feeds
from pipelines.settings import Settings

SERVER = multiprocessing.get_context("forkserver")
SERVER.set_forkserver_preload(["pipelines.listen"])


def die_before_acknowledging() -> None:
    """In the consumer: be killed once the first message is written."""
    from pipelines.listen.streams import Queue

    def die(queue: object, message: object) -> None:
        os.kill(os.getpid(), signal.SIGKILL)

    Queue.acknowledge = die  # type: ignore[method-assign, assignment]


def die_before_writing() -> None:
    """In the consumer: be killed with the first message in hand."""
    from pipelines.listen import delivering

    def die(*given: object) -> bool:
        os.kill(os.getpid(), signal.SIGKILL)
        return False

    delivering.Doorstep.deliver = die  # type: ignore[method-assign, assignment]


def consume(settings: Settings, once: bool, prepare: Any) -> None:
    """What a consumer's process does: listen until it is told to stop."""
    from pipelines import listen as listening

    if prepare:
        prepare()
    stopping = listening.Stopping()
    signal.signal(signal.SIGTERM, lambda number, frame: stopping.set())
    listening.listen(settings, lambda: readable_feeds(settings.feeds)[0], once, lambda event, **facts: None, stopping)


def start(settings: Settings, once: bool = False, prepare: Any = None) -> ForkServerProcess:
    """A consumer that runs."""
    process = SERVER.Process(target=consume, args=(settings, once, prepare), daemon=True)
    process.start()
    return process


def ended(process: ForkServerProcess) -> int | None:
    """How a consumer ended, once it has."""
    process.join(60)
    return process.exitcode
