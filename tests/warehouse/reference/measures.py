"""What a KPI was in each of its periods (3.1)."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from fractions import Fraction

from tests.warehouse.reference.calendar import end_of_period, start_of_period, starts_between
from tests.warehouse.reference.facts import Kpi, Reading, World

Measure = tuple[str, str]
"""KPI and dimension."""


@dataclass(frozen=True)
class KpiPeriod:
    """One period of a KPI and dimension that holds a reading and has ended by `as_of`."""

    period_start: date
    period_end: date
    value: Fraction | None
    present: int
    expected: int
    batch_id: str
    row: int

    @property
    def is_measured(self) -> bool:
        return self.value is not None

    @property
    def coverage(self) -> Fraction | None:
        return Fraction(self.present, self.expected) if self.expected else None


def mismatched_kpis(world: World) -> set[str]:
    """The KPIs one of whose current readings carries another unit."""
    return {r.kpi_id for r in world.readings if _exists(world, r) and not _speaks_its_unit(world, r)}


def kpi_periods(world: World) -> dict[Measure, dict[date, KpiPeriod]]:
    """By KPI and dimension, then by the period's first day."""
    standing: dict[tuple[Measure, date], dict[date, Reading]] = {}
    for reading in sorted(world.readings, key=lambda r: r.order):
        if _exists(world, reading) and _speaks_its_unit(world, reading):
            day, period = _truncated(world, reading)
            standing.setdefault(((reading.kpi_id, reading.dimension), period), {})[day] = reading
    found: dict[Measure, dict[date, KpiPeriod]] = {}
    for (measure, period), readings in standing.items():
        found.setdefault(measure, {})[period] = _aggregate(world, world.kpis[measure[0]], period, readings)
    return found


def _truncated(world: World, reading: Reading) -> tuple[date, date]:
    """The reading's date by reading frequency, and the first day of the period it belongs to."""
    kpi, fiscal = world.kpis[reading.kpi_id], world.settings.fiscal_year_start
    day = start_of_period(reading.period_start, kpi.reading_frequency, fiscal)
    return day, start_of_period(day, kpi.frequency, fiscal)


def _exists(world: World, reading: Reading) -> bool:
    """Of a known KPI, in a period that has ended by `as_of`."""
    if reading.kpi_id not in world.kpis:
        return False
    _, period = _truncated(world, reading)
    return end_of_period(period, world.kpis[reading.kpi_id].frequency) <= world.settings.as_of


def _speaks_its_unit(world: World, reading: Reading) -> bool:
    return reading.unit is None or reading.unit == world.kpis[reading.kpi_id].unit


def _aggregate(world: World, kpi: Kpi, period: date, readings: dict[date, Reading]) -> KpiPeriod:
    end = end_of_period(period, kpi.frequency)
    expected = len(starts_between(period, end, kpi.reading_frequency, world.settings.fiscal_year_start))
    last = readings[max(readings)]
    values = [reading.value for reading in readings.values()]
    value: Fraction | None
    if kpi.aggregation in ("mean", "sum") and Fraction(len(values)) < kpi.min_coverage * expected:
        value = None
    elif kpi.aggregation == "last":
        value = last.value
    elif kpi.aggregation == "min":
        value = min(values)
    elif kpi.aggregation == "max":
        value = max(values)
    else:
        value = sum(values, Fraction(0)) / (len(values) if kpi.aggregation == "mean" else 1)
    return KpiPeriod(period, end, value, len(values), expected, last.batch_id, last.row)
