from __future__ import annotations

import json
from datetime import date, datetime, timedelta
from typing import Any

import duckdb
import pytest

from pipelines import builds, landing, warehouse
from pipelines.builds import RecordedBuild
from pipelines.errors import ConfigError
from pipelines.lake import Lake
from pipelines.transform import Standing, build, going_forward, looking_back
from tests.door import Door, readings

NOON = datetime(2026, 7, 1, 12)
TODAY = NOON.date()
HOUR, TICK = timedelta(hours=1), timedelta(microseconds=1)


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> dict[str, datetime]:
    """The moment at which files are received."""
    time = {"now": NOON}
    monkeypatch.setattr(landing, "now", lambda: time["now"])
    return time


def deliver(door: Door, clock: dict[str, datetime], moment: datetime, count: int) -> str:
    clock["now"] = moment
    return door.deliver(readings(count)).delivery_id


def record(door: Door, known_at: datetime, *deliveries: str, as_of: date = TODAY) -> None:
    """Record a build with no open gap in the lake."""
    lake = Lake.of(door.settings)
    seq = len(builds.recorded_builds(lake)) + 1
    build = RecordedBuild(seq, as_of, known_at, known_at, deliveries, {}, "", {}, {})
    with duckdb.connect() as connection:
        columns = ", ".join(f"null::varchar as {column.split('::')[0]}" for column in builds.GAP_COLUMNS)
        connection.execute(f"create schema core; create table core.open_gap as select {columns} limit 0")
        builds.record(lake, build, connection)


def known_from(door: Door) -> list[Any]:
    """Since when each delivery is known, in order of receipt."""
    warehouse.load(door.settings)
    return [row[0] for row in door.warehouse("select known_from from meta.delivery order by delivery_id")]


def test_what_no_build_has_held_is_known_from_its_receipt(door: Door, clock: dict[str, datetime]) -> None:
    deliver(door, clock, NOON, 1)
    deliver(door, clock, NOON + HOUR, 2)
    assert known_from(door) == [NOON, NOON + HOUR]


def test_what_came_before_a_build_that_did_not_hold_it_is_known_after_that_build(
    door: Door, clock: dict[str, datetime]
) -> None:
    first = deliver(door, clock, NOON, 1)
    late = deliver(door, clock, NOON + HOUR, 2)
    record(door, NOON + 2 * HOUR, first)
    assert known_from(door) == [NOON, NOON + 2 * HOUR + TICK]
    record(door, NOON + 3 * HOUR, late)
    assert known_from(door) == [NOON, NOON + 2 * HOUR + TICK]


def test_what_a_build_held_is_known_to_it_even_where_the_receiver_s_clock_was_ahead(
    door: Door, clock: dict[str, datetime]
) -> None:
    ahead = deliver(door, clock, NOON + HOUR, 1)
    record(door, NOON, ahead)
    assert known_from(door) == [NOON]


def test_a_warehouse_made_anew_knows_the_same(door: Door, clock: dict[str, datetime]) -> None:
    first = deliver(door, clock, NOON, 1)
    warehouse.load(door.settings)
    record(door, NOON + 2 * HOUR, first)
    deliver(door, clock, NOON + HOUR, 2)
    before = known_from(door)
    door.settings.warehouse.unlink()
    assert known_from(door) == before


FORECASTS = """
create schema core;
create table core.open_gap as select 'g1' as gap_id, 'high' as severity, 1.5 as amount_at_stake, {others};
create table core.forecast_to_record as
select
    'B1' as benefit_id, date '2026-07-01' as period_start, date '2026-07-31' as period_end, 1.0::double as p10_improvement,
    2.0::double as p50_improvement, 3.0::double as p90_improvement
"""


def record_forecast(door: Door) -> RecordedBuild:
    """Record a build with one open gap, which is accepted, and one forecast."""
    lake = Lake.of(door.settings)
    build = RecordedBuild(1, TODAY, NOON, NOON, (), {}, "", {}, {})
    others = [f"'{name}' as {name}" for name in builds.GAP_COLUMNS[3:-1]] + ["'accept' as decision"]
    with duckdb.connect() as connection:
        connection.execute(FORECASTS.format(others=", ".join(others)))
        return builds.record(lake, build, connection)


def test_what_a_build_forecast_is_recorded_with_it_and_loaded_once(door: Door) -> None:
    recorded = record_forecast(door)
    assert recorded == record_forecast(door) == builds.recorded_builds(Lake.of(door.settings))[0]
    assert recorded.forecasts == 1
    warehouse.load(door.settings)
    warehouse.load(door.settings)
    forecast = (1, "B1", date(2026, 7, 1), date(2026, 7, 31), 1.0, 2.0, 3.0)
    assert door.warehouse("select * from meta.recorded_forecast") == [forecast]
    assert door.warehouse("select seq, gap_id, decision from meta.recorded_gap") == [(1, "g1", "accept")]


def test_a_build_recorded_before_there_were_forecasts_and_decisions_still_counts(door: Door) -> None:
    record_forecast(door)
    lake = Lake.of(door.settings)
    path = builds.gaps_path(lake, 1)
    with duckdb.connect() as connection:
        connection.execute(f"create table gap as select * exclude (decision) from '{path}'")
        connection.execute(f"copy gap to '{path}' (format parquet)")
    builds.forecasts_path(lake, 1).unlink()
    document = json.loads(path.with_suffix(".json").read_text())
    del document["forecasts"]
    path.with_suffix(".json").write_text(json.dumps(document))
    warehouse.load(door.settings)
    assert door.warehouse("select * from meta.recorded_forecast") == []
    assert door.warehouse("select seq, gap_id, decision from meta.recorded_gap") == [(1, "g1", None)]


def recorded(*known_at: datetime) -> list[RecordedBuild]:
    return [
        RecordedBuild(seq, NOON.date(), moment, moment, (), {}, "", {}, {})
        for seq, moment in enumerate(known_at, start=1)
    ]


@pytest.mark.parametrize(
    ("asked", "meant", "seq"),
    [
        (NOON - HOUR, NOON - HOUR, None),  # before any build: what had been received
        (NOON, NOON, 1),
        (NOON + HOUR, NOON, 1),  # between two builds: what the earlier one knew
        (NOON + 2 * HOUR, NOON + 2 * HOUR, 2),
        (NOON + 3 * HOUR, NOON + 3 * HOUR, None),  # after the last: everything received by then
    ],
)
def test_a_moment_between_two_builds_means_what_the_earlier_one_knew(
    asked: datetime, meant: datetime, seq: int | None
) -> None:
    builds = recorded(NOON, NOON + 2 * HOUR)
    assert looking_back(builds, NOON.date(), asked) == Standing(NOON.date(), meant, seq, is_forward=False)


def test_another_date_than_the_build_s_own_is_no_recorded_build(door: Door) -> None:
    assert looking_back(recorded(NOON), date(2026, 6, 30), NOON).seq is None


def test_a_forward_build_comes_after_every_build_before_whatever_the_clock_says(door: Door) -> None:
    warehouse.load(door.settings)
    ahead = datetime(2999, 1, 1)
    with warehouse.writing(door.settings) as connection:
        stands = going_forward(connection, recorded(NOON, ahead), NOON.date())
    assert (stands.known_at, stands.seq, stands.is_forward) == (ahead + TICK, 3, True)


def test_only_what_a_build_held_is_recorded_as_first_seen_in_it(door: Door, clock: dict[str, datetime]) -> None:
    deliver(door, clock, NOON, 1)
    warehouse.load(door.settings)
    with warehouse.writing(door.settings) as connection:
        going_forward(connection, [], NOON.date())
    deliver(door, clock, NOON + HOUR, 2)
    warehouse.load(door.settings)
    assert door.warehouse("select built from meta.delivery order by delivery_id") == [(True,), (False,)]


def test_a_warehouse_file_of_another_version_is_made_anew(door: Door) -> None:
    door.deliver(readings(2))
    warehouse.load(door.settings)
    with warehouse.writing(door.settings) as connection:
        warehouse.note_fingerprint(connection, "layout", "another")
        connection.execute("alter table raw.kpi_reading drop column _key")
        connection.execute("create table left_over (a integer)")
    assert warehouse.load(door.settings) == warehouse.Loaded(1, 2, 0)
    assert door.warehouse("select table_name from duckdb_tables() where table_name = 'left_over'") == []


def test_a_build_without_a_load_does_not_pass_a_file_of_another_version_for_one_of_today(door: Door) -> None:
    door.deliver(readings(2))
    warehouse.load(door.settings)
    with warehouse.writing(door.settings) as connection:
        warehouse.note_fingerprint(connection, "layout", "another")
    for into in (None, door.settings.home / "then.duckdb"):
        with pytest.raises(ConfigError, match="made by another version"):
            build(door.settings, into=into)
    with warehouse.writing(door.settings) as connection:
        assert warehouse.is_outdated(connection)
