"""Messages -> landing: each message of a feed's Redis stream is a delivery, written durably before it is acknowledged.

Whatever is killed, a message is either acknowledged and in the landing folder (or archived since), or still pending,
and then read again: under its lock the feed's landing folder, claims and manifests say whether it was written before.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from itertools import chain

from redis import Redis
from redis.backoff import ExponentialBackoff
from redis.exceptions import AuthenticationError, AuthorizationError, NoPermissionError, RedisError

from pipelines.disk import NEXT_STEP, is_full
from pipelines.errors import ConfigError, DeliveryRefused, DiskFull, SourceUnavailable
from pipelines.feeds import Feed, MessageSource, message_feeds
from pipelines.listen.delivering import Doorstep
from pipelines.listen.messages import Message, delivery_in
from pipelines.listen.presence import Presence, check, present
from pipelines.listen.streams import Queue, connected, new_messages
from pipelines.settings import Settings

__all__ = ["Listened", "Stopping", "check", "listen"]

START_SECONDS = 60.0  # how long Redis may take to come up before the start is given up
ROUND_SECONDS = 15.0  # how often feeds are read anew, and messages of dead consumers looked for
BLOCK_MILLISECONDS = 1000  # how long a stop may have to wait where no message comes
TAKE_OVER_MILLISECONDS = 60_000  # a message that its consumer has had for longer is taken over
MAX_DELIVERIES = 5
NAP_SECONDS = 0.2
BACKOFF = ExponentialBackoff(cap=10.0, base=0.1)

Tell = Callable[..., None]
Feeds = Callable[[], dict[str, Feed]]


@dataclass
class Stopping:
    """Set when the listener shall end once it is done with the message in hand."""

    is_set: bool = False

    def set(self) -> None:
        self.is_set = True

    def sleep(self, seconds: float) -> None:
        """Wait, but not for longer than it takes to notice that it is time to end."""
        until = time.monotonic() + seconds
        while not self.is_set and (left := until - time.monotonic()) > 0:
            time.sleep(min(NAP_SECONDS, left))


@dataclass
class Listened:
    """What became of the messages: new in the landing folder, there already, rejected."""

    delivered: int = 0
    repeated: int = 0
    rejected: int = 0

    @property
    def exit_code(self) -> int:
        return 1 if self.rejected else 0


def listen(settings: Settings, feeds: Feeds, once: bool, tell: Tell, stopping: Stopping) -> Listened:
    """Take messages until `stopping` is set; with `once` only those that are there, and then end.

    `feeds` is asked again every round: a feed that is added is listened to without a restart. `tell` gets an event and
    its facts, never a value of a delivery. Raises `ConfigError` where there is no Redis to read or it turns us away,
    `SourceUnavailable` where it did not come up within `START_SECONDS`, or, with `once`, went away or nothing could be
    written. What is wrong with one feed stops no other: it is told once, and raised only at the end of `once`.
    """
    if settings.redis_url is None:
        raise ConfigError("FRUITION_REDIS_URL is not set: name the Redis whose streams `fruition listen` shall read.")
    with present(settings) as presence, connected(settings.redis_url) as redis:
        listener = _Listener(settings, feeds, once, tell, stopping, presence)
        listener.start(redis.ping)
        while not stopping.is_set:
            with listener.patience():
                listener.round(redis)
                if once:
                    break
    return listener.done


@dataclass
class _Listener:
    settings: Settings
    feeds: Feeds
    once: bool
    tell: Tell
    stopping: Stopping
    presence: Presence
    done: Listened = field(default_factory=Listened)
    failures: int = 0
    doorsteps: dict[str, Doorstep] = field(default_factory=dict)
    troubles: dict[str, ConfigError | SourceUnavailable] = field(default_factory=dict)  # by feed, in this round
    told: dict[str, str] = field(default_factory=dict)  # what was said of each feed that is in trouble

    def start(self, ping: Callable[[], object]) -> None:
        """Wait until Redis answers for the first time."""
        until = time.monotonic() + START_SECONDS
        self.tell("started", consumer=self.presence.name)
        while not self.stopping.is_set:
            self.presence.show()
            try:
                with _turned_away():
                    ping()
                return
            except RedisError as error:
                if time.monotonic() > until:
                    raise SourceUnavailable(
                        f"Redis did not answer within {START_SECONDS:.0f} s. Check that it runs, and FRUITION_REDIS_URL."
                    ) from error
                self._wait("redis_unavailable", type(error).__name__)

    @contextmanager
    def patience(self) -> Iterator[None]:
        """Where Redis went away or nothing can be written: said once, and tried again after a while; not with `once`."""
        try:
            with _turned_away():
                yield
        except RedisError as error:
            if self.once:
                raise SourceUnavailable(f"Redis went away ({type(error).__name__}); run again.") from error
            self._wait("redis_unavailable", type(error).__name__)
        except SourceUnavailable as error:
            if self.once:
                raise
            self._wait("landing_unavailable", str(error))

    def _wait(self, event: str, reason: str) -> None:
        if self.failures == 0:
            self.tell(event, reason=reason)
        self.stopping.sleep(BACKOFF.compute(self.failures))
        self.failures = min(self.failures + 1, 32)

    def round(self, redis: Redis) -> None:
        """What this consumer left, what dead ones left, and what is new, for a while or until nothing is left."""
        self.presence.show()
        sources, clashes = message_feeds(self.feeds())
        self.troubles = {}
        for clash in clashes:
            self._set_apart(clash.partition(".yml")[0], ConfigError(clash))
        queues = [Queue(redis, stream, source.group, self.presence.name) for stream, (_, source) in sources.items()]
        for queue in queues:
            self._take_what_was_left(*sources[queue.stream], queue)
        if self.failures:
            self.failures = 0
            self.tell("going_on")
        until = time.monotonic() + ROUND_SECONDS
        while not self.stopping.is_set and (self.once or time.monotonic() < until):
            self.presence.show()
            able = [queue for queue in queues if sources[queue.stream][0].name not in self.troubles]
            found = new_messages(able, None if self.once else BLOCK_MILLISECONDS)
            for queue, message in found:
                feed, source = sources[queue.stream]
                with self._apart(feed.name):
                    self._take(feed, source, queue, message)
            if self.once and not found:
                break
            if not able:
                self.stopping.sleep(until - time.monotonic())
        if self.once and self.troubles:
            raise next(iter(self.troubles.values()))

    def _take_what_was_left(self, feed: Feed, source: MessageSource, queue: Queue) -> None:
        """Have the stream's group, and take the messages that were given out before and not acknowledged."""
        with self._apart(feed.name):
            queue.make_group()
            for message in chain(queue.left_by_me(), queue.left_by_the_dead(TAKE_OVER_MILLISECONDS)):
                if self.stopping.is_set:
                    return
                self._take(feed, source, queue, message)
            if self.told.pop(feed.name, None):
                self.tell("going_on", feed=feed.name)

    @contextmanager
    def _apart(self, feed: str) -> Iterator[None]:
        """What is wrong with one feed stops no other, and is tried again in the next round; a full disk stops all."""
        try:
            yield
        except DiskFull:
            raise
        except (ConfigError, SourceUnavailable) as error:
            self._set_apart(feed, error)

    def _set_apart(self, feed: str, error: ConfigError | SourceUnavailable) -> None:
        self.troubles[feed] = error
        if self.told.get(feed) != str(error):
            self.told[feed] = str(error)
            event = "feed_broken" if isinstance(error, ConfigError) else "landing_unavailable"
            self.tell(event, feed=feed, reason=str(error))

    def _take(self, feed: Feed, source: MessageSource, queue: Queue, message: Message) -> None:
        """Bring a message to the landing folder, or to the rejected ones, and acknowledge it then."""
        with _given_back(queue, message):
            self._settle(feed, source, message)
        queue.acknowledge(message)

    def _settle(self, feed: Feed, source: MessageSource, message: Message) -> None:
        doorstep = self.doorsteps.setdefault(feed.name, Doorstep(self.settings, feed.name))
        facts = {"feed": feed.name, "message": message.message_id}
        try:
            delivery = delivery_in(message, source.max_bytes, MAX_DELIVERIES, doorstep.knows)
        except DeliveryRefused as refusal:
            report = doorstep.reject(message, refusal)
            self.done.rejected += 1
            self.tell("rejected", **facts, rule=refusal.rule, report=report)
            return
        if doorstep.deliver(delivery):
            self.done.delivered += 1
            self.tell("delivered", **facts, file=delivery.name, bytes=len(delivery.body))
        else:
            self.done.repeated += 1
            self.tell("repeated", **facts, file=delivery.name)


@contextmanager
def _turned_away() -> Iterator[None]:
    """`ConfigError` where Redis answers, but will not have us: time does not mend that."""
    try:
        yield
    except (AuthenticationError, AuthorizationError, NoPermissionError) as error:
        raise ConfigError(
            "Redis turned the consumer away: check the user and password in FRUITION_REDIS_URL, and what they may do."
        ) from error


@contextmanager
def _given_back(queue: Queue, message: Message) -> Iterator[None]:
    """Where a message cannot be written for a reason that is not its own, that try does not count against it."""
    try:
        yield
    except Exception as error:
        with suppress(RedisError):
            queue.give_back(message)
        if not isinstance(error, OSError):
            raise
        if is_full(error):
            raise DiskFull(NEXT_STEP) from error
        raise SourceUnavailable(
            f"The landing folder cannot be written: {error.strerror}. Mend that; nothing is lost."
        ) from error
