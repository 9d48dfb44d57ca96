"""The published warehouse -> receivers: what happened to gaps, put into the outbox, and sent until it is accepted.

At least once and under a stable id; of one gap always in order. Nothing here needs the warehouse's lock: a receiver that
is down costs a run some seconds, and no build waits for it.
"""

from __future__ import annotations

import math
import time
from collections import Counter
from dataclasses import dataclass, field, replace
from datetime import datetime
from itertools import groupby

from pipelines.builds import recorded_builds
from pipelines.errors import LakeDamaged, SourceUnavailable
from pipelines.lake import Lake
from pipelines.messages import receiver_name, send_to
from pipelines.notify import digest
from pipelines.notify.events import GapEvent, read_news
from pipelines.notify.webhook import cloud_event, connected, post
from pipelines.outbox import Entry, Marker, Outbox, event_name, message_name
from pipelines.settings import Settings, now

LONGEST = 20.0  # seconds that a build's run sends for; the DAG `outbox` goes on with the rest
MOST_TROUBLE = 3  # events or messages in a row that a receiver failed, after which it is left alone until the next run
WEBHOOK = "webhook"
NO_MESSAGE_RECEIVER = "messages"


@dataclass(frozen=True)
class Sent:
    """What a receiver has accepted: an event's type and id, or a message's title."""

    receiver: str
    what: str


@dataclass(frozen=True)
class Waits:
    """What a receiver has not accepted yet, since when it waits, and why."""

    receiver: str
    name: str
    since: datetime
    tries: int
    next_try_at: datetime | None
    why: str
    is_receiver_known: bool = True


@dataclass
class Notified:
    """What one run put into the outbox, what was accepted, and what still waits."""

    receivers: tuple[str, ...]
    queued: int = 0
    sent: list[Sent] = field(default_factory=list)
    waiting: list[Waits] = field(default_factory=list)

    @property
    def exit_code(self) -> int:
        """3 where something waits for a receiver that has not accepted it, else 0."""
        return 3 if any(one.is_receiver_known for one in self.waiting) else 0

    def raise_if_waiting(self) -> None:
        """`SourceUnavailable` where something waits for a receiver that has not accepted it."""
        if self.exit_code:
            why = "; ".join(sorted({one.why for one in self.waiting if one.is_receiver_known}))
            raise SourceUnavailable(f"{len(self.waiting):,} still wait in lake/_outbox: {why}.")


def receivers(settings: Settings) -> tuple[str, ...]:
    """The receivers that are set, by names that give nothing away."""
    return ((WEBHOOK,) if settings.webhook_url else ()) + tuple(map(receiver_name, settings.notify_urls))


def notify(settings: Settings, at_once: bool = False) -> Notified:
    """Put what happened since the last run into the outbox, then send what waits and is due; `at_once` all that waits.

    Raises `WarehouseBusy` where another run is at it, `LakeDamaged` where something in the outbox cannot be read.
    """
    outbox = Outbox.of(settings)
    done = Notified(receivers(settings))
    if not done.receivers and not outbox.folder.exists():
        return done
    damaged: list[LakeDamaged] = []
    with outbox.hold():
        try:
            done.queued = _queue(settings, outbox)
        except LakeDamaged as error:
            damaged.append(error)
        due_at = None if at_once else now()
        waiting = list(outbox.waiting(damaged))
        _send_events(settings, outbox, [entry for entry in waiting if entry.kind == "webhook"], due_at, done)
        _send_messages(settings, outbox, [entry for entry in waiting if entry.kind == "message"], due_at, done)
        if damaged:  # what can be read has gone its way
            raise damaged[0]
    return done


def _queue(settings: Settings, outbox: Outbox) -> int:
    """Put the events of every build that receivers were not told of into the outbox; how many entries are new."""
    if not settings.has_receivers:
        return 0
    marker = outbox.marker()
    if marker is None:
        builds = recorded_builds(Lake.of(settings))
        outbox.begin(Marker(builds[-1].seq, builds[-1].known_at) if builds else Marker())
        marker = outbox.marker() or Marker()
    news = read_news(settings, marker)
    queued = sum(outbox.put(entry) for entry in _entries(settings, news.events))
    if news.until != marker:
        outbox.advance(news.until)
    return queued


def _entries(settings: Settings, events: tuple[GapEvent, ...]) -> list[Entry]:
    at = now()
    entries = []
    if settings.webhook_url:
        entries += [
            Entry(
                event_name(event.seq, event.event_id),
                "webhook",
                event.seq,
                cloud_event(event, settings.warehouse_name),
                at,
            )
            for event in events
        ]
    if settings.notify_urls:
        for seq, of_build in groupby(events, lambda event: event.seq):
            told = list(of_build)
            content = {"title": digest.title(told), "body": digest.body(told)}
            entries.append(Entry(message_name(seq), "message", seq, content, at))
    return entries


def _is_due(entry: Entry, at: datetime | None) -> bool:
    return at is None or entry.next_try_at is None or entry.next_try_at <= at


def _send_events(
    settings: Settings, outbox: Outbox, entries: list[Entry], due_at: datetime | None, done: Notified
) -> None:
    """Post each event that is due, but none before an earlier one of its gap has been accepted."""
    if settings.webhook_url is None or settings.webhook_secret is None:
        done.waiting += [_unknown(WEBHOOK, entry, "no webhook is set") for entry in entries]
        return
    behind: set[str] = set()  # gaps of which an earlier event waits
    trouble = 0
    until = time.monotonic() + (LONGEST if due_at else math.inf)
    with connected() as client:
        for entry in _in_turn(entries):
            gap_id = entry.content["subject"]
            if gap_id in behind:
                done.waiting.append(_waits(WEBHOOK, entry, entry.problem or "an earlier event of its gap waits"))
                continue
            if trouble >= MOST_TROUBLE or not _is_due(entry, due_at) or time.monotonic() > until:
                behind.add(gap_id)
                done.waiting.append(_waits(WEBHOOK, entry, entry.problem or "the receiver is left alone for now"))
                continue
            posted = post(client, settings.webhook_url, settings.webhook_secret, entry.content)
            if posted.answer == "accepted":
                outbox.remove(entry)
                done.sent.append(Sent(WEBHOOK, f"{entry.content['type']} {entry.content['id']}"))
                trouble = 0
                continue
            failed = entry.failed(f"the webhook {posted.problem}")
            outbox.write(failed)
            behind.add(gap_id)
            done.waiting.append(_waits(WEBHOOK, failed, failed.problem or ""))
            trouble = {"refused": trouble, "in trouble": trouble + 1, "silent": MOST_TROUBLE}[posted.answer]


def _in_turn(entries: list[Entry]) -> list[Entry]:
    """The events that failed least often first, so that a few which always fail keep nothing back but their own gaps."""
    tries: dict[str, int] = {}
    turns = []
    for entry in entries:
        gap_id = entry.content["subject"]
        tries[gap_id] = max(entry.tries, tries.get(gap_id, 0))
        turns.append((tries[gap_id], entry.name, entry))
    return [entry for _, _, entry in sorted(turns, key=lambda turn: turn[:2])]


def _send_messages(
    settings: Settings, outbox: Outbox, entries: list[Entry], due_at: datetime | None, done: Notified
) -> None:
    """Send each message that is due to every receiver that has not accepted it, those that failed least often first.

    What a receiver refuses keeps no other message back: of each other they know nothing. One that fails several in a row,
    or is slow to, is asked no more in this run.
    """
    if not settings.notify_urls:
        done.waiting += [_unknown(NO_MESSAGE_RECEIVER, entry, "no receiver of messages is set") for entry in entries]
        return
    trouble: Counter[str] = Counter()
    until = time.monotonic() + LONGEST
    for entry in sorted(entries, key=lambda entry: (entry.tries, entry.name)):
        if _is_due(entry, due_at):
            entry = _send_message(settings, outbox, entry, trouble, done)
        if time.monotonic() > until:
            trouble.update({name: MOST_TROUBLE for name, failures in trouble.items() if failures})
        left = _left(settings, entry)
        if not left:
            outbox.remove(entry)
        why = entry.problem or "the receiver is left alone for now"
        done.waiting += [_waits(receiver_name(url), entry, why) for url in left]


def _send_message(settings: Settings, outbox: Outbox, entry: Entry, trouble: Counter[str], done: Notified) -> Entry:
    """Send a message to whoever has not accepted it and is not left alone by now; the entry as it is then."""
    refusing = []
    for url in _left(settings, entry):
        name = receiver_name(url)
        if trouble[name] >= MOST_TROUBLE:
            continue
        if send_to(url, entry.content["title"], entry.content["body"]):
            entry = replace(entry, accepted=(*entry.accepted, name))
            outbox.write(entry)
            done.sent.append(Sent(name, entry.content["title"]))
            trouble[name] = 0
        else:
            trouble[name] += 1
            refusing.append(name)
    if refusing:
        entry = entry.failed(f"not accepted by {', '.join(refusing)}")
        outbox.write(entry)
    return entry


def _left(settings: Settings, entry: Entry) -> list[str]:
    """The receivers that have not accepted a message."""
    return [url for url in settings.notify_urls if receiver_name(url) not in entry.accepted]


def _waits(receiver: str, entry: Entry, why: str) -> Waits:
    return Waits(receiver, entry.name, entry.queued_at, entry.tries, entry.next_try_at, why)


def _unknown(receiver: str, entry: Entry, why: str) -> Waits:
    return replace(_waits(receiver, entry, why), is_receiver_known=False)
