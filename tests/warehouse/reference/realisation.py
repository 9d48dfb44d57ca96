"""Delivery moves the plan (3.4); what was realised, and whose gap it is (3.5)."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta
from fractions import Fraction

from tests.warehouse.reference.bounds import at_least, more_than
from tests.warehouse.reference.calendar import end_of_period, start_of_period, starts_between
from tests.warehouse.reference.facts import Benefit, Kpi, Output, World
from tests.warehouse.reference.measures import KpiPeriod, kpi_periods
from tests.warehouse.reference.money import Money
from tests.warehouse.reference.network import Network, OutputBenefit
from tests.warehouse.reference.plan import Plan, last_day, plan_of

MEASURES = ("planned", "rephased", "actual", "delivery_gap", "realisation_gap", "total_gap")


@dataclass(frozen=True)
class BenefitDelivery:
    """One per benefit: when its outputs came or will come."""

    benefit_id: str
    upstream_outputs: int
    enabling_outputs: int
    enabled_on: date | None
    is_enabled: bool
    baseline_enabled_on: date | None
    delay_days: int | None
    """Null where there are enabling outputs but no `start_date`."""
    all_lost: bool
    intervened_on: date | None


@dataclass(frozen=True)
class BenefitPeriod:
    """One per benefit and KPI period; `figures` are improvements and gaps in KPI units, by MEASURES."""

    benefit_id: str
    period_start: date
    period_end: date
    planned_value: Fraction | None
    rephased_value: Fraction | None
    reference_value: Fraction | None
    actual_value: Fraction | None
    coverage: Fraction | None
    batch_id: str | None
    row: int | None
    figures: dict[str, Fraction | None]
    amounts: dict[str, Fraction | None]
    reporting: dict[str, Fraction | None]
    realisation_pct: Fraction | None
    progress_pct: Fraction | None
    rag: str
    price: Fraction | None
    """What one KPI unit of improvement is worth to the benefit in this period, in its currency."""
    rate: Fraction | None

    @property
    def is_measured(self) -> bool:
        return self.actual_value is not None

    @property
    def scale(self) -> Fraction:
        """The greatest of the values that the improvements are differences of."""
        return _greatest(self.planned_value, self.rephased_value, self.reference_value, self.actual_value)

    def worth(self, improvement: Fraction | None) -> Money | None:
        """An improvement of this period as money; null without a unit value."""
        return None if improvement is None or self.price is None else Money(improvement * self.price, self.rate)


@dataclass(frozen=True)
class Latest:
    """The latest measured period of a benefit with a curve, as numbers."""

    period: BenefitPeriod
    actual: Fraction
    rephased: Fraction
    slack: Fraction
    is_after_ramp: bool

    @property
    def is_behind(self) -> bool:
        return more_than(self.rephased - self.actual, self.slack, self.period.scale)

    @property
    def is_beyond(self) -> bool:
        return more_than(self.actual - self.rephased, self.slack, self.period.scale)


class Realisation:
    """Everything of 3.1 to 3.5 for one world."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.network = Network(world)
        self.links = self.network.output_benefits()
        self._upstream: dict[str, list[OutputBenefit]] = {}
        for link in self.links:
            self._upstream.setdefault(link.benefit_id, []).append(link)
        self.measures = kpi_periods(world)
        self.plans = {name: plan_of(benefit, world.profiles.get(name, ())) for name, benefit in world.benefits.items()}
        self.deliveries = {name: self._deliver(benefit) for name, benefit in world.benefits.items()}
        self.periods = {name: self._realise(benefit) for name, benefit in world.benefits.items()}

    def upstream(self, benefit_id: str) -> list[OutputBenefit]:
        return self._upstream.get(benefit_id, [])

    def enabling(self, benefit_id: str) -> list[OutputBenefit]:
        """The enabling outputs that are not lost."""
        return [link for link in self.upstream(benefit_id) if link.is_enabling and not link.is_lost]

    def measured(self, benefit: Benefit) -> list[KpiPeriod]:
        """All measured periods of the benefit's KPI and dimension, in order."""
        periods = self.measures.get((benefit.kpi_id or "", benefit.dimension), {})
        return [periods[start] for start in sorted(periods) if periods[start].is_measured]

    def measured_periods(self, benefit: Benefit) -> list[BenefitPeriod]:
        """The benefit's own measured periods, from the one holding `start_date` on, in order."""
        return [period for period in self.periods[benefit.benefit_id] if period.is_measured]

    def latest(self, benefit: Benefit) -> Latest | None:
        """The latest measured period; null where there is none, or no curve."""
        plan, measured = self.plans[benefit.benefit_id], self.measured_periods(benefit)
        if plan is None or not measured:
            return None
        actual, rephased = measured[-1].figures["actual"], measured[-1].figures["rephased"]
        if actual is None or rephased is None:
            return None
        ramp_end = plan.ramp_end + timedelta(days=self.deliveries[benefit.benefit_id].delay_days or 0)
        return Latest(measured[-1], actual, rephased, plan.slack, measured[-1].period_end >= ramp_end)

    def rate(self, currency: str, day: date) -> Fraction | None:
        """The latest rate on or before a day; null where there is none."""
        if currency == self.world.settings.currency:
            return Fraction(1)
        known = [rate for when, rate in self.world.rates.get(currency, []) if when <= day]
        return known[-1] if known else None

    def _deliver(self, benefit: Benefit) -> BenefitDelivery:
        upstream, enabling = self.upstream(benefit.benefit_id), self.enabling(benefit.benefit_id)
        outputs = self.world.outputs
        enabled_on = max((self.current_date(outputs[e.output_id]) + _days(e) for e in enabling), default=None)
        promised_on = max((outputs[e.output_id].baseline_date + _days(e) for e in enabling), default=None)
        delay: int | None = 0
        if enabled_on is not None and promised_on is not None:
            start = benefit.start_date
            delay = None if start is None else max(0, (enabled_on - max(promised_on, start)).days)
        delivered = [(outputs[u.output_id].delivered_date, _days(u)) for u in upstream]
        return BenefitDelivery(
            benefit.benefit_id,
            upstream_outputs=len(upstream),
            enabling_outputs=sum(u.is_enabling for u in upstream),
            enabled_on=enabled_on,
            is_enabled=enabled_on is not None
            and enabled_on <= self.world.settings.as_of
            and all(outputs[e.output_id].delivered_date for e in enabling),
            baseline_enabled_on=promised_on,
            delay_days=delay,
            all_lost=bool(upstream) and not enabling,
            intervened_on=min((day + lag for day, lag in delivered if day is not None), default=None),
        )

    def current_date(self, output: Output) -> date:
        """`current_date`: when the output came, or will come as far as is known."""
        if output.delivered_date is not None:
            return output.delivered_date
        return max(self.world.settings.as_of, output.forecast_date or output.baseline_date)

    def whole_life(self, benefit: Benefit) -> list[BenefitPeriod]:
        """Every period from the one holding `start_date` to the one holding the end, those still to come included."""
        kpi, end = self.world.kpis.get(benefit.kpi_id or ""), last_day(benefit)
        if kpi is None or benefit.start_date is None or end is None:
            return []
        return [self._period(benefit, kpi, start, end) for start in self.starts(kpi, benefit.start_date, end)]

    def _realise(self, benefit: Benefit) -> list[BenefitPeriod]:
        kpi, end, as_of = self.world.kpis.get(benefit.kpi_id or ""), last_day(benefit), self.world.settings.as_of
        if kpi is None or benefit.start_date is None or end is None:
            return []
        starts = self.starts(kpi, benefit.start_date, min(end, as_of))
        return [self._period(benefit, kpi, s, end) for s in starts if end_of_period(s, kpi.frequency) <= as_of]

    def starts(self, kpi: Kpi, start: date, stop: date) -> list[date]:
        """The first days of the periods from the one holding `start` to the one holding `stop`."""
        fiscal = self.world.settings.fiscal_year_start
        return starts_between(start_of_period(start, kpi.frequency, fiscal), stop, kpi.frequency, fiscal)

    def _period(self, benefit: Benefit, kpi: Kpi, start: date, end: date) -> BenefitPeriod:
        finish = end_of_period(start, kpi.frequency)
        plan, delivery = self.plans[benefit.benefit_id], self.deliveries[benefit.benefit_id]
        measure = self.measures.get((kpi.kpi_id, benefit.dimension), {}).get(start)
        actual = measure.value if measure else None
        planned = rephased = reference = None
        if plan:
            planned = plan.curve.over(start, finish, kpi.aggregation)
            reference = plan.reference.over(start, finish, kpi.aggregation)
            moved = plan.reference if delivery.all_lost else plan.curve.shifted(delivery.delay_days or 0)
            rephased = moved.over(start, finish, kpi.aggregation)
        figures = _figures(plan, planned, rephased, reference, actual)
        price = price_of(benefit, start, finish, end)
        amounts = {name: _times(figure, price) for name, figure in figures.items()}
        rate = self.rate(benefit.currency, finish)
        return BenefitPeriod(
            benefit.benefit_id,
            start,
            finish,
            planned,
            rephased,
            reference,
            actual,
            coverage=measure.coverage if measure else Fraction(0),
            batch_id=measure.batch_id if measure else None,
            row=measure.row if measure else None,
            figures=figures,
            amounts=amounts,
            reporting={name: _times(amount, rate) for name, amount in amounts.items()},
            realisation_pct=ratio(figures["actual"], figures["planned"]),
            progress_pct=ratio(figures["actual"], plan.full_improvement if plan else None),
            rag=_rag(
                benefit, plan, figures["actual"], figures["planned"], _greatest(planned, rephased, reference, actual)
            ),
            price=price,
            rate=rate,
        )


def price_of(benefit: Benefit, first: date, finish: date, end: date) -> Fraction | None:
    """What one KPI unit is worth over a period; of one that straddles the benefit's end, the days up to it count."""
    if benefit.unit_value is None:
        return None
    days = (finish - first).days + 1
    return benefit.unit_value * benefit.kpi_share * Fraction(min((end - first).days + 1, days), days)


def _days(link: OutputBenefit) -> timedelta:
    return timedelta(days=link.lag_days)


def _times(left: Fraction | None, right: Fraction | None) -> Fraction | None:
    return None if left is None or right is None else left * right


def ratio(above: Fraction | None, below: Fraction | None) -> Fraction | None:
    """Null where a part is, or the denominator is 0."""
    return None if above is None or not below else above / below


def minus(left: Fraction | None, right: Fraction | None) -> Fraction | None:
    """Null where a part is."""
    return None if left is None or right is None else left - right


def _figures(
    plan: Plan | None,
    planned: Fraction | None,
    rephased: Fraction | None,
    reference: Fraction | None,
    actual: Fraction | None,
) -> dict[str, Fraction | None]:
    sign = Fraction(plan.sign) if plan else None
    promise, due, done = (_times(sign, minus(value, reference)) for value in (planned, rephased, actual))
    gaps = (minus(promise, due), minus(due, done), minus(promise, done))
    return dict(zip(MEASURES, (promise, due, done, *gaps), strict=True))


def _greatest(*values: Fraction | None) -> Fraction:
    return max((abs(value) for value in values if value is not None), default=Fraction(0))


def _rag(
    benefit: Benefit, plan: Plan | None, actual: Fraction | None, planned: Fraction | None, scale: Fraction
) -> str:
    if plan is None or actual is None or planned is None:
        return "grey"
    if benefit.kind == "disbenefit":
        actual, planned = -actual, -planned
    if at_least(actual, planned, scale):
        return "green"
    return "amber" if at_least(actual, planned - plan.slack, scale) else "red"
