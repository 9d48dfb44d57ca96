"""A service of docker-compose.yml as a process of this machine: its own command, environment and health check.

What a container would have of its own is put in its place: paths become folders below a temporary one, the names of
other services 127.0.0.1 with a free port each, and `/run/secrets` a folder with those secrets alone that it lists.
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
import time
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import psutil

from pipelines.settings import REPOSITORY
from tests.compose.reading import Document
from tests.postgres import free_port

PORTS = {"postgres": 5432, "api-server": 8080, "messages": 6379, "broker": 6379}


@dataclass
class Machine:
    """Services that run, and where each of their container's things is."""

    document: Document
    folder: Path
    secrets: Path
    feeds: Path
    ports: dict[str, int] = field(default_factory=lambda: {name: free_port() for name in PORTS})
    running: dict[str, subprocess.Popen[bytes]] = field(default_factory=dict)

    def service(self, name: str) -> dict[str, Any]:
        found: dict[str, Any] = self.document["services"][name]
        return found

    def here(self, name: str, text: str) -> str:
        """A text of a service's, with this machine's places in it."""
        text = str(text).replace("$$", "$")
        for other, port in PORTS.items():
            text = re.sub(rf"(?<=[/@]){other}:{port}\b", f"127.0.0.1:{self.ports[other]}", text)
        if name in PORTS:
            text = re.sub(rf"(?<![\w.:]){PORTS[name]}(?!\w)", str(self.ports[name]), text)
        own = self.folder / name
        places = {
            "/srv/fruition/feeds": self.feeds,
            "/srv/fruition": REPOSITORY,
            "/run/secrets": own / "secrets",
            "/home/fruition": own / "home",
            "/tmp/": f"{own}/",
            "/data": own / "data" if name in {"messages", "broker"} else self.folder / "data",
            "/logs": self.folder / "logs",
        }
        inside = "|".join(map(re.escape, places))
        return re.sub(rf"(?<![\w.])({inside})", lambda found: str(places[found[0]]), text)

    def environment(self, name: str) -> dict[str, str]:
        """What the image and the file say, and nothing else but where programs are."""
        own = self.folder / name
        for part in ("home", "data", "secrets"):
            (own / part).mkdir(parents=True, exist_ok=True)
        for secret in self.service(name).get("secrets", []):
            (own / "secrets" / secret).write_text(self.here("", (self.secrets / secret).read_text()))
        image = dict(re.findall(r"(?:ENV| {4}) ?(FRUITION_\w+|AIRFLOW_HOME|PYTHON\w+)=(\S+)", dockerfile()))
        said = {**image, **self.service(name).get("environment", {})}
        path = f"{Path(sys.executable).parent}:{os.environ['PATH']}"
        return {variable: self.here(name, value) for variable, value in said.items()} | {"PATH": path, "HOME": str(own)}

    def start(self, name: str) -> subprocess.Popen[bytes]:
        command = [self.here(name, word) for word in self.service(name)["command"]]
        with self.log(name).open("ab") as log:
            self.running[name] = subprocess.Popen(
                command, env=self.environment(name), cwd=REPOSITORY, stdin=subprocess.DEVNULL, stdout=log, stderr=log
            )
        return self.running[name]

    def is_healthy(self, name: str) -> bool:
        """Its own health check, once."""
        kind, *words = self.service(name)["healthcheck"]["test"]
        words = [self.here(name, word) for word in words]
        command = ["/bin/sh", "-c", words[0]] if kind == "CMD-SHELL" else words
        done = subprocess.run(
            command, env=self.environment(name), cwd=REPOSITORY, capture_output=True, timeout=120, check=False
        )
        return done.returncode == 0

    def wait_until_healthy(self, name: str, seconds: float) -> None:
        until = time.monotonic() + seconds
        while not self.is_healthy(name):
            if name in self.running:
                assert self.running[name].poll() is None, self.last_lines(name)
            assert time.monotonic() < until, self.last_lines(name)
            time.sleep(1)

    def stop(self) -> None:
        """End every process with all that it started."""
        for process in reversed(self.running.values()):
            family = descendants(process.pid)
            process.terminate()
            try:
                process.wait(20)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait(20)
            for member in family:
                with suppress(psutil.NoSuchProcess):
                    member.kill()
        self.running.clear()

    def log(self, name: str) -> Path:
        return self.folder / f"{name}.log"

    def last_lines(self, name: str) -> str:
        return f"{name}:\n" + "\n".join(self.log(name).read_text("utf-8", "replace").splitlines()[-40:])


def dockerfile() -> str:
    return (REPOSITORY / "Dockerfile").read_text().rpartition("FROM ")[2]


def descendants(leader: int) -> list[psutil.Process]:
    """All that a process has started, and that still runs."""
    try:
        return list(psutil.Process(leader).children(recursive=True))
    except psutil.NoSuchProcess:
        return []
