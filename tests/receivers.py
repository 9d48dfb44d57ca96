"""A receiver of gap events and messages on this machine, whose answers a test decides."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any


@dataclass(frozen=True)
class Request:
    """What was posted: where to, with which headers, which bytes, and how it was answered."""

    path: str
    headers: dict[str, str]
    body: bytes
    status: int

    @property
    def document(self) -> dict[str, Any]:
        document: dict[str, Any] = json.loads(self.body)
        return document


@dataclass
class Receiver:
    """Answers `answers` in order, then `status`; keeps every request. One that is down is not listening."""

    status: int = 200
    answers: list[int] = field(default_factory=list)
    headers: dict[str, str] = field(default_factory=dict)
    refusing: set[str] = field(
        default_factory=set
    )  # CloudEvents of these subjects, messages of these titles get `refusal`
    refusal: int = 400
    requests: list[Request] = field(default_factory=list)
    port: int = 0

    @property
    def host(self) -> str:
        return f"127.0.0.1:{self.port}"

    @property
    def accepted(self) -> list[dict[str, Any]]:
        return [request.document for request in self.requests if request.status < 300]

    @property
    def accepted_ids(self) -> list[str]:
        return [document["id"] for document in self.accepted]

    @contextmanager
    def listening(self) -> Iterator[Receiver]:
        """Listen, on the same port whenever it listens again."""
        server = ThreadingHTTPServer(("127.0.0.1", self.port), self._handler())
        server.daemon_threads = True
        self.port = server.server_port
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
        thread.start()
        try:
            yield self
        finally:
            server.shutdown()
            thread.join()
            server.server_close()

    def _handler(self) -> type[BaseHTTPRequestHandler]:
        receiver = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"]))
                status = receiver.answers.pop(0) if receiver.answers else receiver.status
                document = json.loads(body)
                if {document.get("subject"), document.get("title")} & receiver.refusing:
                    status = receiver.refusal
                receiver.requests.append(Request(self.path, dict(self.headers), body, status))
                self.send_response(status)
                for name, value in receiver.headers.items():
                    self.send_header(name, value)
                self.send_header("Content-Length", "0")
                self.end_headers()

            def log_message(self, format: str, *args: object) -> None:
                pass

        return Handler
