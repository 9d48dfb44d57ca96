"""A published file whose events and gaps a test writes itself, and the recorded builds behind it."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from typing import Any

import duckdb

from pipelines.lake import TIMESTAMP, write_json
from pipelines.outbox import Marker, Outbox
from pipelines.settings import Settings

FIRST = datetime(2026, 1, 1, 4, 0, 0, 123456)

TABLES = """
create schema marts;
create schema meta;
create table meta.build (seq bigint, as_of date, known_at timestamp);
create table marts.gap_event (
    event_id varchar, event_type varchar, gap_id varchar, gap_code varchar, gap_class varchar, subject_type varchar,
    subject_id varchar, subject_name varchar, project_id varchar, benefit_id varchar, output_id varchar, seq bigint,
    as_of date, known_at timestamp, severity varchar, previous_severity varchar, amount_at_stake double,
    decision varchar, is_muted boolean, spell integer
);
create table marts.gap_history (gap_id varchar, spell integer, opened_on date, closed_on date);
create table marts.realisation_gap (
    gap_id varchar, gap_code varchar, gap_class varchar, severity varchar, subject_type varchar, subject_id varchar,
    subject_name varchar, project_id varchar, benefit_id varchar, output_id varchar, accountable varchar, as_of date,
    amount_at_stake double, message varchar, evidence varchar, next_step varchar, opened_on date, decision varchar,
    lessons varchar
);
"""
EVIDENCE = '{"planned": 12.5, "odd": NaN, "rows": [{"contract": "benefit", "row": 3}]}'


@dataclass
class Event:
    """An event as a test speaks of it."""

    seq: int
    event_type: str
    subject: str
    severity: str = "high"
    amount: float | None = 1200.5
    muted: bool = False
    previous: str | None = None

    @property
    def gap_id(self) -> str:
        return hashlib.sha256(f"MISSING_OWNER|benefit|{self.subject}".encode()).hexdigest()[:16]

    @property
    def event_id(self) -> str:
        return hashlib.sha256(f"{self.gap_id}|{self.event_type}|{self.seq}".encode()).hexdigest()[:16]


@dataclass
class History:
    """Builds and their events, published and recorded as far as a test has got."""

    settings: Settings
    events: list[Event] = field(default_factory=list)
    builds: int = 0
    names: dict[str, str] = field(default_factory=dict)

    def build(self, *events: tuple[Any, ...] | Event) -> None:
        """One more forward build, as `publish` does it: receivers expected, recorded, published."""
        if self.settings.has_receivers:
            Outbox.of(self.settings).begin(Marker(self.builds, moment(self.builds)) if self.builds else Marker())
        else:
            Outbox.of(self.settings).forget()
        self.builds += 1
        self.events += [one if isinstance(one, Event) else Event(self.builds, *one) for one in events]
        write_json(self.settings.lake / "_builds" / f"{self.builds:08d}.json", recorded(self.builds))
        self.publish()

    def publish(self) -> None:
        """The published file, made anew and put in its place in one step."""
        self.settings.published.parent.mkdir(parents=True, exist_ok=True)
        part = self.settings.published.with_name("part.duckdb")
        part.unlink(missing_ok=True)
        with duckdb.connect(str(part)) as connection:
            connection.execute(TABLES)
            for seq in range(1, self.builds + 1):
                connection.execute("insert into meta.build values (?, ?, ?)", [seq, day(seq), moment(seq)])
            for event in self.events:
                self._insert(connection, event)
        part.replace(self.settings.published)

    def _insert(self, connection: duckdb.DuckDBPyConnection, event: Event) -> None:
        name = self.names.get(event.subject, f"Benefit {event.subject}")
        about = ["MISSING_OWNER", "definition", "benefit", event.subject, name, "P1", event.subject, None]
        told = [event.severity, event.previous, event.amount, "accept" if event.muted else None, event.muted, 1]
        values = [event.event_id, event.event_type, event.gap_id, *about, event.seq, day(event.seq), moment(event.seq)]
        connection.execute(f"insert into marts.gap_event values ({', '.join('?' * 20)})", [*values, *told])
        if event.event_type in {"opened", "reopened"}:
            closing = [e.seq for e in self.events if e.gap_id == event.gap_id and e.event_type == "closed"]
            closed_on = day(closing[0]) if closing else None
            connection.execute(
                "insert into marts.gap_history values (?, 1, ?, ?)", [event.gap_id, day(event.seq), closed_on]
            )
        latest = [one for one in self.events if one.gap_id == event.gap_id][-1]
        if latest is event and event.event_type != "closed":
            gap = [event.gap_id, *about[:2], event.severity, *about[2:], "benefit owner: A. Cole", day(self.builds)]
            rest = [event.amount, f"{name} has no owner.", EVIDENCE, "Name an owner.", day(event.seq), None, None]
            connection.execute(f"insert into marts.realisation_gap values ({', '.join('?' * 19)})", [*gap, *rest])


def day(seq: int) -> date:
    return moment(seq).date()


def moment(seq: int) -> datetime:
    return FIRST + timedelta(days=seq)


def recorded(seq: int) -> dict[str, Any]:
    at = moment(seq).strftime(TIMESTAMP)
    document = {"seq": seq, "as_of": day(seq).isoformat(), "known_at": at, "recorded_at": at, "deliveries": []}
    document |= {"versions": {}, "gap_catalogue": "", "seconds": {}, "rows": {}, "forecasts": None}
    return dict(json.loads(json.dumps(document)))
