from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from pipelines import messages
from pipelines.settings import Settings


@pytest.fixture
def receiver() -> Iterator[tuple[str, list[dict[str, Any]]]]:
    """A receiver of Apprise's `json://` messages that refuses the path /refuse; its address, and what it accepted."""
    received: list[dict[str, Any]] = []

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            if self.path.startswith("/refuse"):
                self.send_error(500)
                return
            received.append(json.loads(body))
            self.send_response(200)
            self.end_headers()

        def log_message(self, format: str, *args: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield f"127.0.0.1:{server.server_port}", received
    server.shutdown()
    thread.join()
    server.server_close()


def settings(*urls: str) -> Settings:
    return Settings(Path("/nowhere"), Path("/nowhere"), notify_urls=urls)


def test_a_message_goes_to_every_receiver_as_it_was_written(receiver: tuple[str, list[dict[str, Any]]]) -> None:
    host, received = receiver
    assert messages.send(settings(f"json://{host}/a", f"json://{host}/b"), "A title", "<b>one</b>\ntwo & three")
    assert [(one["title"], one["message"]) for one in received] == [("A title", "<b>one</b>\ntwo & three")] * 2


def test_without_a_receiver_there_is_nothing_to_do() -> None:
    assert messages.send(settings(), "A title", "A body")


def test_one_that_refuses_does_not_keep_the_others_from_it(
    receiver: tuple[str, list[dict[str, Any]]], caplog: pytest.LogCaptureFixture, capfd: pytest.CaptureFixture[str]
) -> None:
    host, received = receiver
    refusing = f"json://user:hush@{host}/refuse/hush"
    assert not messages.send(settings(refusing, f"json://{host}/b", "hush"), "A title", "A body")
    assert len(received) == 1
    assert messages.receiver_name(refusing) in caplog.text
    assert "hush" not in caplog.text + "".join(capfd.readouterr())


def test_nothing_listening_is_no_acceptance() -> None:
    assert not messages.send(settings("json://127.0.0.1:9/a"), "A title", "A body")


@pytest.mark.parametrize(
    ("url", "understood"), [("json://host/a", True), ("mailto://user:word@example.org", True), ("nonsense://a", False)]
)
def test_a_url_that_apprise_does_not_know_is_told(url: str, understood: bool) -> None:
    assert messages.is_understood(url) is understood


def test_a_name_cannot_begin_a_line_of_its_own() -> None:
    assert messages.one_line("A\nB\r\n\u2028C\u202e D\x1b[31m") == "A B C D [31m"
