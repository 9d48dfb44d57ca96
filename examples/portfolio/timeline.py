"""The example's calendar: whole months counted from the last one that is over, so that its 'now' is any `as_of`."""

from __future__ import annotations

from calendar import monthrange
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta

from examples.portfolio.model import Frequency

HISTORY_MONTHS = 60
MONTHS_OF = {"month": 1, "quarter": 3, "year": 12}


@dataclass(frozen=True)
class Period:
    """A day, ISO week, calendar month, quarter or year, both ends included."""

    start: date
    end: date

    @property
    def days(self) -> int:
        return (self.end - self.start).days + 1


@dataclass(frozen=True)
class Timeline:
    """Month 0 is the last month that is over on the evening of `as_of`; -1 is the one before, 2 the one after next.

    Nothing is planned for month 1: it may have begun or not.
    """

    as_of: date

    def _months(self) -> int:
        tomorrow = self.as_of + timedelta(days=1)
        return tomorrow.year * 12 + tomorrow.month - 2

    def first(self, month: int) -> date:
        """The first day of a month."""
        year, index = divmod(self._months() + month, 12)
        return date(year, index + 1, 1)

    def last(self, month: int) -> date:
        """The last day of a month."""
        first = self.first(month)
        return first.replace(day=monthrange(first.year, first.month)[1])

    def day(self, month: int, day: int) -> date:
        """A day of a month; the month's last day where it is shorter."""
        return min(self.first(month) + timedelta(days=day - 1), self.last(month))

    def periods(self, frequency: Frequency) -> Iterator[Period]:
        """The periods of the last five years that are over on `as_of`, the oldest first (days: over before it)."""
        start = self.first(1 - HISTORY_MONTHS)
        if frequency in {"day", "week"}:
            yield from self._short(start, 1 if frequency == "day" else 7)
            return
        length = MONTHS_OF[frequency]
        year, month = start.year, (start.month - 1) // length * length + 1
        while True:
            last_month = month + length - 1
            end = date(year, last_month, monthrange(year, last_month)[1])
            if end > self.as_of:
                return
            yield Period(date(year, month, 1), end)
            year, month = (year + 1, 1) if last_month == 12 else (year, last_month + 1)

    def _short(self, start: date, days: int) -> Iterator[Period]:
        if days == 7:
            start -= timedelta(days=start.weekday())
        until = self.as_of if days == 7 else self.as_of - timedelta(days=1)
        while start + timedelta(days=days - 1) <= until:
            yield Period(start, start + timedelta(days=days - 1))
            start += timedelta(days=days)
