"""A message -> the delivery that it carries, or why it carries none."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import dataclass

from pipelines.errors import DeliveryRefused
from pipelines.landing import UNFINISHED, message_name, printable

BODY, NAME = b"body", b"name"
DEFAULT_NAME = "message"
MAX_NAME_BYTES = 150  # with the message's mark and whatever others add, still a file's name
SEND_AGAIN = "Send the message again with it mended"


@dataclass(frozen=True)
class Message:
    """An entry of a stream, and how often it has been given to a consumer; one that was trimmed away has no fields."""

    stream: str
    message_id: str
    fields: dict[bytes, bytes]
    deliveries: int


@dataclass(frozen=True)
class Delivery:
    """The bytes of a file, and the name under which it will lie in the landing folder."""

    name: str
    body: bytes


def delivery_in(
    message: Message, max_bytes: int, max_deliveries: int, is_known: Callable[[str], bool] = lambda name: False
) -> Delivery:
    """The delivery in a message; `DeliveryRefused` where there is none or it must not go on."""
    if not message.fields:
        raise DeliveryRefused(
            "message_gone",
            "The message was removed from the stream before it was taken: its delivery is lost here.",
            "Have it sent again, and let nobody trim the stream (MAXLEN, XTRIM, XDEL): `fruition listen` empties it.",
        )
    body = message.fields.get(BODY)
    if body is None:
        raise DeliveryRefused(
            "message_body", "The message has no field `body`.", f"{SEND_AGAIN}: the file's bytes in the field `body`."
        )
    if len(body) > max_bytes:
        raise DeliveryRefused(
            "message_size",
            f"The message's body has {len(body):,} bytes, more than the feed takes ({max_bytes:,}).",
            "Drop the file into the landing folder instead, or raise source.max_megabytes in the feed.",
        )
    name = plain_name(message.fields.get(NAME, b""))
    delivery = Delivery(message_name(message.message_id, hashlib.sha256(body).hexdigest(), name), body)
    if message.deliveries > max_deliveries and not is_known(delivery.name):
        raise DeliveryRefused(
            "message_retries",
            f"The message was taken {message.deliveries - 1:,} times, and its consumer ended each time before it was done.",
            "Look at why the consumer ended (memory, for instance), then take in the body that is kept beside this report.",
        )
    return delivery


def plain_name(raw: bytes) -> str:
    """The file's name that a sender gave: never a path, never one that the landing folder leaves alone.

    Raises `DeliveryRefused` where it is no text or too long for a file's name.
    """
    try:
        text = raw.decode("utf-8")
    except UnicodeDecodeError as error:
        raise _unusable_name("is no UTF-8") from error
    name = text.replace("\\", "/").rpartition("/")[2].strip().lstrip(".")
    while name.endswith(UNFINISHED):
        name = name.rpartition(".")[0]
    if printable(name) != name:
        raise _unusable_name("has control characters in it")
    if len(name.encode()) > MAX_NAME_BYTES:
        raise _unusable_name(f"is longer than {MAX_NAME_BYTES} bytes")
    return name or DEFAULT_NAME


def _unusable_name(reason: str) -> DeliveryRefused:
    return DeliveryRefused(
        "message_name",
        f"The message's field `name` {reason}.",
        f"{SEND_AGAIN}: a file's plain name in the field `name`, or none.",
    )
