"""One copy of the portfolio, dated: outputs with their days, benefits with their plans and delays."""

from __future__ import annotations

import random
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from functools import cached_property

from examples.portfolio.benefits import BENEFITS
from examples.portfolio.measures import MEASURES
from examples.portfolio.model import Benefit, Measure, Output, Programme, Project
from examples.portfolio.network import enabling
from examples.portfolio.organisation import PROGRAMMES
from examples.portfolio.outputs import OUTPUTS
from examples.portfolio.projects import PROJECTS
from examples.portfolio.timeline import Period, Timeline

BEGINS_OF = {"month": 1, "quarter": 3, "year": 12}


@dataclass(frozen=True)
class Delivery:
    """The days of one output; `was_forecast` is what the report a month ago still promised."""

    output: Output
    baseline: date
    forecast: date | None
    was_forecast: date | None
    delivered: date | None

    @property
    def is_lost(self) -> bool:
        return self.output.fate == "lost"


@dataclass(frozen=True)
class Plan:
    """A benefit's promise in dates: None where the register leaves one out.

    `delay_days` is how late its outputs are; None where all of them are lost.
    """

    benefit: Benefit
    baseline_on: date
    start: date | None
    target: date | None
    end: date | None
    delay_days: int | None


@dataclass(frozen=True)
class World:
    """Copy number `copy` of the portfolio, as it stands on `timeline.as_of`; every choice comes from `seed`."""

    timeline: Timeline
    seed: int
    copy: int = 1

    def id(self, plain: str) -> str:
        """An identifier of this copy: the plain one in the first, prefixed in further ones."""
        return plain if self.copy == 1 else f"{self.copy}-{plain}"

    def chance(self, *about: object) -> random.Random:
        """The source of random numbers for one purpose: the same for the same seed, copy and purpose."""
        return random.Random("/".join(str(part) for part in (self.seed, self.copy, *about)))

    @cached_property
    def deliveries(self) -> dict[str, Delivery]:
        """The outputs by plain identifier."""
        return {output.id: self._delivery(output) for output in OUTPUTS}

    def _delivery(self, output: Output) -> Delivery:
        chance = self.chance(output.id)
        baseline = self.timeline.day(output.due, chance.randint(8, 20))
        nudge = timedelta(days=chance.randint(-5, 5))
        fate, _, days = output.fate.partition(":")
        late = timedelta(days=int(days or 0))
        match fate:
            case "late":
                return Delivery(output, baseline, None, None, baseline + late)
            case "slip":
                return Delivery(output, baseline, baseline + late, baseline + late / 2, None)
            case "overdue":
                forecast = self.timeline.as_of + late
                return Delivery(output, baseline, forecast, baseline + timedelta(days=21), None)
            case "never" | "lost":
                return Delivery(output, baseline, None, None, None)
        if output.due <= 0:
            return Delivery(output, baseline, None, None, baseline + nudge)
        return Delivery(output, baseline, baseline + nudge, baseline, None)

    @cached_property
    def plans(self) -> dict[str, Plan]:
        """The benefits by plain identifier."""
        return {benefit.id: self._plan(benefit) for benefit in BENEFITS}

    def _plan(self, benefit: Benefit) -> Plan:
        time = self.timeline
        start = None if benefit.start is None else time.first(benefit.start)
        return Plan(
            benefit,
            self._baseline_on(benefit),
            start,
            None if benefit.target is None else time.last(benefit.target),
            None if benefit.ends is None else time.last(benefit.ends),
            self._delay_days(benefit, start),
        )

    def _baseline_on(self, benefit: Benefit) -> date:
        """The last day of the last whole KPI period before the benefit starts, and before last month's report."""
        month = -2 if benefit.start is None else min(benefit.start, -2)
        first = self.timeline.first(month)
        length = BEGINS_OF.get(measure.frequency, 1) if (measure := self.measures.get(benefit.measure)) else 1
        if length == 1 and measure and measure.frequency == "week":
            return first - timedelta(days=first.weekday() + 1)
        return first.replace(month=(first.month - 1) // length * length + 1) - timedelta(days=1)

    def _delay_days(self, benefit: Benefit, start: date | None) -> int | None:
        """Section 3.4: how many days the plan moves because enabling outputs come late."""
        found = [(self.deliveries[output], timedelta(days=lag)) for output, lag in enabling(benefit.id)]
        kept = [(delivery, lag) for delivery, lag in found if not delivery.is_lost]
        if found and not kept:
            return None
        if not kept or start is None:
            return 0
        enabled = max(self._current(delivery) + lag for delivery, lag in kept)
        planned = max(delivery.baseline + lag for delivery, lag in kept)
        return max(0, (enabled - max(start, planned)).days)

    def _current(self, delivery: Delivery) -> date:
        return delivery.delivered or max(self.timeline.as_of, delivery.forecast or delivery.baseline)

    @property
    def measures(self) -> dict[str, Measure]:
        """The KPIs by plain identifier."""
        return MEASURES_BY_ID

    def periods(self, measure: Measure) -> Iterator[tuple[int, Period]]:
        """The periods a measure is read for, numbered from the oldest."""
        return enumerate(self.timeline.periods(measure.readings))

    def manager(self, project: Project) -> str:
        """Who runs a project."""
        return _one_of(PROGRAMMES[project.programme].managers, project.id)

    def owner(self, benefit: Benefit) -> str | None:
        """Who owns a benefit, unless nobody does."""
        return _one_of(programme_of(benefit.project_id).owners, benefit.id) if benefit.owned else None


MEASURES_BY_ID = {measure.id: measure for measure in MEASURES}
PROJECTS_BY_ID = {project.id: project for project in PROJECTS}


def programme_of(project_id: str) -> Programme:
    """The programme of a project."""
    return PROGRAMMES[PROJECTS_BY_ID[project_id].programme]


def _one_of(people: tuple[str, ...], identifier: str) -> str:
    return people[int(identifier.rsplit("-", 1)[1]) % len(people)]
