"""Readings, drawn last, so that they often lie exactly on a bound (2, `kpi_reading`)."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, datetime, timedelta
from fractions import Fraction

from tests.warehouse.portfolios.draft import DAYS, Draft
from tests.warehouse.reference import Realisation, read_world
from tests.warehouse.reference.calendar import end_of_period, starts_between
from tests.warehouse.reference.facts import Benefit, Kpi

MODES = ["on", "bound", "inside", "behind", "ahead", "away", "eroding", "eroding", "eroding", "full", "random"]


def draw_readings(draft: Draft) -> None:
    """Readings around the plan as it was shifted, and of the years before anything was delivered."""
    world = read_world(draft.tables, draft.settings)
    found = Realisation(replace(world, rates={}))
    measures = {(kpi, dimension): "random" for kpi in world.kpis for dimension in ("", "north") if draft.chance(0.3)}
    drivers: dict[tuple[str, str], Benefit] = {}
    for benefit in world.benefits.values():
        if benefit.kpi_id in world.kpis and draft.chance(0.9):
            drivers[benefit.kpi_id, benefit.dimension] = benefit
            measures[benefit.kpi_id, benefit.dimension] = draft.one(MODES)
            control = _control(benefit, benefit.kpi_id)
            if control[0] in world.kpis and draft.chance(0.9):
                measures.setdefault(control, "random")
                drivers.setdefault(control, benefit)
    for (kpi_id, dimension), mode in measures.items():
        draft.delivery = draft.one([0, 0, 2])
        _series(draft, found, world.kpis[kpi_id], dimension, drivers.get((kpi_id, dimension)), mode)
    if draft.chance(0.2):
        _reading(draft, draft.id("kpi", "gone"), draft.as_of, "", 1.0)
    _corrections(draft)


def _series(draft: Draft, found: Realisation, kpi: Kpi, dimension: str, driver: Benefit | None, mode: str) -> None:
    fiscal, step = draft.settings.fiscal_year_start, DAYS[kpi.frequency]
    start = driver.start_date if driver and driver.start_date else draft.as_of - timedelta(days=8 * step)
    came = found.deliveries[driver.benefit_id].intervened_on if driver else None
    begin = max(start - timedelta(days=3 * step), draft.as_of - timedelta(days=40 * step))
    if came is not None and draft.chance(0.9):
        history = _History(draft, found, driver, kpi)
        for period in starts_between(came - timedelta(days=history.days), came, kpi.frequency, fiscal):
            if period < begin and history.has(period):
                _fill(draft, kpi, dimension, period, history.value(period), 1.0)
    stop = draft.as_of + timedelta(days=draft.one([-12, -4, -2, -1, 0, 0, 0, 0, 1]) * step)
    presence, fullness = draft.one([0.5, 0.9, 1.0]), draft.one([0.6, 0.8, 0.95, 1.0])
    for period in starts_between(begin, stop, kpi.frequency, fiscal):
        if draft.chance(presence):
            is_late = (period - start).days > (draft.as_of - start).days - 3 * step
            value = _value(draft, found, driver, period, mode, is_late)
            _fill(draft, kpi, dimension, period, value, fullness)


def _control(benefit: Benefit, kpi_id: str) -> tuple[str, str]:
    dimension = benefit.dimension if benefit.control_dimension is None else benefit.control_dimension
    return benefit.control_kpi_id or kpi_id, dimension


class _History:
    """What a KPI was before: level, on an exact line, or with noise around it; long enough for a trend, or just not."""

    def __init__(self, draft: Draft, found: Realisation, driver: Benefit | None, kpi: Kpi) -> None:
        plan = found.plans[driver.benefit_id] if driver else None
        self.draft, self.step = draft, DAYS[kpi.frequency]
        self.level = plan.curve.before if plan else Fraction(50)
        self.slope = (plan.full_improvement if plan else 10) * Fraction(draft.one([0, 0, 1, -1, 3]), 48)
        self.noise = (plan.full_improvement if plan else 10) * Fraction(draft.one([0, 1, 1, 4]), 16)
        self.days = self.step * {"day": 430, "week": 70, "year": 10}.get(kpi.frequency, draft.memory)
        self.every = {"day": 9, "week": 2}.get(kpi.frequency, 1)
        self.missing = draft.one([0.0, 0.0, 0.1])

    def has(self, period: date) -> bool:
        """Days and weeks are read now and then, on the same ones for all KPIs: a control is asked for pairs."""
        return period.toordinal() // self.step % self.every == 0 and not self.draft.chance(self.missing)

    def value(self, period: date) -> Fraction:
        steps = (period - self.draft.as_of).days // self.step
        return self.level + self.slope * steps + self.noise * Fraction(self.draft.random.randint(-4, 4), 4)


def _value(
    draft: Draft, found: Realisation, driver: Benefit | None, period: date, mode: str, is_late: bool
) -> Fraction:
    plan = found.plans[driver.benefit_id] if driver else None
    rows = [row for row in found.periods[driver.benefit_id] if row.period_start == period] if driver else []
    reference = rows[0].reference_value if rows else None
    rephased = rows[0].figures["rephased"] if rows else None
    if plan is None or reference is None or rephased is None or mode == "random":
        base = plan.curve.before if plan and draft.chance(0.6) else Fraction(draft.random.randint(-200, 900), 10)
        return base + (draft.one([Fraction(0), plan.slack, -plan.slack, 2 * plan.slack]) if plan else 0)
    slack, full = plan.slack, plan.full_improvement
    off = Fraction(draft.random.randint(2, 9), 4) * (slack + full / 20)
    improvement = {
        "on": rephased,
        "bound": rephased + draft.one([-slack, slack]),
        "inside": rephased + draft.one([-slack, slack]) / 2,
        "behind": rephased - slack - off,
        "ahead": rephased + slack + off,
        "away": min(Fraction(0), rephased) - slack - draft.one([Fraction(0), off]),
        "eroding": full - slack - (off if is_late else draft.one([Fraction(0), -slack])),
        "full": full - draft.one([slack, Fraction(0)]),
    }[mode]
    return reference + plan.sign * improvement


def _fill(draft: Draft, kpi: Kpi, dimension: str, period: date, value: Fraction, fullness: float) -> None:
    fiscal, end = draft.settings.fiscal_year_start, end_of_period(period, kpi.frequency)
    steps = starts_between(period, end, kpi.reading_frequency, fiscal)
    for number, step in enumerate(steps):
        if len(steps) > 1 and not draft.chance(fullness):
            continue
        figure = float(value)
        is_last = number == len(steps) - 1
        if kpi.aggregation == "sum":
            figure = float(value / len(steps))
        elif kpi.aggregation in ("min", "max") and not is_last and draft.chance(0.5):
            figure += draft.random.randint(0, 40) / 4 * (1 if kpi.aggregation == "min" else -1)
        elif kpi.aggregation == "last" and not is_last:
            figure += draft.random.randint(-40, 40) / 4
        length = (end_of_period(step, kpi.reading_frequency) - step).days
        days = {step + timedelta(days=draft.one([0, 0, length, draft.random.randint(0, length)]))}
        if draft.chance(0.1):
            days.add(step + timedelta(days=draft.random.randint(0, length)))
        for day in draft.random.sample(sorted(days), len(days)):
            _reading(draft, kpi.kpi_id, day, dimension, figure)
    if not steps:
        _reading(draft, kpi.kpi_id, period, dimension, float(value))


def _reading(draft: Draft, kpi_id: str, day: date, dimension: str, value: float) -> None:
    key = {"kpi_id": kpi_id, "period_start": day, "dimension": dimension}
    if any(all(fact[name] == key[name] for name in key) for fact in draft.tables.get("kpi_reading", [])):
        return
    unit = draft.one([None] * 100 + ["%"] * 100 + ["pieces"])
    draft.add("kpi_reading", **key, value=value, unit=unit, reported_at=_reported(draft, day), _delivery=draft.delivery)


def _reported(draft: Draft, day: date) -> datetime | None:
    moment = datetime(day.year, day.month, day.day, 12) + timedelta(days=draft.one([10, 20, 40]))
    return draft.maybe(0.5, moment)


def _corrections(draft: Draft) -> None:
    """The second delivery: some readings again, with another value, unit or date within the period."""
    for fact in list(draft.tables.get("kpi_reading", [])):
        if draft.chance(0.06):
            again = {**fact, "value": fact["value"] + draft.one([0.0, 1.0, -2.5]), "_delivery": 1}
            again["unit"] = draft.one([fact["unit"], "%", "pieces"])
            again["reported_at"] = _reported(draft, fact["period_start"])
            draft.tables["kpi_reading"].append(again)
