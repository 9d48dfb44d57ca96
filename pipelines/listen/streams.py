"""The Redis side: a stream with its consumer group, from which a message goes only once it is acknowledged."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import groupby
from typing import Any, cast

from redis import Redis
from redis.backoff import NoBackoff
from redis.exceptions import ResponseError
from redis.retry import Retry

from pipelines.errors import ConfigError
from pipelines.listen.messages import Message

TIMEOUT_SECONDS = 5.0
FIRST = "0-0"


@contextmanager
def connected(url: str, timeout: float = TIMEOUT_SECONDS) -> Iterator[Redis]:
    """A client that connects when it is first asked, and tries once: who waits for how long is the caller's to say."""
    try:
        client = Redis.from_url(
            url, socket_timeout=timeout, socket_connect_timeout=timeout, retry=Retry(NoBackoff(), 0), protocol=2
        )
    except (ValueError, TypeError):  # whose text may repeat the password
        raise ConfigError(
            "FRUITION_REDIS_URL cannot be used: check the database's number and the options after the `?`."
        ) from None
    try:
        yield client
    finally:
        client.close()


@dataclass(frozen=True)
class Queue:
    """A stream as one consumer of its group sees it. Each method may raise `RedisError`."""

    redis: Redis
    stream: str
    group: str
    consumer: str

    def make_group(self) -> None:
        """Have the group, from the stream's first message on; the stream, too, where nobody has sent anything yet."""
        try:
            self.redis.xgroup_create(self.stream, self.group, id=FIRST, mkstream=True)
        except ResponseError as error:
            if str(error).startswith("WRONGTYPE"):
                raise ConfigError(
                    f"{self.stream} is no stream in Redis: name another one in the feed's source."
                ) from error
            if not str(error).startswith("BUSYGROUP"):
                raise

    def left_by_me(self) -> Iterator[Message]:
        """What this consumer was given earlier and did not acknowledge, one after the other."""
        last = FIRST
        while entries := self._read(last):
            last, fields = entries[0]
            yield self._again(last, fields)

    def left_by_the_dead(self, idle_milliseconds: int) -> Iterator[Message]:
        """What any consumer has had for so long that it must be dead: taken over, one after the other."""
        cursor = FIRST
        while True:
            found = self.redis.xautoclaim(self.stream, self.group, self.consumer, idle_milliseconds, cursor, count=1)
            for identifier, fields in found[1]:
                yield self._again(identifier.decode(), fields)
            for identifier in found[2]:  # trimmed from the stream by somebody, though nobody had acknowledged it
                yield Message(self.stream, identifier.decode(), {}, 1)
            cursor = found[0].decode()
            if cursor == FIRST:
                return

    def acknowledge(self, message: Message) -> None:
        """The message is safe elsewhere: no consumer is to have it again, and the stream need not keep it."""
        with self.redis.pipeline(transaction=True) as both:
            both.xack(self.stream, self.group, message.message_id)
            both.xdel(self.stream, message.message_id)
            both.execute()

    def give_back(self, message: Message) -> None:
        """Keep the message, and forget that it was tried."""
        self.redis.xclaim(
            self.stream, self.group, self.consumer, 0, [message.message_id], idle=0, retrycount=0, justid=True
        )

    def _read(self, after: str) -> list[tuple[str, dict[bytes, bytes]]]:
        found = self.redis.xreadgroup(self.group, self.consumer, {self.stream: after}, count=1)
        return [entry for _, entry in _entries(found)]

    def _again(self, identifier: str, fields: dict[bytes, bytes]) -> Message:
        pending = cast(
            list[dict[str, Any]], self.redis.xpending_range(self.stream, self.group, identifier, identifier, 1)
        )
        return Message(self.stream, identifier, fields, pending[0]["times_delivered"] if pending else 1)


def new_messages(queues: Sequence[Queue], wait_milliseconds: int | None) -> list[tuple[Queue, Message]]:
    """At most one new message of each stream; waits for the first one, where it is told how long."""
    by_group = [list(same) for _, same in groupby(sorted(queues, key=_group), key=_group)]
    found = []
    for same in by_group:
        by_stream = {queue.stream: queue for queue in same}
        answer = same[0].redis.xreadgroup(
            same[0].group,
            same[0].consumer,
            dict.fromkeys(by_stream, ">"),
            count=1,
            block=wait_milliseconds and max(wait_milliseconds // len(by_group), 1),
        )
        for stream, (identifier, fields) in _entries(answer):
            found.append((by_stream[stream], Message(stream, identifier, fields, 1)))
    return found


def _group(queue: Queue) -> str:
    return queue.group


def _entries(answer: Any) -> list[tuple[str, tuple[str, dict[bytes, bytes]]]]:
    """Stream, identifier and fields of each entry in an answer to XREADGROUP."""
    return [
        (stream.decode(), (identifier.decode(), fields))
        for stream, entries in answer or []
        for identifier, fields in entries
    ]
