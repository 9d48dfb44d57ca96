"""Locks between processes: who holds one says so beside it, and who waits says for whom."""

from __future__ import annotations

import contextlib
import json
import logging
import os
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from filelock import FileLock, Timeout

from pipelines.errors import WarehouseBusy
from pipelines.settings import now

SILENT_SECONDS = 1.0  # shorter waits are not worth a word
log = logging.getLogger("fruition")


@contextmanager
def hold(path: Path, what: str, seconds: float) -> Iterator[None]:
    """The lock at `path`, held; taken again by the same process, it counts.

    Waits at most `seconds`, and says on the log for whom. Raises `WarehouseBusy` then, which names the holder.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    lock = FileLock(path, is_singleton=True)
    try:
        _acquire(lock, path, what, seconds)
    except Timeout as error:
        raise WarehouseBusy(
            f"{what}: {_holder(path)} has been at it for longer than {seconds:.0f} s. "
            "Wait for it to end, or stop it, and run again."
        ) from error
    try:
        if lock.lock_counter == 1:
            _sign(path)
        yield
    finally:
        if lock.lock_counter == 1:
            _name_of_holder(path).unlink(missing_ok=True)
        lock.release()


def _acquire(lock: FileLock, path: Path, what: str, seconds: float) -> None:
    try:
        lock.acquire(timeout=min(SILENT_SECONDS, seconds))
    except Timeout:
        if seconds <= SILENT_SECONDS:
            raise
        log.warning("%s: waiting for %s, up to %.0f s", what, _holder(path), seconds)
        lock.acquire(timeout=seconds - SILENT_SECONDS)


def _name_of_holder(path: Path) -> Path:
    return path.with_name(f"{path.name}.holder")


def _sign(path: Path) -> None:
    """Leave a note of who holds the lock. It is no more than a courtesy: where it cannot be written, work goes on."""
    note = {"pid": os.getpid(), "host": socket.gethostname(), "since": f"{now():%Y-%m-%d %H:%M:%S}"}
    with contextlib.suppress(OSError):
        _name_of_holder(path).write_text(json.dumps(note))


def _holder(path: Path) -> str:
    try:
        note = json.loads(_name_of_holder(path).read_text())
        return f"process {note['pid']} on {note['host']} (since {note['since']} UTC)"
    except (OSError, ValueError, KeyError, TypeError):
        return "another process"
