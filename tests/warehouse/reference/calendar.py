"""Periods: a KPI's frequency steps (3.1)."""

from __future__ import annotations

from datetime import date, timedelta

MONTHS = {"month": 1, "quarter": 3, "year": 12}


def start_of_period(day: date, frequency: str, fiscal_year_start: int) -> date:
    """The first day of the period that holds `day`."""
    if frequency == "day":
        return day
    if frequency == "week":
        return day - timedelta(days=day.weekday())
    return add_months(day.replace(day=1), -((day.month - fiscal_year_start) % MONTHS[frequency]))


def end_of_period(start: date, frequency: str) -> date:
    """The last day of the period that starts on `start`."""
    if frequency in MONTHS:
        return add_months(start, MONTHS[frequency]) - timedelta(days=1)
    return start + timedelta(days={"day": 0, "week": 6}[frequency])


def starts_between(first: date, last: date, frequency: str, fiscal_year_start: int) -> list[date]:
    """The first days of all periods that start from `first` to `last`, both included."""
    starts = []
    start = start_of_period(first, frequency, fiscal_year_start)
    while start <= last:
        if start >= first:
            starts.append(start)
        start = end_of_period(start, frequency) + timedelta(days=1)
    return starts


def ordinal(start: date, frequency: str) -> int:
    """The number of the period that starts on `start`: one more than the number of the period before it."""
    if frequency in MONTHS:
        return (start.year * 12 + start.month - 1) // MONTHS[frequency]
    return start.toordinal() // {"day": 1, "week": 7}[frequency]


def end_of_month(day: date) -> date:
    """The last day of the month that holds `day`."""
    return end_of_period(day.replace(day=1), "month")


def add_months(day: date, months: int) -> date:
    """The same day so many months on, or the last day of a shorter month."""
    month = day.year * 12 + day.month - 1 + months
    for last in (day.day, 30, 29, 28):
        try:
            return date(month // 12, month % 12 + 1, min(day.day, last))
        except ValueError:
            continue
    raise AssertionError("every month has 28 days")
