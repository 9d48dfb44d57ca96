"""What happened to gaps since receivers were last told, read from the published file, which nobody needs to wait for."""

from __future__ import annotations

import json
import math
from dataclasses import dataclass
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

from pipelines.outbox import Marker
from pipelines.published import Published, Row, published
from pipelines.settings import Settings

LAST_BUILD = "select seq, known_at from meta.build order by seq desc limit 1"
# A closed gap is told as the last build recorded it that held it, on whose date `held_on` it still stood.
EVENTS = """
select events.*, spells.opened_on, spells.closed_on, (
    select max_by(builds.as_of, builds.seq) from meta.build as builds where builds.seq < events.seq
) as held_on
from marts.gap_event as events
left join marts.gap_history as spells on events.gap_id = spells.gap_id and events.spell = spells.spell
where events.known_at > $since and not events.is_muted
order by events.seq, events.event_id
"""
OPEN_GAPS = "select * from marts.realisation_gap where list_contains($gaps, gap_id)"
GAP_COLUMNS = "select column_name from duckdb_columns() where schema_name = 'marts' and table_name = 'realisation_gap'"
JSON_COLUMNS = ("evidence", "lessons")


@dataclass(frozen=True)
class GapEvent:
    """Something that happened to a gap in a build, and the gap: its row, fit for JSON."""

    event_id: str
    event_type: str
    gap_id: str
    seq: int
    as_of: date
    known_at: datetime
    gap: dict[str, Any]


@dataclass(frozen=True)
class News:
    """The events of the builds after a marker, and the build up to which they go."""

    events: tuple[GapEvent, ...]
    until: Marker


def read_news(settings: Settings, since: Marker) -> News:
    """The events that nobody muted of every build after the marker, build after build; none where nothing is published."""
    if not settings.published.exists():
        return News((), since)
    with published(settings) as source:
        last = source.row(LAST_BUILD) if source.has("marts", "gap_event") else None
        if last is None or last["known_at"] <= since.known_at:
            return News((), since)
        happened = source.rows(EVENTS, since=since.known_at)
        open_gaps = _open_gaps(source, [row["gap_id"] for row in happened if row["seq"] == last["seq"]])
        columns = [row["column_name"] for row in source.rows(GAP_COLUMNS)]
    events = [_event(settings, row, open_gaps if row["seq"] == last["seq"] else {}, columns) for row in happened]
    return News(tuple(events), Marker(last["seq"], last["known_at"]))


def _open_gaps(source: Published, gaps: list[str]) -> dict[str, Row]:
    return {row["gap_id"]: row for row in source.rows(OPEN_GAPS, gaps=gaps)} if gaps else {}


def _event(settings: Settings, row: Row, open_gaps: dict[str, Row], columns: list[str]) -> GapEvent:
    """An event with its gap as published; as recorded where it is closed or of a build before the published one."""
    gap = open_gaps.get(row["gap_id"]) or _recorded(row, columns)
    beside = {name: row[name] for name in ("closed_on", "seq", "known_at", "previous_severity")}
    if row["event_type"] != "closed":
        beside["closed_on"] = None
    document = {**gap, **beside, "currency": settings.currency}
    return GapEvent(
        row["event_id"],
        row["event_type"],
        row["gap_id"],
        row["seq"],
        row["as_of"],
        row["known_at"],
        {name: _parsed(value) if name in JSON_COLUMNS else plain(value) for name, value in document.items()},
    )


def _recorded(row: Row, columns: list[str]) -> Row:
    """The columns of a gap that builds record; the others are null."""
    as_of = row["held_on"] if row["event_type"] == "closed" else row["as_of"]
    return {name: row.get(name) for name in columns} | {"as_of": as_of}


def plain(value: object) -> Any:
    """A value as JSON has it: dates in ISO, decimals as numbers, null for what is no number."""
    if isinstance(value, datetime):
        return (value if value.tzinfo else value.replace(tzinfo=UTC)).astimezone(UTC).isoformat().replace("+00:00", "Z")
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, Decimal):
        value = float(value)
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if isinstance(value, dict):
        return {str(name): plain(inner) for name, inner in value.items()}
    if isinstance(value, list | tuple):
        return [plain(inner) for inner in value]
    return value


def _parsed(value: object) -> Any:
    """What a column of JSON text holds; text that is none stays text."""
    if not isinstance(value, str):
        return plain(value)
    try:
        return plain(json.loads(value))
    except ValueError:
        return value
