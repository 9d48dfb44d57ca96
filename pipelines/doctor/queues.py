"""The message sources: Redis within reach, each stream's group there, somebody listening, nothing set aside."""

from __future__ import annotations

from collections.abc import Iterator

from redis import Redis
from redis.exceptions import AuthenticationError, AuthorizationError, NoPermissionError, RedisError, ResponseError

from pipelines.doctor.findings import Check, counted, fault, misconfigured, ok, warning
from pipelines.errors import ConfigError
from pipelines.feeds import Feed, MessageSource, message_feeds, readable_feeds
from pipelines.listen.streams import connected
from pipelines.settings import Settings

TIMEOUT_SECONDS = 2.0
SILENT_MILLISECONDS = 60_000
START = "Start `fruition listen`, or look at why it ended."


def queue_checks(settings: Settings) -> Iterator[Check]:
    """What stands between the senders of messages and the landing folder; nothing where no feed takes messages."""
    sources, clashes = message_feeds(readable_feeds(settings.feeds)[0])
    for clash in clashes:
        yield misconfigured("Message feeds", clash, "Mend that key of the file, and run `fruition doctor` again.")
    if not sources:
        return
    if settings.redis_url is None:
        names = ", ".join(feed.name for feed, _ in sources.values())
        yield misconfigured("Redis", f"FRUITION_REDIS_URL is not set, and {names} takes messages.", "Set it.")
        return
    for feed, _ in sources.values():
        yield from _set_aside(settings, feed)
    try:
        with connected(settings.redis_url, TIMEOUT_SECONDS) as redis:
            redis.ping()
            yield ok("Redis", "answers")
            for stream, (feed, source) in sources.items():
                yield _stream(redis, stream, feed, source)
    except ConfigError as error:
        yield misconfigured("Redis", str(error), "Mend FRUITION_REDIS_URL.")
    except (AuthenticationError, AuthorizationError, NoPermissionError):
        yield misconfigured("Redis", "turned us away.", "Check the user and password in FRUITION_REDIS_URL.")
    except RedisError as error:
        yield fault("Redis", f"does not answer ({type(error).__name__}).", "Start it, or mend FRUITION_REDIS_URL.")


def _stream(redis: Redis, stream: str, feed: Feed, source: MessageSource) -> Check:
    """One stream: whether its group is there, and whether somebody takes what waits in it."""
    name = f"Messages of {feed.name}"
    try:
        consumers = redis.xinfo_consumers(stream, source.group)
    except ResponseError as error:
        if str(error).startswith("WRONGTYPE"):
            return misconfigured(name, f"{stream} is no stream.", "Name another one in the feed's source.")
        return warning(name, f"{stream} has no group {source.group}: nobody has listened yet.", START)
    waiting = counted(redis.xlen(stream), "message")
    alive = sum(consumer["idle"] < SILENT_MILLISECONDS for consumer in consumers)
    if not alive:
        return warning(name, f"{waiting} in {stream}, and no consumer has asked for any for a minute.", START)
    return ok(name, f"{waiting} in {stream}, {counted(alive, 'consumer')} of group {source.group}")


def _set_aside(settings: Settings, feed: Feed) -> Iterator[Check]:
    """The messages that could not go on, until somebody has looked at them and removed them."""
    reports = sorted((settings.rejected / feed.name).glob("message-*.json"))
    if reports:
        seen = f"{counted(len(reports), 'message')} set aside, the last in rejected/{feed.name}/{reports[-1].name}."
        todo = "Read the report's next step; once done, remove it and the `.raw` beside it."
        yield warning(f"Rejected messages of {feed.name}", seen, todo)
