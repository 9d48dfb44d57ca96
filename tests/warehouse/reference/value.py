"""What projects, programmes and portfolios cost and bring (3.7)."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from datetime import date
from fractions import Fraction
from typing import Any

from tests.warehouse.reference.bounds import is_above_zero
from tests.warehouse.reference.calendar import end_of_month
from tests.warehouse.reference.distribution import Spread
from tests.warehouse.reference.earned import earned_value
from tests.warehouse.reference.evidence import Evidence
from tests.warehouse.reference.facts import Benefit, Cost, Output, Project
from tests.warehouse.reference.flows import Balance, Flow
from tests.warehouse.reference.forecast import Forecast
from tests.warehouse.reference.money import Money, total, whole
from tests.warehouse.reference.optimism import duration_ratio, likely_finish, optimism, positive_ratio
from tests.warehouse.reference.promise import promised, promised_periods
from tests.warehouse.reference.realisation import Realisation

Cells = dict[str, Any]
STATES = ("measured", "imputed", "forecast")


class Value:
    """Everything of 3.7 about projects."""

    def __init__(self, found: Realisation, forecast: Forecast, evidence: dict[str, list[Evidence]]) -> None:
        self.found, self.world, self.forecast, self.evidence = found, found.world, forecast, evidence
        self.promises = {name: promised_periods(found, benefit) for name, benefit in self.world.benefits.items()}
        self.summed = self._last_of_value(self.world.benefits.values())
        self.promised = self._last_of_value(promised(self.world, one)[0] for one in self.world.benefits.values())
        projects = self.world.projects.values()
        self.earned = {project.project_id: earned_value(self.world, project) for project in projects}
        self.planned = {project.project_id: self._planned(project) for project in projects}
        self.expected = {project.project_id: self._expected(project) for project in projects}
        self.cost_optimism = optimism(projects, self._cost_ratio)
        self.duration_optimism = optimism(projects, duration_ratio)

    def _last_of_value(self, benefits: Iterable[Benefit]) -> list[Benefit]:
        """Those that are worth money and have no other such benefit downstream."""
        worth = {benefit.benefit_id for benefit in benefits if benefit.unit_value is not None}
        return [self.world.benefits[name] for name in worth if worth.isdisjoint(self._downstream(name))]

    def _downstream(self, benefit_id: str) -> dict[str, Fraction]:
        return self.found.network.shares(("benefit", benefit_id), "benefit")

    def is_between(self, benefit: Benefit) -> bool:
        """Whether it is intermediate: worth money, and so is another benefit downstream."""
        return benefit.unit_value is not None and benefit not in self.summed

    # What it costs

    def costs_of(self, project: Project) -> list[Cost]:
        return [cost for cost in self.world.costs if cost.project_id == project.project_id]

    def has_ended(self, cost: Cost) -> bool:
        return end_of_month(cost.month) <= self.world.settings.as_of

    def money(self, project: Project, amount: Fraction, day: date, currency: str | None = None) -> Money:
        return Money(amount, self.found.rate(currency or project.currency, day))

    def _of_month(self, project: Project, cost: Cost, amount: Fraction) -> Money:
        return self.money(project, amount, end_of_month(cost.month), cost.currency)

    def _cost_flows(
        self, project: Project, figure: Callable[[Cost], Fraction | None], sum_of_all: Fraction | None, day: date | None
    ) -> list[Flow] | None:
        """A flow a month; of a project without such rows, one on a day; null where that is not known."""
        flows = []
        for cost in self.costs_of(project):
            amount = figure(cost)
            if amount is not None:
                flows.append(Flow(end_of_month(cost.month), self._of_month(project, cost, amount).reporting))
        if self.costs_of(project):
            return flows or None
        if sum_of_all is None or day is None:
            return None
        return [Flow(day, self.money(project, sum_of_all, day).reporting)]

    def spent(self, cost: Cost) -> Fraction | None:
        """What a month has cost, or will."""
        return cost.actual if cost.actual is not None and self.has_ended(cost) else cost.planned

    def cost_to_date(self, project: Project) -> Fraction | None:
        """In the reporting currency: of the months that have ended, else by the latest status; else it is not known."""
        costs, earned = self.costs_of(project), self.earned[project.project_id]
        if costs:
            ended = [(cost, cost.actual) for cost in costs if self.has_ended(cost)]
            parts = [self._of_month(project, cost, actual) for cost, actual in ended if actual is not None]
            return total(parts)
        if earned.ac is None or earned.status_date is None:
            return None
        return self.money(project, earned.ac, earned.status_date).reporting

    def budget(self, project: Project) -> Fraction | None:
        """In the reporting currency."""
        if project.budget is None:
            return None
        return self.money(project, project.budget, project.baseline_finish or self.world.settings.as_of).reporting

    def _cost_ratio(self, project: Project) -> Fraction | None:
        """What it cost to what it was to cost, both in the project's currency."""
        costs, earned = self.costs_of(project), self.earned[project.project_id]
        if not costs:
            return positive_ratio(earned.ac, project.budget)
        ended = [(cost, cost.actual) for cost in costs if self.has_ended(cost)]
        spent = whole(self._own(project, cost, actual) for cost, actual in ended if actual is not None)
        return positive_ratio(spent, project.budget)

    def _own(self, project: Project, cost: Cost, amount: Fraction) -> Fraction | None:
        """A cost in the project's currency, by the rates of its month."""
        if amount == 0 or cost.currency in (None, project.currency):
            return amount
        reporting = self._of_month(project, cost, amount).reporting
        rate = self.found.rate(project.currency, end_of_month(cost.month))
        return None if reporting is None or rate is None else reporting / rate

    # What it brings

    def shares(self, project: Project, is_planned: bool) -> dict[str, Fraction]:
        """The project's share in each benefit; lost outputs keep theirs in what was planned."""
        found: dict[str, Fraction] = {}
        for link in self.found.links:
            is_own = self.world.outputs[link.output_id].project_id == project.project_id
            if is_own and (is_planned or not link.is_lost):
                found[link.benefit_id] = found.get(link.benefit_id, Fraction(0)) + link.share
        return found

    def _parts(self, project: Project, is_planned: bool) -> Iterable[tuple[Benefit, Fraction]]:
        """The benefits that are summed and have something of the project; harm counts negatively."""
        shares = self.shares(project, is_planned)
        for benefit in self.promised if is_planned else self.summed:
            if shares.get(benefit.benefit_id):
                yield benefit, shares[benefit.benefit_id] * sign(benefit)

    def _planned(self, project: Project) -> Balance:
        flows = [
            Flow(period.period_end, period.money.times(share).reporting)
            for benefit, share in self._parts(project, is_planned=True)
            for period in self.promises[benefit.benefit_id]
            if period.money is not None
        ]
        costs = self._cost_flows(project, lambda cost: cost.planned, project.budget, project.baseline_finish)
        return Balance(costs, flows)

    def _expected(self, project: Project) -> Balance:
        eac = self.earned[project.project_id].eac
        all_of_it = project.budget if eac is None else eac
        finish = project.forecast_finish or project.baseline_finish
        costs = self._cost_flows(project, self.spent, all_of_it, finish)
        return Balance(costs, self._benefit_flows(project, STATES))

    def _benefit_flows(self, project: Project, states: Sequence[str]) -> list[Flow]:
        return [
            Flow(row.period.period_end, money.times(share).reporting)
            for benefit, share in self._parts(project, is_planned=False)
            for row in self.forecast.outlooks[benefit.benefit_id]
            if row.state in states and (money := row.period.worth(row.p50)) is not None
        ]

    def realised(self, project: Project) -> Fraction | None:
        return Balance(None, self._benefit_flows(project, ("measured",))).benefit

    # Lead times

    def outputs_of(self, project: Project) -> list[Output]:
        return [output for output in self.world.outputs.values() if output.project_id == project.project_id]

    def first_delivered(self, project: Project) -> date | None:
        return min((o.delivered_date for o in self.outputs_of(project) if o.delivered_date), default=None)

    def time_to_market(self, project: Project) -> int | None:
        begun, came = project.idea_date or project.approved_date, self.first_delivered(project)
        return None if begun is None or came is None else (came - begun).days

    def time_to_benefit(self, project: Project) -> int | None:
        came, own = self.first_delivered(project), {output.output_id for output in self.outputs_of(project)}
        if came is None:
            return None
        ends = [
            row.period.period_end
            for benefit in self.world.benefits.values()
            if benefit.kind == "benefit"
            and any(link.output_id in own for link in self.found.upstream(benefit.benefit_id))
            for row in self.evidence[benefit.benefit_id]
            if row.period.period_end > came and _is_gained(row)
        ]
        return (min(ends) - came).days if ends else None

    # All of it

    def base_date(self, project: Project) -> date | None:
        days = [*self.planned[project.project_id].days, *self.expected[project.project_id].days]
        return project.approved_date or project.baseline_start or min(days, default=None)

    def project_value(self, project: Project) -> Cells:
        """`marts.project_value`, by column."""
        name, base, is_running = project.project_id, self.base_date(project), project.stage == "delivery"
        planned, expected = self.planned[name], self.expected[name]
        cost = self.cost_optimism.spread(project.project_type)
        duration = self.duration_optimism.spread(project.project_type)
        return {
            "currency": project.currency,
            "base_date": base,
            "budget": project.budget,
            "cost_to_date": self.cost_to_date(project),
            "forecast_cost": expected.cost,
            **self.earned[name].figures(),
            "planned_benefit": planned.benefit,
            "realised_benefit": self.realised(project),
            "forecast_benefit": expected.benefit,
            **present_values(planned, expected, base),
            **paybacks(planned, expected),
            **{f"cost_p{p}": _scaled(project.budget, cost, p) if is_running else None for p in (50, 80)},
            **{
                f"finish_p{p}": likely_finish(project, duration.percentile(p)) if is_running else None for p in (50, 80)
            },
            "time_to_market_days": self.time_to_market(project),
            "time_to_benefit_days": self.time_to_benefit(project),
        }


def sign(benefit: Benefit) -> int:
    """Harm counts negatively in every total."""
    return -1 if benefit.kind == "disbenefit" else 1


def present_values(planned: Balance, expected: Balance, base: date | None) -> Cells:
    return {
        f"{basis}_{figure}": getattr(balance, figure)(base)
        for figure in ("npv", "bcr", "roi")
        for basis, balance in (("planned", planned), ("forecast", expected))
    }


def paybacks(planned: Balance, expected: Balance) -> Cells:
    return {"planned_payback_date": planned.payback_date(), "forecast_payback_date": expected.payback_date()}


def _is_gained(row: Evidence) -> bool:
    gained, scale = row.attributable, max(abs(row.counterfactual or Fraction(0)), row.period.scale)
    return gained is not None and is_above_zero(gained, scale)


def _scaled(budget: Fraction | None, spread: Spread, percent: int) -> Fraction | None:
    return None if budget is None else budget * spread.percentile(percent)
