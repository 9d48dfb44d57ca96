"""Somebody who reads what is published, again and again, while runs are stopped."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from multiprocessing.connection import Connection
from pathlib import Path

from tests.faults.comparing import looks_whole
from tests.faults.forks import PATIENCE, SERVER


@dataclass
class Seen:
    """How often somebody looked, and what was wrong with what they saw."""

    looks: int = 0
    wrong: list[str] = field(default_factory=list)


@contextmanager
def somebody_reading(database: Path) -> Iterator[Seen]:
    """A process that opens the published file over and over, from when there is one, for as long as the block lasts."""
    ours, theirs = SERVER.Pipe()
    process = SERVER.Process(target=_read, args=(database, theirs))
    process.start()
    theirs.close()
    seen = Seen()
    try:
        yield seen
    finally:
        ours.send("enough")
        if ours.poll(PATIENCE):
            seen.looks, seen.wrong = ours.recv()
        process.join(PATIENCE)


def _read(database: Path, to: Connection) -> None:
    looks, wrong = 0, []
    while not to.poll(0.02):
        if database.exists():
            looks += 1
            wrong += looks_whole(database)
        time.sleep(0.02)
    to.send((looks, wrong[:10]))
