"""Spells and events of gaps against a plain model of them, over random sequences of builds.

Each example runs in memory, with inputs of its own, the SQL that builds run.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from hashlib import sha256
from typing import Any

import duckdb
import pytest
from hypothesis import given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from pipelines.settings import Settings
from pipelines.transform.plan import plan_of
from pipelines.transform.steps import PLACEHOLDERS
from tests.warehouse.building import insert

DAY = date(2026, 6, 1)
SEVERITIES = ("low", "medium", "high", "critical")
MODELS = (
    "gap_build",
    "gap_run",
    "gap_held",
    "gap_spell",
    "gap_worsening",
    "gap_description",
    "gap_history",
    "gap_event",
)
DESCRIBED = "gap_code varchar, subject_type varchar, subject_id varchar, subject_name varchar, project_id varchar"
TABLES = f"""
    attach ':memory:' as benefits;
    create schema benefits.meta; create schema benefits.core; create schema benefits.marts;
    create table benefits.meta.recorded_build (seq bigint, as_of date, known_at timestamp);
    create table benefits.meta.recorded_gap (
        seq bigint, gap_id varchar, severity varchar, amount_at_stake double, {DESCRIBED}, benefit_id varchar,
        output_id varchar, decision varchar
    );
    create table benefits.core.open_gap (
        gap_id varchar, severity varchar, amount_at_stake double, {DESCRIBED}, benefit_id varchar, output_id varchar,
        decision varchar
    );
    create table benefits.core.gap_catalogue (gap_code varchar, gap_class varchar);
    insert into benefits.core.gap_catalogue values ('STALE_MEASURE', 'measurement');
"""

Gaps = Mapping[str, tuple[str, float | None, str | None]]
"""Severity, amount and decision of each open gap."""


@dataclass(frozen=True)
class Build:
    seq: int
    as_of: date
    known_at: datetime
    gaps: Gaps


@dataclass
class Spell:
    """One spell, while it lasts and after."""

    number: int
    first: Build
    levels: list[int] = field(default_factory=list)
    amounts: list[float] = field(default_factory=list)
    decision: str | None = None
    end: Build | None = None


def lived(builds: Sequence[Build]) -> tuple[set[Any], set[Any]]:
    """The spells and the events of these builds, one after the other."""
    spells: dict[str, list[Spell]] = {}
    events = set()
    for build in builds:
        for gap_id, found in spells.items():
            if gap_id not in build.gaps and found[-1].end is None:
                found[-1].end = build
                events.add(event(build, gap_id, "closed", SEVERITIES[found[-1].levels[-1]], None, found[-1]))
        for gap_id, (severity, amount, decision) in build.gaps.items():
            found = spells.setdefault(gap_id, [])
            level, before = SEVERITIES.index(severity), None
            if not found or found[-1].end is not None:
                found.append(Spell(len(found) + 1, build))
            spell = found[-1]
            spell.decision = decision
            if not spell.levels:
                kind = "reopened" if spell.number > 1 else "opened"
                events.add(event(build, gap_id, kind, severity, None, spell))
            elif level > (before := spell.levels[-1]):
                events.add(event(build, gap_id, "worsened", severity, SEVERITIES[before], spell))
            spell.levels.append(level)
            spell.amounts += [] if amount is None else [amount]
    return {summary(gap_id, spell) for gap_id, found in spells.items() for spell in found}, events


def event(build: Build, gap_id: str, kind: str, severity: str, previous: str | None, spell: Spell) -> tuple[Any, ...]:
    event_id = sha256(f"{gap_id}|{kind}|{build.seq}".encode()).hexdigest()[:16]
    is_muted = spell.decision == "accept"
    told = (severity, previous, spell.number, spell.decision, is_muted)
    return event_id, kind, gap_id, build.seq, build.as_of, build.known_at, *told


def summary(gap_id: str, spell: Spell) -> tuple[Any, ...]:
    end = (spell.end.as_of, spell.end.seq) if spell.end else (None, None)
    gravest, last, greatest = max(spell.levels), spell.levels[-1], max(spell.amounts, default=None)
    grave = (SEVERITIES[gravest], greatest, SEVERITIES[last], spell.end is None)
    return gap_id, spell.number, spell.first.as_of, spell.first.seq, *end, *grave


class Models:
    """The compiled models over an in-memory database."""

    def __init__(self, compiled: Mapping[str, str]) -> None:
        self.compiled = compiled
        self.connection = duckdb.connect()
        self.connection.execute(TABLES)

    def history(
        self, recorded: Sequence[Build], open_now: Gaps, as_of: date, known_at: datetime, seq: int | None
    ) -> tuple[set[Any], set[Any]]:
        """The rows of gap_history and gap_event that a build of these inputs gets."""
        self.connection.execute("use benefits.meta; delete from recorded_build; delete from recorded_gap")
        self.connection.execute("delete from benefits.core.open_gap")
        rows = [{"seq": build.seq, "as_of": build.as_of, "known_at": build.known_at} for build in recorded]
        insert(self.connection, "benefits.meta.recorded_build", rows)
        rows = [{"seq": build.seq, **row} for build in recorded for row in gap_rows(build.gaps)]
        insert(self.connection, "benefits.meta.recorded_gap", rows)
        insert(self.connection, "benefits.core.open_gap", gap_rows(open_now))
        given_inputs = {"as_of": f"{as_of}", "known_at": f"{known_at}", "seq": "null" if seq is None else f"{seq}"}
        for name in MODELS:
            query = self.compiled[name]
            for what, given_input in given_inputs.items():
                query = query.replace(PLACEHOLDERS[what], given_input)
            schema = "marts" if name in ("gap_history", "gap_event") else "core"
            self.connection.execute(f"create or replace table benefits.{schema}.{name} as {query}")
        spells = """
            select gap_id, spell, opened_on, opened_seq, closed_on, closed_seq, highest_severity,
                greatest_amount_at_stake, last_severity, is_open
            from benefits.marts.gap_history
        """
        events = """
            select event_id, event_type, gap_id, seq, as_of, known_at, severity, previous_severity, spell,
                decision, is_muted
            from benefits.marts.gap_event
        """
        return self._distinct(spells), self._distinct(events)

    def _distinct(self, query: str) -> set[Any]:
        rows = self.connection.execute(query).fetchall()
        assert len(set(rows)) == len(rows)
        return set(rows)


def gap_rows(gaps: Gaps) -> list[dict[str, Any]]:
    return [
        {"gap_id": gap_id, "severity": severity, "amount_at_stake": amount, "gap_code": "STALE_MEASURE"}
        | {"decision": decision}
        for gap_id, (severity, amount, decision) in gaps.items()
    ]


@pytest.fixture(scope="module")
def models(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Models]:
    folder = tmp_path_factory.mktemp("life")
    found = Models({step.name: step.code for step in plan_of(Settings(home=folder, feeds=folder)).steps})
    yield found
    found.connection.close()


GAPS = st.dictionaries(
    st.sampled_from(["g1", "g2", "g3", "g4"]),
    st.tuples(
        st.sampled_from(SEVERITIES),
        st.none() | st.integers(0, 9).map(float),
        st.sampled_from([None, "accept", "act"]),
    ),
    max_size=4,
)


@st.composite
def sequences(draw: st.DrawFn) -> list[Build]:
    """Builds with growing numbers, some left out, and growing knowledge; several a day, and now and then a mistyped year."""
    builds: list[Build] = []
    day, seq = DAY, 0
    for number, gaps in enumerate(draw(st.lists(GAPS, min_size=1, max_size=9))):
        day += timedelta(days=draw(st.sampled_from([0, 1, 1, 3])))
        seq += draw(st.sampled_from([1, 1, 2]))
        as_of = day.replace(year=2062) if draw(st.integers(0, 9)) == 0 else day
        builds.append(Build(seq, as_of, datetime(2026, 6, 1) + timedelta(days=number, microseconds=seq), gaps))
    return builds


SMALL = hypothesis_settings(max_examples=70, deadline=None, derandomize=True, database=None)


@given(builds=sequences(), data=st.data())
@SMALL
def test_a_build_has_the_history_of_those_before_it_and_keeps_it_when_it_is_made_again_by_other_rules(
    models: Models, builds: list[Build], data: st.DataObject
) -> None:
    number = data.draw(st.integers(0, len(builds) - 1))
    made = builds[number]
    expected = lived([build for build in builds[:number] if build.as_of <= made.as_of] + [made])
    inputs = made.as_of, made.known_at, made.seq
    assert models.history(builds[:number], made.gaps, *inputs) == expected
    todays_gaps = data.draw(GAPS)
    assert models.history(builds[: number + 1], todays_gaps, *inputs) == expected
    assert models.history(builds, todays_gaps, *inputs) == expected


@given(builds=sequences(), open_now=GAPS, data=st.data())
@SMALL
def test_a_build_without_a_number_has_the_history_that_was_recorded_by_then(
    models: Models, builds: list[Build], open_now: Gaps, data: st.DataObject
) -> None:
    as_of = DAY + timedelta(days=data.draw(st.integers(0, 20)))
    known_at = datetime(2026, 6, 1) + timedelta(days=data.draw(st.integers(0, 10)), hours=-1)
    expected = lived([build for build in builds if build.as_of <= as_of and build.known_at <= known_at])
    assert models.history(builds, open_now, as_of, known_at, None) == expected
