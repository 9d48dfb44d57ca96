"""A real Redis in a folder of its own, that can be stopped, killed and started again on the same data."""

from __future__ import annotations

import shutil
import subprocess
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from redis import Redis
from redis.exceptions import RedisError

PROGRAM = shutil.which("redis-server") or "/usr/bin/redis-server"


@dataclass
class RedisServer:
    """Listens on a socket below its folder only; every write is on the disk before it is answered."""

    folder: Path
    password: str = "hush-hush"
    process: subprocess.Popen[bytes] | None = field(default=None)

    @property
    def url(self) -> str:
        return f"unix://:{self.password}@{self.folder}/redis.sock"

    @property
    def client(self) -> Redis:
        return Redis.from_url(self.url, socket_timeout=5.0, protocol=2)

    def start(self) -> None:
        """Start, and wait until it answers."""
        self.folder.mkdir(parents=True, exist_ok=True)
        options = {"port": "0", "unixsocket": f"{self.folder}/redis.sock", "dir": str(self.folder), "save": ""}
        options |= {"appendonly": "yes", "appendfsync": "always", "requirepass": self.password}
        command = [PROGRAM, *(word for key, value in options.items() for word in (f"--{key}", value))]
        self.process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        until = time.monotonic() + 20
        while True:
            try:
                self.client.ping()
                return
            except RedisError:
                if time.monotonic() > until:
                    raise
                time.sleep(0.05)

    def kill(self) -> None:
        """End it without a chance to say goodbye."""
        if self.process:
            self.process.kill()
            self.process.wait()
            self.process = None

    def send(self, stream: str, body: bytes | None, name: bytes | None = None, **fields: bytes) -> str:
        """Add a message; the fields that are None are left out."""
        message: dict[Any, Any] = {"body": body, "name": name, **fields}
        identifier: Any = self.client.xadd(stream, {key: value for key, value in message.items() if value is not None})
        return str(identifier.decode())

    def waiting(self, stream: str, group: str = "fruition") -> tuple[int, int]:
        """How many messages the stream holds, and how many of them were given out and not acknowledged."""
        client = self.client
        groups: Any = client.xinfo_groups(stream) if client.exists(stream) else []
        pending = [one["pending"] for one in groups if one["name"] == group.encode()]
        return int(client.xlen(stream)), sum(pending)
