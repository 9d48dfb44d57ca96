"""Stopping a run at one durable system call: which there are, and how to be killed or refused space at one of them.

With `strace` every call is met, DuckDB's and dbt's too. Where there is no strace, or it may not trace, the calls that
Python makes are met by putting a counter before them.
"""

from __future__ import annotations

import contextlib
import os
import re
import shutil
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any, Literal

from pipelines.settings import Settings
from tests.faults import forks
from tests.faults.forks import STAGE_MARK, THREAD_MARK, Ended

Fault = Literal["kill", "no space"]

OPENING = ("openat", "open", "creat")
WRITING = (
    "write",
    "writev",
    "pwrite64",
    "pwritev",
    "sendfile",
    "copy_file_range",
    "ftruncate",
    "truncate",
    "fallocate",
)
SYNCING = ("fsync", "fdatasync", "sync_file_range", "msync")
NAMING = ("rename", "renameat", "renameat2", "link", "linkat", "symlink", "symlinkat", "mkdir", "mkdirat")
REMOVING = ("unlink", "unlinkat", "rmdir")
CHANGING = ("chmod", "fchmod", "fchmodat")
CALLS = (*OPENING, *WRITING, *SYNCING, *NAMING, *REMOVING, *CHANGING)
NEEDING_SPACE = {*OPENING, *WRITING, *SYNCING, *NAMING}

LINE = re.compile(r"^(\d+) +(\w+)\((.*)$")
PLACE = re.compile(r'<(/[^>]*)>|"([^"]+)"')
FAILED = re.compile(r"= -1 E[A-Z]+ ")
SCRATCH = re.compile(r"\.part|^lake/_work/|^warehouse/dbt/target/(manifest|semantic_manifest|graph|run|compiled)")
KEPT_OF_A_SERIES = 3
CREATES = re.compile(r"O_CREAT|O_TRUNC")
CHANCE = (
    (re.compile(r"\d{8}T\d{12}Z-[0-9a-f]{6}"), "ID"),
    (re.compile(r"\.work-[^/]+"), ".work-ID"),
    (re.compile(r"/\.[a-z0-9_]{8}\.part"), "/.ID.part"),
    (re.compile(r"\.\d+\.part"), ".PID.part"),
    (re.compile(r"tmp[a-z0-9_]{8}"), "tmpID"),
)


@dataclass(frozen=True)
class Point:
    """One durable system call of a run: the `number`-th of its name that its thread makes, and what it is about."""

    stage: str
    thread: int
    call: str
    number: int
    path: str

    def __str__(self) -> str:
        return f"{self.stage}: {self.call} {self.path}"


@dataclass(frozen=True)
class Stopped:
    """How a run that met a fault ended, and what it met (None where it never came to that call)."""

    ended: Ended
    met: str | None


@cache
def can_trace() -> bool:
    """Whether strace is here, and may attach to a process."""
    if not shutil.which("strace"):
        return False
    with subprocess.Popen([sys.executable, "-c", "import time; time.sleep(20)"]) as sleeping:
        try:
            with _traced(sleeping.pid, Path(os.devnull), "-e", "trace=fsync") as tracer:
                return tracer is not None
        finally:
            sleeping.kill()


def points(settings: Settings, *arguments: str) -> list[Point]:
    """Every durable call below the home that `fruition <arguments>` makes, in order; the run goes through."""
    if not can_trace():
        return _points_of_python(settings, arguments)
    log = settings.home.parent / "trace.txt"
    run = forks.start(settings, *arguments, single_thread=True)
    with _traced(run.pid, log, "-f", "-e", f"trace={','.join(CALLS)}"):
        run.go()
        ended = run.ended()
    if ended.exit_code not in (0, 1):
        raise RuntimeError(f"The run to be stopped later did not go through: {ended.output[-2000:]}")
    return _read_trace(log.read_text(errors="replace"), settings.home, run.pid)


def stop(settings: Settings, point: Point, fault: Fault, *arguments: str) -> Stopped:
    """Run `fruition <arguments>` until it comes to a point, and let the fault happen there."""
    if not can_trace():
        return _stop_python(settings, point, fault, arguments)
    log = settings.home.parent / "trace.txt"
    harm = "signal=KILL" if fault == "kill" else "error=ENOSPC"
    options = ("-e", f"trace={point.call}", "-e", f"inject={point.call}:{harm}:when={point.number}")
    run = forks.start(settings, *arguments, single_thread=True, pause_thread=point.thread)
    thread: int | None = run.pid
    if point.thread:
        run.go()
        thread = run.thread()
    if thread is None:
        return Stopped(run.ended(), None)
    with _traced(thread, log, *options):
        run.go()
        ended = run.ended()
    met = _met(log.read_text(errors="replace"), point, fault, ended)
    return Stopped(ended, _named(met, settings.home) if met is not None else None)


def worth_stopping_at(found: list[Point]) -> list[Point]:
    """All points but those in the midst of a series on one scratch file, which the next run throws away unread.

    Of each such series (one call, one file) the first, the last and one between stay.
    """
    series: dict[tuple[str, str, str], list[Point]] = {}
    for point in found:
        key = (point.stage, point.call, point.path)
        series.setdefault(key, []).append(point)
    chosen = set()
    for (_, _, path), of_one in series.items():
        few = len(of_one) <= KEPT_OF_A_SERIES or not SCRATCH.search(path)
        chosen |= set(of_one) if few else {of_one[0], of_one[len(of_one) // 2], of_one[-1]}
    return [point for point in found if point in chosen]


@contextlib.contextmanager
def _traced(pid: int, log: Path, *options: str) -> Iterator[subprocess.Popen[str] | None]:
    """strace, attached to a process or to one of its threads; None where it may not be."""
    command = ["strace", "-y", "-s", "0", "-o", str(log), *options, "-p", str(pid)]
    with subprocess.Popen(command, stderr=subprocess.PIPE, text=True) as tracer:
        assert tracer.stderr is not None
        said = tracer.stderr.readline()
        try:
            yield tracer if "attached" in said else None
            with contextlib.suppress(subprocess.TimeoutExpired):
                tracer.wait(5)
        finally:
            tracer.terminate()
            tracer.stderr.read()


def _read_trace(text: str, home: Path, pid: int) -> list[Point]:
    """The points in a trace of a whole run: counted for each thread and call from where the thread begins."""
    found: list[Point] = []
    counts: dict[int, Counter[str]] = {pid: Counter()}
    numbers = {pid: 0}
    stage = "start"
    for line in text.splitlines():
        match = LINE.match(line)
        if not match:
            continue
        thread, call, rest = int(match[1]), match[2], match[3]
        if THREAD_MARK in rest:
            numbers[thread] = int(rest.partition(THREAD_MARK)[2].partition('"')[0])
            counts[thread] = Counter()
            continue
        if thread not in numbers:
            continue
        counts[thread][call] += 1
        if STAGE_MARK in rest:
            stage = rest.partition(STAGE_MARK)[2].partition('"')[0]
        path = _durable(call, rest, home)
        if path and not (path.endswith(".log") and call == "write"):  # what dbt notes of itself is read by nobody
            found.append(Point(stage, numbers[thread], call, counts[thread][call], path))
    return found


def _durable(call: str, rest: str, home: Path) -> str | None:
    """The path below the home that a call changes, without what differs from run to run; None where it is none."""
    if FAILED.search(rest) or (call in OPENING and not CREATES.search(rest)):
        return None
    return _named(rest, home)


def _named(rest: str, home: Path) -> str | None:
    """The last path below the home among a call's arguments; for a name in an open folder, the two together."""
    arguments = rest.rpartition(") = ")[0] or rest
    folder, path = "", None
    for angled, quoted in PLACE.findall(arguments):
        place = angled or (quoted if quoted.startswith("/") else f"{folder}/{quoted}")
        folder = angled or folder
        if place.startswith(f"{home}/"):
            path = place[len(str(home)) + 1 :]
    if path is None:
        return None
    for pattern, name in CHANCE:
        path = pattern.sub(name, path)
    return path.removesuffix("(deleted)")


def _met(text: str, point: Point, fault: Fault, ended: Ended) -> str | None:
    """What the fault struck, as the trace shows it: the call that never returned, or the one marked as injected."""
    calls = [line for line in text.splitlines() if line.startswith(f"{point.call}(")]
    if fault == "kill":
        return calls[point.number - 1] if ended.killed and len(calls) >= point.number else None
    return next((line for line in calls if "INJECTED" in line), None)


# Without strace: the calls that Python makes by name.
PYTHON_CALLS = ("fsync", "replace", "rename", "unlink", "mkdir", "rmdir", "chmod", "link")


def _points_of_python(settings: Settings, arguments: tuple[str, ...]) -> list[Point]:
    with tempfile.TemporaryDirectory() as folder:
        log = Path(folder) / "calls"
        ended = forks.run(settings, *arguments, prepare=count_calls, given=(settings.home, 0, "kill", log))
        if ended.exit_code not in (0, 1):
            raise RuntimeError(f"The run to be stopped later did not go through: {ended.output[-2000:]}")
        lines = [line.split(" ", 2) for line in log.read_text().splitlines()]
    return [Point(stage, 0, call, number, path) for number, (stage, call, path) in enumerate(lines, start=1)]


def _stop_python(settings: Settings, point: Point, fault: Fault, arguments: tuple[str, ...]) -> Stopped:
    with tempfile.TemporaryDirectory() as folder:
        log = Path(folder) / "calls"
        given = (settings.home, point.number, fault, log)
        ended = forks.run(settings, *arguments, prepare=count_calls, given=given)
        lines = log.read_text().splitlines()
    return Stopped(ended, lines[point.number - 1] if len(lines) >= point.number else None)


def count_calls(home: Path, stop_at: int, fault: Fault, log: Path) -> None:
    """In the process that will run: note each durable call of Python's below the home, and strike at the n-th."""
    count = 0
    stage = "start"

    def wrapped(name: str, function: Callable[..., Any]) -> Callable[..., Any]:
        def called(*arguments: Any, **named: Any) -> Any:
            nonlocal count, stage
            place = _place(arguments[0])
            if place.startswith(STAGE_MARK):
                stage = place.removeprefix(STAGE_MARK)
            if place.startswith(f"{home}/"):
                count += 1
                with log.open("a") as file:
                    file.write(f"{stage} {name} {_named(f'<{place}>', home)}\n")
                if count == stop_at:
                    _strike(fault)
            return function(*arguments, **named)

        return called

    for name in PYTHON_CALLS:
        setattr(os, name, wrapped(name, getattr(os, name)))


def _place(argument: Any) -> str:
    if isinstance(argument, int):
        return str(Path(f"/proc/self/fd/{argument}").readlink())
    return os.fsdecode(argument)


def _strike(fault: Fault) -> None:
    if fault == "kill":
        os.kill(os.getpid(), 9)
        time.sleep(60)
    raise OSError(28, "No space left on device")
