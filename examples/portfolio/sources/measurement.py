"""Measurement: the data warehouse's monthly, weekly and daily extracts, quarterly returns, the agency's portal."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from typing import NamedTuple

from examples.portfolio.course import places, readings
from examples.portfolio.files import Cell, CsvFile, Sheet, SourceFile, WorkbookFile
from examples.portfolio.model import Measure
from examples.portfolio.sources.writing import british_date, iso_date, plain
from examples.portfolio.timeline import Period
from examples.portfolio.world import World

MONTHLY_COLUMNS = ("kpi", "site", "month", "value", "unit")
WEEKLY_COLUMNS = ("week", "kpi", "site", "value")
DAILY_COLUMNS = ("day", "site", "kpi", "value")
PORTAL_COLUMNS = ("Month", "Site", "Measure", "Fill rate %", "Sent")
RENAMED_PORTAL_COLUMNS = ("Month", "Site", "Measure", "Fulfilment %", "Sent")
"""The portal was upgraded: a column has another name, and the delivery is refused."""
WHOLE_GROUP = "Group"
RESTATED = ("TH-UTIL", "Kingsferry", -8)
"""Turnover between cases was counted as operating time: the weeks since month -8 were sent too high, then corrected."""
TOO_HIGH = 5.9
WRONG_UNIT = ("PATH-HOURS", "", -7)
"""One month came in minutes instead of hours."""
NOT_IN_CATALOGUE = ("PARKING", "Merrowdale")
FORGOTTEN = ("ULCERS", "", -30)
"""A month that no extract held until the old one was sent again."""
PRELIMINARY = ("DNA", "Kingsferry", -4)
"""Preliminary figures in the extract that was sent again late: older than what had arrived meanwhile."""
CORRECTED = ("DISCH-NOON", "Kingsferry", -1)
"""Sent for the first of the month, corrected a month later for its last day: one reading of one month."""


class Reading(NamedTuple):
    """A measure's true value at a place in a period."""

    measure: Measure
    place: str
    period: Period
    value: float


def files(worlds: tuple[World, ...]) -> Iterator[SourceFile]:
    """Every measurement feed, each in the order of arrival."""
    yield from _monthly(worlds)
    yield from _weekly(worlds)
    yield from _daily(worlds)
    yield _returns(worlds)
    yield from _portal(worlds)


def _all(worlds: tuple[World, ...], feed: str, first: date, last: date) -> Iterator[tuple[World, Reading]]:
    """The readings of a feed whose periods end between two days, both included."""
    for world in worlds:
        for measure in world.measures.values():
            if measure.feed != feed:
                continue
            for place, moved_by in places(measure, world).items():
                for period, value in readings(measure, place, moved_by, world):
                    if first <= period.end <= last:
                        yield world, Reading(measure, place, period, value)


def _monthly(worlds: tuple[World, ...]) -> Iterator[SourceFile]:
    time = worlds[0].timeline
    bounds = ((date.min, time.last(-2)), (time.first(-1), time.last(-1)), (time.first(0), time.last(0)))
    for first, last in bounds:
        rows = (_monthly_row(world, reading) for world, reading in _all(worlds, "kpi_monthly", first, last))
        known = (row for row in rows if row is not None)
        extra = _extra_monthly(worlds) if last == time.last(0) else iter(())
        yield CsvFile("kpi_monthly", f"kpi_monthly_{last}.csv", MONTHLY_COLUMNS, _chained(known, extra))
    again = f"kpi_monthly_{time.last(-3)}_sent_again.csv"
    yield CsvFile("kpi_monthly", again, MONTHLY_COLUMNS, _sent_again(worlds))


def _chained(first: Iterator[list[str]], second: Iterator[list[str]]) -> Iterator[list[str]]:
    yield from first
    yield from second


def _monthly_row(world: World, reading: Reading) -> list[str] | None:
    measure, place, period, value = reading
    if _is(world, FORGOTTEN, reading):
        return None
    unit = measure.unit
    if _is(world, WRONG_UNIT, reading):
        value, unit = value * 60, "minutes"
    if _is(world, CORRECTED, reading):
        value += 4.5
    return [world.id(measure.id), place, iso_date(period.start), plain(value), unit]


def _extra_monthly(worlds: tuple[World, ...]) -> Iterator[list[str]]:
    """A correction under the month's last day, and readings of something the catalogue does not know."""
    for world in worlds:
        for reading in _one(world, CORRECTED):
            measure, place, period, value = reading
            yield [world.id(measure.id), place, iso_date(period.end), plain(value), measure.unit]
        kpi, site = NOT_IN_CATALOGUE
        for month in (-2, -1, 0):
            yield [world.id(kpi), site, iso_date(world.timeline.first(month)), str(1180 + 15 * month), "spaces"]


def _sent_again(worlds: tuple[World, ...]) -> Iterator[list[str]]:
    """An old extract that arrives last: what is newer stands, what was missing is filled in."""
    for world in worlds:
        for reading in (*_one(world, FORGOTTEN), *_one(world, PRELIMINARY)):
            measure, place, period, value = reading
            shown = value if measure.id == FORGOTTEN[0] else value * 1.2
            yield [world.id(measure.id), place, iso_date(period.start), plain(round(shown, 3)), measure.unit]


def _one(world: World, which: tuple[str, str, int]) -> Iterator[Reading]:
    measure = world.measures[which[0]]
    for period, value in readings(measure, which[1], places(measure, world)[which[1]], world):
        reading = Reading(measure, which[1], period, value)
        if _is(world, which, reading):
            yield reading


def _is(world: World, which: tuple[str, str, int], reading: Reading) -> bool:
    name, place, month = which
    return (reading.measure.id, reading.place) == (name, place) and reading.period.start == world.timeline.first(month)


def _weekly(worlds: tuple[World, ...]) -> Iterator[SourceFile]:
    time = worlds[0].timeline
    name, place, since = RESTATED

    def row(world: World, reading: Reading, more: float = 0.0) -> list[str]:
        year, week, _ = reading.period.start.isocalendar()
        value = plain(round(reading.value + more, 4)).replace(".", ",")
        return [f"{year}-W{week:02}", world.id(reading.measure.id), reading.place, value]

    def is_restated(reading: Reading) -> bool:
        since_then = reading.period.start >= time.first(since)
        return (reading.measure.id, reading.place) == (name, place) and since_then

    past = ((w, r) for w, r in _all(worlds, "kpi_weekly", date.min, time.last(-1)))
    rows = (row(world, reading, TOO_HIGH if is_restated(reading) else 0.0) for world, reading in past)
    yield CsvFile("kpi_weekly", f"kpi_weekly_{time.last(-1)}.csv", WEEKLY_COLUMNS, rows, delimiter=";")
    again = (
        row(world, reading)
        for world, reading in _all(worlds, "kpi_weekly", time.first(since), time.as_of)
        if is_restated(reading) or reading.period.end > time.last(-1)
    )
    yield CsvFile("kpi_weekly", f"kpi_weekly_{time.last(0)}.csv", WEEKLY_COLUMNS, again, delimiter=";")


def _daily(worlds: tuple[World, ...]) -> Iterator[SourceFile]:
    time = worlds[0].timeline
    for first, last in ((date.min, time.last(-1)), (time.first(0), time.as_of)):
        rows = (
            [british_date(reading.period.start), reading.place, world.id(reading.measure.id), plain(reading.value)]
            for world, reading in _all(worlds, "kpi_daily", first, last)
        )
        yield CsvFile("kpi_daily", f"kpi_daily_{min(last, time.last(0))}.csv.gz", DAILY_COLUMNS, rows)


def _returns(worlds: tuple[World, ...]) -> SourceFile:
    def row(world: World, reading: Reading) -> list[Cell]:
        start = reading.period.start
        is_year = reading.measure.frequency == "year"
        when = f"{start.year}" if is_year else f"{start.year} Q{(start.month + 2) // 3}"
        return [world.id(reading.measure.id), reading.measure.name, reading.place or WHOLE_GROUP, when, reading.value]

    time = worlds[0].timeline
    rows = (row(world, reading) for world, reading in _all(worlds, "kpi_returns", date.min, time.as_of))
    header = ("KPI", "What", "Site", "Period", "Value")
    sheet = Sheet("Returns", "Quarterly and yearly returns", header, rows)
    return WorkbookFile("kpi_returns", f"Returns {time.last(0)}.xlsx", (sheet,))


def _portal(worlds: tuple[World, ...]) -> Iterator[SourceFile]:
    time = worlds[0].timeline
    yield _portal_file(worlds, PORTAL_COLUMNS, date.min, time.last(-3))
    yield _portal_file(worlds, RENAMED_PORTAL_COLUMNS, time.first(-2), time.last(0))


def _portal_file(worlds: tuple[World, ...], header: tuple[str, ...], first: date, last: date) -> SourceFile:
    rows = (
        [
            iso_date(reading.period.start)[:7],
            reading.place or WHOLE_GROUP,
            world.id(reading.measure.id),
            plain(reading.value),
            f"{last}T06:30:00Z",
        ]
        for world, reading in _all(worlds, "agency_portal", first, last)
    )
    return CsvFile("agency_portal", f"portal_{last}.csv", header, rows)
