"""The one message on a build: a few gaps in full, or many in figures with the gravest by name."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from pipelines.messages import one_line
from pipelines.notify.events import GapEvent

IN_FULL = 5
GRAVEST = 10
TYPES = ("opened", "reopened", "worsened", "closed")
SEVERITIES = ("critical", "high", "medium", "low")


def title(events: Sequence[GapEvent]) -> str:
    """What happened, in figures: 'Gaps: 3 opened, 1 closed (as of 2026-06-30)'."""
    counts = Counter(event.event_type for event in events)
    told = ", ".join(f"{counts[name]:,} {name}" for name in TYPES if counts[name])
    return f"Gaps: {told} (as of {events[0].as_of})"


def body(events: Sequence[GapEvent]) -> str:
    """The events of one build in plain text, the gravest first and what was closed last."""
    ranked = sorted(events, key=_rank)
    if len(ranked) <= IN_FULL:
        return "\n\n".join(_in_full(event) for event in ranked)
    return "\n".join([*_counts(ranked), "", "The gravest:", *map(_in_a_line, ranked[:GRAVEST]), "", *_where(ranked)])


def _rank(event: GapEvent) -> tuple[bool, int, float, str]:
    amount = event.gap["amount_at_stake"]
    return event.event_type == "closed", _level(event), -(amount or 0.0), event.gap_id


def _level(event: GapEvent) -> int:
    severity = event.gap["severity"]
    return SEVERITIES.index(severity) if severity in SEVERITIES else len(SEVERITIES)


def _in_full(event: GapEvent) -> str:
    gap, lines = event.gap, [_heading(event)]
    if gap["message"]:
        lines.append(one_line(gap["message"]))
    if gap["accountable"]:
        lines.append(f"Accountable: {one_line(gap['accountable'])}")
    if gap["amount_at_stake"] is not None:
        lines.append(f"At stake{' when last open' if event.event_type == 'closed' else ''}: {_amount(event)}")
    if event.event_type != "closed":
        if gap["next_step"]:
            lines.append(f"Next step: {one_line(gap['next_step'])}")
        lines.append(f"Why: fruition explain {event.gap_id}")
    return "\n".join(lines)


def _heading(event: GapEvent) -> str:
    gap = event.gap
    was = f", was {gap['previous_severity']}" if gap["previous_severity"] else ""
    name = f" {one_line(gap['subject_name'])}" if gap["subject_name"] else ""
    subject = f"{gap['subject_type']}{name} ({one_line(gap['subject_id'])})" if gap["subject_id"] else event.gap_id
    return f"{event.event_type.capitalize()} [{gap['severity']}{was}] {gap['gap_code'] or 'gap'}: {subject}"


def _in_a_line(event: GapEvent) -> str:
    amount = f", {_amount(event)}" if event.gap["amount_at_stake"] is not None else ""
    why = "" if event.event_type == "closed" else f" (fruition explain {event.gap_id})"
    return f"- {_heading(event)}{amount}{why}"


def _amount(event: GapEvent) -> str:
    return f"{event.gap['amount_at_stake']:,.0f} {event.gap['currency']}"


def _counts(events: Sequence[GapEvent]) -> list[str]:
    """Per kind of event how many of each severity, and the codes that came most often."""
    lines = []
    for name in TYPES:
        counts = Counter(event.gap["severity"] for event in events if event.event_type == name)
        if counts:
            told = ", ".join(f"{counts[severity]:,} {severity}" for severity in SEVERITIES if counts[severity])
            lines.append(f"{name.capitalize()}: {told}")
    codes = Counter(event.gap["gap_code"] or "unknown" for event in events).most_common(GRAVEST)
    return [*lines, "Most often: " + ", ".join(f"{code} {count:,}" for code, count in codes)]


def _where(events: Sequence[GapEvent]) -> list[str]:
    return [
        "All open gaps: fruition gaps",
        f"All events of this build: select * from marts.gap_event where seq = {events[0].seq}",
    ]
