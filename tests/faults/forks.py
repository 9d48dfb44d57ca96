"""`fruition …` in a process of its own, forked from a server that has imported everything heavy already.

A run that starts from nothing spends ten seconds importing; hundreds of runs that are stopped cannot afford it. The
server never opens a database nor starts a thread, so its forks are as clean as a new interpreter.
"""

from __future__ import annotations

import contextlib
import multiprocessing
import os
import sys
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from multiprocessing.connection import Connection
from multiprocessing.context import ForkServerProcess
from pathlib import Path
from typing import Any

from pipelines.settings import Settings

SERVER = multiprocessing.get_context("forkserver")
SERVER.set_forkserver_preload(["tests.faults.preload"])
STAGES = ("receive", "ingest", "load", "build", "publish")
STAGE_MARK = "/no-such-folder/stage/"
THREAD_MARK = "/no-such-folder/thread/"
PATIENCE = 300.0  # seconds that any run may take


@dataclass(frozen=True)
class Ended:
    """How a run ended: its exit code, negative where a signal ended it, and what it wrote on both streams."""

    exit_code: int
    output: str

    @property
    def killed(self) -> bool:
        return self.exit_code == -9

    @property
    def message(self) -> str:
        """The last line it wrote that says something."""
        lines = [line.strip() for line in self.output.splitlines() if line.strip()]
        return lines[-1] if lines else ""


@dataclass
class Run:
    """A `fruition` process that waits at the gate until it is let go."""

    process: ForkServerProcess
    gate: Connection
    output: Path

    @property
    def pid(self) -> int:
        assert self.process.pid is not None
        return self.process.pid

    def go(self) -> None:
        self.gate.send("go")

    def thread(self, seconds: float = PATIENCE) -> int | None:
        """The native id of the thread that pauses where it was asked to; None where the run ended without it."""
        try:
            return int(self.gate.recv()) if self.gate.poll(seconds) else None
        except EOFError:
            return None

    def kill(self) -> None:
        self.process.kill()

    def ended(self, seconds: float = PATIENCE) -> Ended:
        """Wait for the end; a run that does not come to one is killed, and fails the test."""
        self.process.join(seconds)
        if self.process.exitcode is None:
            self.process.kill()
            self.process.join()
            raise TimeoutError(f"A run did not end within {seconds:.0f} s: {self.output.read_text()[-2000:]}")
        self.gate.close()
        return Ended(self.process.exitcode, self.output.read_text(errors="replace"))


def start(
    settings: Settings,
    *arguments: str,
    single_thread: bool = False,
    pause_thread: int = 0,
    prepare: Callable[..., None] | None = None,
    given: tuple[Any, ...] = (),
) -> Run:
    """Fork a process that will run `fruition <arguments>` once it is let go.

    `prepare(*given)` is called in it before that. With `single_thread` each of its threads makes the same system calls
    each time; the thread numbered `pause_thread`, in order of start, waits to be let go too.
    """
    ours, theirs = SERVER.Pipe()
    settings.home.mkdir(parents=True, exist_ok=True)
    output = settings.home.parent / f"output-{os.getpid()}-{next(_numbers)}.txt"
    how = (single_thread, pause_thread, prepare, given)
    process = SERVER.Process(target=_main, args=(settings, arguments, theirs, output, *how))
    process.start()
    theirs.close()
    if not ours.poll(PATIENCE):
        raise TimeoutError("A fork of the server did not come to its gate.")
    ours.recv()
    return Run(process, ours, output)


def run(settings: Settings, *arguments: str, **how: Any) -> Ended:
    """`fruition <arguments>` from beginning to end."""
    started = start(settings, *arguments, **how)
    started.go()
    return started.ended()


def call(function: Callable[..., Any], *arguments: Any) -> Any:
    """A function's result, computed in a fork of the server; what it raises fails the test."""
    ours, theirs = SERVER.Pipe(duplex=False)
    process = SERVER.Process(target=_answer, args=(theirs, function, arguments))
    process.start()
    theirs.close()
    try:
        return ours.recv()
    finally:
        process.join(PATIENCE)


def _answer(to: Connection, function: Callable[..., Any], arguments: tuple[Any, ...]) -> None:
    to.send(function(*arguments))


def _numbered() -> Iterator[int]:
    number = 0
    while True:
        number += 1
        yield number


_numbers = _numbered()


def _main(
    settings: Settings,
    arguments: tuple[str, ...],
    gate: Connection,
    output: Path,
    single_thread: bool,
    pause_thread: int,
    prepare: Callable[..., None] | None,
    given: tuple[Any, ...],
) -> None:
    descriptor = os.open(output, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o644)
    os.dup2(descriptor, 1)
    os.dup2(descriptor, 2)
    os.chdir(settings.home.parent)
    _use(settings)
    _mark_stages()
    if single_thread:
        _use_one_thread()
        _number_threads(gate, pause_thread)
    if prepare:
        prepare(*given)
    from pipelines.cli import main

    gate.send("ready")
    gate.recv()
    sys.argv = ["fruition", *arguments]
    try:
        main()
    finally:
        sys.stdout.flush()


def _use(settings: Settings) -> None:
    """Take the settings as they are: contracts and dbt project have no variable in the environment."""
    from_environment = classmethod(lambda cls, environment=None: settings)
    setattr(Settings, "from_environment", from_environment)  # noqa: B010


def _mark_stages() -> None:
    """Let a trace of system calls show where each stage begins: by a call that fails and changes nothing."""
    from pipelines import night

    for stage in STAGES:
        setattr(night, stage, _marked(stage, getattr(night, stage)))


def _marked(stage: str, function: Callable[..., Any]) -> Callable[..., Any]:
    def marked(*arguments: Any, **named: Any) -> Any:
        with contextlib.suppress(OSError):
            os.rmdir(STAGE_MARK + stage)  # noqa: PTH106 - one system call and nothing beside it
        return function(*arguments, **named)

    return marked


def _use_one_thread() -> None:
    """DuckDB does its work on the thread that asks for it."""
    import duckdb

    connect = duckdb.connect

    def connect_with_one_thread(*arguments: Any, **named: Any) -> Any:
        named["config"] = {**(named.get("config") or {}), "threads": 1}
        return connect(*arguments, **named)

    duckdb.connect = connect_with_one_thread


def _number_threads(gate: Connection, pause: int) -> None:
    """Mark the start of each thread, by a call that changes nothing, and let the one of that number wait at the gate."""
    begin: Callable[..., None] = threading.Thread._bootstrap_inner  # type: ignore[attr-defined]
    numbers = _numbered()

    def numbered(thread: threading.Thread) -> None:
        number = next(numbers)
        with contextlib.suppress(OSError):
            os.rmdir(f"{THREAD_MARK}{number}")  # noqa: PTH106 - one system call and nothing beside it
        if number == pause:
            gate.send(threading.get_native_id())
            gate.recv()
        begin(thread)

    threading.Thread._bootstrap_inner = numbered  # type: ignore[attr-defined]
