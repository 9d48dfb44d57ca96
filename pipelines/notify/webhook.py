"""Gap events to the webhook: CloudEvents 1.0 as signed JSON, each posted until the receiver answers 2xx."""

from __future__ import annotations

import hashlib
import hmac
import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC
from typing import Any, Literal

import httpx
import tenacity
from cloudevents.core.bindings.http import to_structured
from cloudevents.core.formats.json import JSONFormat
from cloudevents.core.v1.event import CloudEvent

from pipelines.messages import silent_libraries
from pipelines.notify.events import GapEvent

SIGNATURE = "X-Fruition-Signature"
TIMEOUT = httpx.Timeout(5.0, connect=3.0)
TRIES = 3  # within a run, while the receiver does not answer or has trouble of its own
FIRST_WAIT_SECONDS = 0.5
BUSY = {408, 425, 429}

Answer = Literal["accepted", "refused", "in trouble", "silent"]


@dataclass(frozen=True)
class Posted:
    """How the receiver took an event; `problem` says what it answered, in words that end a sentence."""

    answer: Answer
    problem: str = ""


def cloud_event(event: GapEvent, source: str) -> dict[str, Any]:
    """The CloudEvent of a gap event, the same however often it is made."""
    attributes = {
        "specversion": "1.0",
        "id": event.event_id,
        "source": source,
        "type": f"org.fruition.gap.{event.event_type}",
        "subject": event.gap_id,
        "time": event.known_at.replace(tzinfo=UTC),
        "datacontenttype": "application/json",
        "sequence": f"{event.seq:08d}",
    }
    document: dict[str, Any] = json.loads(to_structured(CloudEvent(attributes, event.gap), JSONFormat()).body)
    return document


def signature(secret: str, body: bytes) -> str:
    """What the header `X-Fruition-Signature` says of a body."""
    return f"sha256={hmac.new(secret.encode(), body, hashlib.sha256).hexdigest()}"


@contextmanager
def connected() -> Iterator[httpx.Client]:
    """A client that follows no redirect and logs nothing."""
    with silent_libraries(), httpx.Client(timeout=TIMEOUT, follow_redirects=False) as client:
        yield client


def post(client: httpx.Client, url: str, secret: str, event: dict[str, Any]) -> Posted:
    """Post one event; again, a few times and with growing pauses, while the receiver is silent or in trouble."""
    body = json.dumps(event, allow_nan=False).encode()
    headers = {"Content-Type": "application/cloudevents+json", SIGNATURE: signature(secret, body)}
    retrying = tenacity.Retrying(
        stop=tenacity.stop_after_attempt(TRIES),
        wait=tenacity.wait_exponential(multiplier=FIRST_WAIT_SECONDS),
        retry=tenacity.retry_if_result(lambda posted: posted.answer in {"in trouble", "silent"}),
        retry_error_callback=lambda state: state.outcome.result() if state.outcome else Posted("silent"),
    )
    return retrying(_post_once, client, url, headers, body)


def _post_once(client: httpx.Client, url: str, headers: dict[str, str], body: bytes) -> Posted:
    try:
        response = client.post(url, content=body, headers=headers)
    except (httpx.HTTPError, httpx.InvalidURL) as error:
        return Posted("silent", f"gave no answer ({type(error).__name__})")
    status = response.status_code
    if response.is_success:
        return Posted("accepted")
    if status >= 500 or status in BUSY:
        return Posted("in trouble", f"answered {status}")
    if response.is_redirect:
        return Posted("refused", f"answered {status}, and redirects are not followed: set the URL it leads to")
    return Posted("refused", f"refused it with {status}: mend the receiver or its settings; it is tried on")
