"""A real PostgreSQL for the tests that need one: a cluster of its own on a free port, gone afterwards."""

from __future__ import annotations

import os
import secrets
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TypedDict

import psycopg

PATIENCE = 60.0  # seconds
POLL = 0.1  # seconds
USER = "postgres"


@dataclass
class Cluster:
    """One cluster: made by `running_postgres`, and stopped, killed and started again by tests of faults."""

    data: Path
    log: Path
    port: int
    password: str = field(repr=False)
    process: subprocess.Popen[bytes] | None = None

    @property
    def url(self) -> str:
        """As its superuser, in the database `postgres`; another database is another last part."""
        return f"postgresql://{USER}:{self.password}@127.0.0.1:{self.port}/postgres"

    def start(self) -> None:
        """Start the server, and wait until it answers."""
        settings = {
            "listen_addresses": "127.0.0.1",
            "port": str(self.port),
            "unix_socket_directories": "",
            "fsync": "off",  # the machine itself does not fall
            "max_connections": "200",
        }
        options = [word for name, value in settings.items() for word in ("-c", f"{name}={value}")]
        with self.log.open("ab") as log:
            command = [str(program("postgres")), "-D", str(self.data), *options]
            self.process = subprocess.Popen(
                command, stdin=subprocess.DEVNULL, stdout=log, stderr=log, cwd=self.data, **_as_postgres()
            )
        until = time.monotonic() + PATIENCE
        while not self._answers():
            assert self.process.poll() is None and time.monotonic() < until, self.log.read_text()
            time.sleep(POLL)

    def stop(self, how: signal.Signals = signal.SIGINT) -> None:
        """Stop the server: SIGINT ends its connections, SIGQUIT is a crash, from which it recovers when started."""
        if self.process is not None:
            self.process.send_signal(how)
            self.process.wait(PATIENCE)
            self.process = None

    def _answers(self) -> bool:
        try:
            psycopg.connect(self.url, connect_timeout=5).close()
        except psycopg.OperationalError:
            return False
        return True


@contextmanager
def running_cluster(folder: Path) -> Iterator[Cluster]:
    """A new cluster, running; its log is `postgres.log` in the folder.

    Its data lie in a temporary folder of their own: as root the server runs as the user `postgres`, who may not look
    into the folders of a test.
    """
    home = Path(tempfile.mkdtemp(prefix="fruition-postgres-"))
    try:
        cluster = Cluster(home / "data", folder / "postgres.log", free_port(), secrets.token_urlsafe(16))
        (home / "password").write_text(cluster.password)
        if os.getuid() == 0:
            for path in (home, home / "password"):
                shutil.chown(path, USER, USER)
        command = [str(program("initdb")), "-D", str(cluster.data), "-U", USER, f"--pwfile={home / 'password'}"]
        encoded = ["--auth=scram-sha-256", "--encoding=UTF8", "--locale=C.UTF-8", "--no-sync"]
        subprocess.run(command + encoded, check=True, stdout=subprocess.DEVNULL, cwd=home, **_as_postgres())
        cluster.start()
        try:
            yield cluster
        finally:
            cluster.stop()
    finally:
        shutil.rmtree(home)


@contextmanager
def running_postgres(folder: Path) -> Iterator[str]:
    """The URL of a new cluster that runs as long as the block."""
    with running_cluster(folder) as cluster:
        yield cluster.url


def program(name: str) -> Path:
    """A program of the newest PostgreSQL that is installed, as Debian lays it or on the path."""
    installed = sorted(Path("/usr/lib/postgresql").glob(f"*/bin/{name}"), key=lambda path: float(path.parts[4]))
    found = installed[-1] if installed else shutil.which(name)
    assert found, "PostgreSQL is needed: install the package postgresql."
    return Path(found)


def free_port() -> int:
    """A port of this machine that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


class _User(TypedDict, total=False):
    user: str
    group: str
    extra_groups: list[str]


def _as_postgres() -> _User:
    """The server refuses to run as root: then it is started as the user that its package makes."""
    return {"user": USER, "group": USER, "extra_groups": []} if os.getuid() == 0 else {}
