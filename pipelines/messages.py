"""Plain-text messages to people, through Apprise: Slack, Teams, e-mail and whatever else it has a URL for.

A URL of a receiver holds its password or token, so it is never shown: `receiver_name` is what may be.
"""

from __future__ import annotations

import hashlib
import logging
import re
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from pipelines.settings import Settings

if TYPE_CHECKING:
    from apprise.plugins.base import NotifyBase

TIMEOUT_SECONDS = 20.0
SCHEME = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*(?=://)")
CALL = re.compile(r"@(?=(?:everyone|here|channel|all)\b)|<(?=[!@#])")  # what chats take for a call to many people
TALKATIVE = ("apprise", "requests", "urllib3", "httpx", "httpcore")
log = logging.getLogger("fruition")


def send(settings: Settings, title: str, body: str) -> bool:
    """One message to every receiver: True where all accepted it, or where there is none to send to."""
    refusing = [url for url in settings.notify_urls if not send_to(url, title, body)]
    for url in refusing:
        log.warning("%s did not accept the message '%s'.", receiver_name(url), title)
    return not refusing


def send_to(url: str, title: str, body: str) -> bool:
    """One message to one receiver; whether it accepted it. What is too long for it comes in parts."""
    from apprise import Apprise, NotifyFormat

    with silent_libraries():
        service = _service(url)
        if service is None:
            return False
        receivers = Apprise(services=service)
        return bool(
            receivers.notify(body=body, title=title, body_format=NotifyFormat.TEXT.value, timeout=TIMEOUT_SECONDS)
        )


def is_understood(url: str) -> bool:
    """Whether Apprise knows what to do with a URL; nothing is sent."""
    with silent_libraries():
        return _service(url) is not None


def receiver_name(url: str) -> str:
    """What a receiver is called in output and state: its kind and a fingerprint of the URL, nothing of the URL itself."""
    kind = SCHEME.match(url)
    return f"{kind[0].lower() if kind else 'unknown'}:{hashlib.sha256(url.encode()).hexdigest()[:12]}"


def one_line(text: str) -> str:
    """Text from the data, fit for a line of a message: it begins no line of its own, hides nothing and calls nobody."""
    printable = "".join(character if character.isprintable() else " " for character in text)
    return " ".join(CALL.sub(r"\g<0> ", printable).replace("](", "] (").split())


def _service(url: str) -> NotifyBase | None:
    from apprise import Apprise, AppriseAsset, OverflowMode

    asset = AppriseAsset(
        app_id="Fruition", app_desc="Fruition", image_url_mask=False, async_mode=False, storage_mode="memory"
    )
    service: NotifyBase | None = Apprise.instantiate(url, asset=asset)
    if service is not None and service.overflow_mode is OverflowMode.UPSTREAM:
        service.overflow_mode = OverflowMode.SPLIT
    return service


@contextmanager
def silent_libraries() -> Iterator[None]:
    """What libraries log of a request holds URLs, and with them passwords: meanwhile they keep it to themselves."""
    before = {name: logging.getLogger(name).level for name in TALKATIVE}
    for name in TALKATIVE:
        logging.getLogger(name).setLevel(logging.CRITICAL + 1)
    try:
        yield
    finally:
        for name, level in before.items():
            logging.getLogger(name).setLevel(level)
