"""Airflow's four components on this machine, until Ctrl-C: `make up`.

`airflow standalone` takes longer and leaves its children behind when it is stopped. Here each component leads a session
of its own; whatever of it is left after it was asked to stop is ended.
"""

from __future__ import annotations

import argparse
import json
import os
import signal
import socket
import subprocess
import sys
import threading
import time
import urllib.request
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path

from filelock import FileLock, Timeout

from pipelines.settings import REPOSITORY
from scripts.airflow_home import USER, airflow_environment, component_environment, new_password

COMPONENTS = {
    "api-server": ("api-server",),
    "scheduler": ("scheduler", "--skip-serve-logs"),
    "dag-processor": ("dag-processor",),
    "triggerer": ("triggerer", "--skip-serve-logs"),
}
HEALTHY_WITHIN = 180.0  # seconds; 25 to 30 on two idle cores
STOPPED_WITHIN = 20.0  # seconds; a task that runs for longer is ended, and loses nothing by it
POLL = 0.5  # seconds


class CannotRun(Exception):
    """Airflow cannot be started, or one of its components has ended; the message says what to do."""


def main() -> int:
    """Start, wait until healthy, and stay until asked to stop. Exit code 0 where that was all that happened."""
    parser = argparse.ArgumentParser(description="Airflow's four components, until Ctrl-C.")
    parser.add_argument("--port", help="of the user interface and the API; 8080 by default")
    port: str | None = parser.parse_args().port
    environment = airflow_environment(dict(os.environ) | ({"AIRFLOW__API__PORT": port} if port else {}))
    stop = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, lambda *_: stop.set())
    try:
        with FileLock(Path(environment["AIRFLOW_HOME"], ".up.lock"), timeout=0):
            run(environment, stop)
    except Timeout:
        print("Airflow is up already in this folder: stop that one first (Ctrl-C where it runs).", file=sys.stderr)
        return 1
    except CannotRun as error:
        print(error, file=sys.stderr)
        return 1
    return 0


def run(environment: Mapping[str, str], stop: threading.Event) -> None:
    """The four components, from the first sign of life to the last."""
    _guard_port_is_free(environment["AIRFLOW__API__HOST"], int(environment["AIRFLOW__API__PORT"]))
    logs = Path(environment["AIRFLOW_HOME"], "logs")
    logs.mkdir(exist_ok=True)
    print("Airflow's metadata are being brought up to date.", flush=True)
    prepared = start_process(("-m", "scripts.airflow_home"), environment, logs / "prepare.log")
    if prepared.wait() != 0:
        raise CannotRun(f"Airflow's metadata could not be brought up to date:\n{_last_lines(logs / 'prepare.log')}")
    password = new_password(environment)
    print(f"{', '.join(COMPONENTS)} are being started; their logs are in {logs}.", flush=True)
    running: dict[str, subprocess.Popen[bytes]] = {}
    try:
        for name, command in COMPONENTS.items():
            running[name] = start_process(
                ("-m", "airflow", *command), component_environment(name, environment), logs / f"{name}.log"
            )
        _wait_until_healthy(environment["AIRFLOW__API__BASE_URL"], running, logs, stop)
        if not stop.is_set():
            _greet(environment, password)
        while not stop.wait(POLL):
            _guard_all_run(running, logs)
    finally:
        print("Airflow is being stopped.", flush=True)
        stop_processes(list(running.values()))
    print("Stopped.", flush=True)


def start_process(arguments: tuple[str, ...], environment: Mapping[str, str], log: Path) -> subprocess.Popen[bytes]:
    """A Python process in a session of its own: Ctrl-C reaches only this one, which then stops the others."""
    with log.open("ab") as file:
        return subprocess.Popen(
            [sys.executable, *arguments],
            env=dict(environment),
            cwd=REPOSITORY,
            stdin=subprocess.DEVNULL,
            stdout=file,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )


def _wait_until_healthy(
    url: str, running: Mapping[str, subprocess.Popen[bytes]], logs: Path, stop: threading.Event
) -> None:
    until = time.monotonic() + HEALTHY_WITHIN
    while not stop.wait(POLL) and (unhealthy := unhealthy_components(url)):
        _guard_all_run(running, logs)
        if time.monotonic() > until:
            raise CannotRun(
                f"Not healthy within {HEALTHY_WITHIN:.0f} s: {', '.join(unhealthy)}. See the logs in {logs}."
            )


def unhealthy_components(url: str) -> list[str]:
    """The components that the API does not call healthy yet; the API itself while it does not answer."""
    try:
        with urllib.request.urlopen(f"{url}/api/v2/monitor/health", timeout=5) as answer:
            health = json.load(answer)
    except (OSError, ValueError):
        return ["api-server"]
    return [name for name, report in health.items() if report["status"] != "healthy"]


def _guard_all_run(running: Mapping[str, subprocess.Popen[bytes]], logs: Path) -> None:
    for name, process in running.items():
        if process.poll() is not None:
            raise CannotRun(
                f"{name} has ended ({process.returncode}), so all are stopped:\n{_last_lines(logs / f'{name}.log')}"
            )


def _guard_port_is_free(host: str, port: int) -> None:
    with socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError as error:
            raise CannotRun(
                f"Port {port} of {host} cannot be had ({error.strerror}): give another one with --port."
            ) from error


def _greet(environment: Mapping[str, str], password: str | None) -> None:
    passwords = environment["AIRFLOW__CORE__SIMPLE_AUTH_MANAGER_PASSWORDS_FILE"]
    print(f"Airflow is up: {environment['AIRFLOW__API__BASE_URL']}")
    if password:
        print(f"User {USER}, password {password} (shown this once; it is kept in {passwords}).")
    else:
        print(f"User {USER}, the password is in {passwords}.")
    landing = Path(environment["FRUITION_HOME"], "landing", "<feed>")
    print(f"Files in {landing} are taken as they arrive. Ctrl-C stops all.", flush=True)


def stop_processes(running: list[subprocess.Popen[bytes]]) -> None:
    """Ask each component to end; after a while end it, and in any case whatever of its session is left."""
    for process in running:
        process.terminate()
    until = time.monotonic() + STOPPED_WITHIN
    for process in running:
        try:
            process.wait(max(0.0, until - time.monotonic()))
        except subprocess.TimeoutExpired:
            continue
    for process in running:
        process.kill()
        process.wait()
        while members := session_of(process.pid):
            for member in members:
                with suppress(ProcessLookupError):
                    os.kill(member, signal.SIGKILL)
            time.sleep(POLL / 10)


def session_of(leader: int) -> list[int]:
    """The processes of a session that still run; a task leads a group of its own within its scheduler's session."""
    members = []
    for entry in Path("/proc").glob("[0-9]*"):
        with suppress(OSError):
            state, _, _, session = (entry / "stat").read_text().rpartition(")")[2].split()[:4]
            if int(session) == leader and state != "Z":
                members.append(int(entry.name))
    return members


def _last_lines(log: Path, count: int = 15) -> str:
    return "\n".join(log.read_text("utf-8", "replace").splitlines()[-count:])


if __name__ == "__main__":
    sys.exit(main())
