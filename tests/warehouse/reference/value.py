"""What projects, programmes and portfolios cost and bring (3.7)."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from datetime import date
from fractions import Fraction
from typing import Any

from tests.warehouse.reference.bounds import is_above_zero
from tests.warehouse.reference.calendar import end_of_month
from tests.warehouse.reference.distribution import Spread
from tests.warehouse.reference.earned import EarnedValue, earned_value
from tests.warehouse.reference.evidence import Evidence
from tests.warehouse.reference.facts import Benefit, Cost, Output, Project
from tests.warehouse.reference.flows import Balance, Flow
from tests.warehouse.reference.forecast import Forecast
from tests.warehouse.reference.money import Money, total, whole
from tests.warehouse.reference.optimism import duration_ratio, likely_finish, optimism, positive_ratio
from tests.warehouse.reference.promise import PromisedPeriod, promised_periods
from tests.warehouse.reference.realisation import Realisation, ratio

Cells = dict[str, Any]


class Value:
    """Everything of 3.7 about projects."""

    def __init__(self, found: Realisation, forecast: Forecast, evidence: dict[str, list[Evidence]]) -> None:
        self.found, self.world, self.forecast, self.evidence = found, found.world, forecast, evidence
        self.promises = {name: promised_periods(found, benefit) for name, benefit in self.world.benefits.items()}
        self.summed = [b for b in self.world.benefits.values() if b.unit_value is not None and not self.is_between(b)]
        projects = self.world.projects.values()
        self.earned = {project.project_id: earned_value(self.world, project) for project in projects}
        self.planned = {project.project_id: self._planned(project) for project in projects}
        self.expected = {project.project_id: self._expected(project) for project in projects}
        self.cost_optimism = optimism(projects, self._cost_ratio)
        self.duration_optimism = optimism(projects, duration_ratio)

    def is_between(self, benefit: Benefit) -> bool:
        """Whether it is intermediate: worth money, and so is another benefit downstream."""
        if benefit.unit_value is None:
            return False
        downstream = self.found.network.shares(("benefit", benefit.benefit_id), "benefit")
        return any(self.world.benefits[name].unit_value is not None for name in downstream)

    # What it costs

    def _costs(self, project: Project) -> list[Cost]:
        return [cost for cost in self.world.costs if cost.project_id == project.project_id]

    def _has_ended(self, cost: Cost) -> bool:
        return end_of_month(cost.month) <= self.world.settings.as_of

    def _money(self, project: Project, amount: Fraction, day: date, currency: str | None = None) -> Money:
        return Money(amount, self.found.rate(currency or project.currency, day))

    def _of_month(self, project: Project, cost: Cost, amount: Fraction) -> Money:
        return self._money(project, amount, end_of_month(cost.month), cost.currency)

    def _cost_flows(
        self, project: Project, figure: Callable[[Cost], Fraction | None], sum_of_all: Fraction | None, day: date | None
    ) -> list[Flow] | None:
        """A flow a month; of a project without such rows, one on a day; null where that is not known."""
        flows = []
        for cost in self._costs(project):
            amount = figure(cost)
            if amount is not None:
                flows.append(Flow(end_of_month(cost.month), self._of_month(project, cost, amount).reporting))
        if self._costs(project):
            return flows or None
        if sum_of_all is None or day is None:
            return None
        return [Flow(day, self._money(project, sum_of_all, day).reporting)]

    def spent(self, cost: Cost) -> Fraction | None:
        """What a month has cost, or will."""
        return cost.actual if cost.actual is not None and self._has_ended(cost) else cost.planned

    def cost_to_date(self, project: Project) -> Fraction | None:
        """In the reporting currency; null where it is not known."""
        costs, earned = self._costs(project), self.earned[project.project_id]
        if costs:
            ended = [(cost, cost.actual) for cost in costs if self._has_ended(cost)]
            parts = [self._of_month(project, cost, actual) for cost, actual in ended if actual is not None]
            return total(parts) if parts else None
        if earned.ac is None or earned.status_date is None:
            return None
        return self._money(project, earned.ac, earned.status_date).reporting

    def budget(self, project: Project) -> Fraction | None:
        """In the reporting currency."""
        if project.budget is None:
            return None
        return self._money(project, project.budget, project.baseline_finish or self.world.settings.as_of).reporting

    def _cost_ratio(self, project: Project) -> Fraction | None:
        return positive_ratio(self.cost_to_date(project), self.budget(project))

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
        """The benefits that are summed, with the project's share; harm counts negatively."""
        shares = self.shares(project, is_planned)
        for benefit in self.summed:
            if benefit.benefit_id in shares:
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
        return Balance(costs, self._benefit_flows(project, ("measured", "imputed", "forecast")))

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

    def _outputs(self, project: Project) -> list[Output]:
        return [output for output in self.world.outputs.values() if output.project_id == project.project_id]

    def first_delivered(self, project: Project) -> date | None:
        return min((o.delivered_date for o in self._outputs(project) if o.delivered_date), default=None)

    def time_to_market(self, project: Project) -> int | None:
        begun, came = project.idea_date or project.approved_date, self.first_delivered(project)
        return None if begun is None or came is None else (came - begun).days

    def time_to_benefit(self, project: Project) -> int | None:
        came, own = self.first_delivered(project), {output.output_id for output in self._outputs(project)}
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
            **_present(planned, expected, base),
            "planned_payback_date": planned.payback_date(),
            "forecast_payback_date": expected.payback_date(),
            **{f"cost_p{p}": _scaled(project.budget, cost, p) if is_running else None for p in (50, 80)},
            **{
                f"finish_p{p}": likely_finish(project, duration.percentile(p)) if is_running else None for p in (50, 80)
            },
            "time_to_market_days": self.time_to_market(project),
            "time_to_benefit_days": self.time_to_benefit(project),
        }

    def group_value(self, projects: Sequence[Project]) -> Cells:
        """`marts.programme_value` and `marts.portfolio_value`, by column: their projects together."""
        names = [project.project_id for project in projects]
        planned, expected = together(self.planned[n] for n in names), together(self.expected[n] for n in names)
        base = min((day for day in map(self.base_date, projects) if day is not None), default=None)
        earned = self._earned_together(projects)
        to_market, to_benefit = map(self.time_to_market, projects), map(self.time_to_benefit, projects)
        return {
            "projects": len(projects),
            "base_date": base,
            "budget": _sum_known([(p.budget is not None, self.budget(p)) for p in projects]),
            "cost_to_date": _sum_known([(self._has_cost_to_date(p), self.cost_to_date(p)) for p in projects]),
            "forecast_cost": _sum_known([(self.expected[n].costs is not None, self.expected[n].cost) for n in names]),
            **{name: earned.figures()[name] for name in ("pv", "ev", "ac", "sv", "cv", "spi", "cpi")},
            "planned_benefit": planned.benefit,
            "realised_benefit": _sum_known([(True, self.realised(project)) for project in projects]),
            "forecast_benefit": expected.benefit,
            **_present(planned, expected, base),
            "time_to_market_days": _median(to_market),
            "time_to_benefit_days": _median(to_benefit),
        }

    def _has_cost_to_date(self, project: Project) -> bool:
        costs = self._costs(project)
        if costs:
            return any(cost.actual is not None and self._has_ended(cost) for cost in costs)
        return self.earned[project.project_id].ac is not None

    def _earned_together(self, projects: Sequence[Project]) -> EarnedValue:
        """In the reporting currency, each at the rate of its status."""

        def added(figure: Callable[[EarnedValue], Fraction | None]) -> Fraction | None:
            parts = []
            for project in projects:
                earned = self.earned[project.project_id]
                amount = figure(earned)
                if amount is not None and earned.status_date is not None:
                    parts.append(self._money(project, amount, earned.status_date))
            return total(parts) if parts else None

        return EarnedValue(None, None, added(lambda one: one.pv), added(lambda one: one.ev), added(lambda one: one.ac))

    # Objectives

    def alignment(self) -> dict[str, Cells]:
        """`marts.objective_alignment`, by objective and column."""
        sources = {
            "spend": [
                (self._project_parts(project), self.expected[project.project_id].cost)
                for project in self.world.projects.values()
                if self.expected[project.project_id].costs is not None
            ],
            "planned": [
                (self._benefit_parts(b), _signed(b, _promised_total(self.promises[b.benefit_id]))) for b in self.summed
            ],
            "realised": [(self._benefit_parts(b), _signed(b, self._completed(b, "realised"))) for b in self.summed],
            "forecast": [(self._benefit_parts(b), _signed(b, self._completed(b, "forecast"))) for b in self.summed],
        }
        weights = sum((weight for weight in self.world.weights.values() if weight is not None), Fraction(0))
        found: dict[str, Cells] = {}
        for name, weight in self.world.weights.items():
            found[name] = {"weight": weight, "weight_share": ratio(weight, weights)}
            for measure, parts in sources.items():
                amount = whole(_part(reached[name], a) for reached, a in parts if name in reached)
                found[name][f"{measure}_amount"] = amount
                found[name][f"{measure}_share"] = ratio(amount, whole(a for _, a in parts))
        return found

    def _completed(self, benefit: Benefit, name: str) -> Fraction | None:
        if not self.forecast.outlooks[benefit.benefit_id]:
            return Fraction(0)
        completion = self.forecast.completions[benefit.benefit_id]
        return completion.realised_reporting if name == "realised" else completion.forecast_reporting

    def _project_parts(self, project: Project) -> dict[str, Fraction]:
        shares: dict[str, Fraction] = {}
        for output in self._outputs(project):
            for name, share in self.found.network.shares(("output", output.output_id), "objective").items():
                shares[name] = shares.get(name, Fraction(0)) + share
        return _in_proportion(shares)

    def _benefit_parts(self, benefit: Benefit) -> dict[str, Fraction]:
        return _in_proportion(self.found.network.shares(("benefit", benefit.benefit_id), "objective"))


def sign(benefit: Benefit) -> int:
    """Harm counts negatively in every total."""
    return -1 if benefit.kind == "disbenefit" else 1


def together(balances: Iterable[Balance]) -> Balance:
    """All flows of several projects; the costs are not known where those of one are not."""
    every = list(balances)
    benefits = [flow for one in every for flow in one.benefits]
    if any(one.costs is None for one in every):
        return Balance(None, benefits)
    return Balance([flow for one in every for flow in one.costs or []], benefits)


def _present(planned: Balance, expected: Balance, base: date | None) -> Cells:
    return {
        f"{basis}_{figure}": getattr(balance, figure)(base)
        for figure in ("npv", "bcr", "roi")
        for basis, balance in (("planned", planned), ("forecast", expected))
    }


def _is_gained(row: Evidence) -> bool:
    gained, scale = row.attributable, max(abs(row.counterfactual or Fraction(0)), row.period.scale)
    return gained is not None and is_above_zero(gained, scale)


def _scaled(budget: Fraction | None, spread: Spread, percent: int) -> Fraction | None:
    return None if budget is None else budget * spread.percentile(percent)


def _sum_known(parts: Sequence[tuple[bool, Fraction | None]]) -> Fraction | None:
    """The sum of what is known; null where that cannot be converted, or nothing is known."""
    known = [amount for is_known, amount in parts if is_known]
    if not known or None in known:
        return None
    return sum((amount for amount in known if amount is not None), Fraction(0))


def _median(days: Iterable[int | None]) -> Fraction | None:
    known = tuple(Fraction(day) for day in days if day is not None)
    return Spread(known).percentile(50) if known else None


def _signed(benefit: Benefit, amount: Fraction | None) -> Fraction | None:
    return None if amount is None else amount * sign(benefit)


def _promised_total(periods: Iterable[PromisedPeriod]) -> Fraction | None:
    return total(period.money for period in periods)


def _part(share: Fraction, amount: Fraction | None) -> Fraction | None:
    """Nothing of what cannot be converted is nothing."""
    return Fraction(0) if share == 0 else None if amount is None else share * amount


def _in_proportion(shares: dict[str, Fraction]) -> dict[str, Fraction]:
    """Shares of the whole of what reaches any."""
    all_of_it = sum(shares.values(), Fraction(0))
    return {name: share / all_of_it for name, share in shares.items()} if all_of_it else {}
