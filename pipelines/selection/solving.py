"""The set of candidates that is worth most within the constraints, and what other constraints would allow.

3-benefits.md, 3.7. Of several sets worth the same, the one that costs less; of those, the one that holds the first project
(by id) in which they differ. Among more than MANY candidates it is the solver that settles ties, always alike.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from pipelines.selection.explaining import unfit
from pipelines.selection.problem import EPSILON, Candidate, Problem, Selection, exceeds, total
from pipelines.selection.programme import MANY, Programme, Row

STEPS = 21  # of a frontier, at the most
BUDGET_STEP = 0.01
AT_ONCE = 20  # choices ranked in one question: powers of two up to here keep apart in HiGHS's tolerances


@dataclass(frozen=True)
class Marginal:
    """What a little more of one constraint would add: `constraint` is 'budget' or a role's name."""

    constraint: str
    is_role: bool
    more: float
    added_value: float
    added: tuple[str, ...]
    removed: tuple[str, ...]


def select(problem: Problem) -> Selection:
    """The best set of candidates."""
    fit = sorted((one for one in problem.candidates if not unfit(problem, one)), key=lambda one: one.project_id)
    values = [one.value or 0.0 for one in fit]
    chosen, bound = _best(fit, values, list(_rows(problem, fit)))
    return _selection(problem, [fit[index] for index in sorted(chosen)], bound)


def frontier(problem: Problem) -> list[Selection]:
    """The best set at each of `budgets`, the least first."""
    steps: list[Selection] = []
    for budget in reversed(budgets(problem)):
        narrower = problem.within(budget)
        if steps and not exceeds(steps[-1].cost, budget):  # the best set of a greater budget, if it costs no more
            steps.append(_selection(narrower, _named(problem, steps[-1].projects), steps[-1].bound))
        else:
            steps.append(select(narrower))
    steps.reverse()
    for number in range(1, len(steps)):
        before, step = steps[number - 1], steps[number]
        if exceeds(
            before.value, step.value
        ):  # among many, near the best is near enough, but never worse than with less
            steps[number] = _selection(problem.within(step.budget), _named(problem, before.projects), step.bound)
    return steps


def budgets(problem: Problem) -> list[float]:
    """From 0 to what all that could be selected cost together, in even steps, and the budget asked about."""
    unlimited = problem.within(None)
    most = total(max(0.0, one.cost or 0.0) for one in problem.candidates if not unfit(unlimited, one))
    asked = set() if problem.budget is None else {problem.budget}
    if not most:
        return sorted({0.0} | asked)
    even = {most * step / (STEPS - 1) for step in range(STEPS)}
    if not asked <= even:
        even = {most * step / (STEPS - 2) for step in range(STEPS - 1)}
    return sorted(even | asked)


def marginals(problem: Problem, selection: Selection) -> list[Marginal]:
    """What one per cent more budget, and one more full-time equivalent of each role, would add: by solving again."""
    found = []
    if problem.budget:
        more = problem.budget * BUDGET_STEP
        found.append(_marginal("budget", False, more, selection, select(problem.within(problem.budget + more))))
    for role in problem.roles:
        found.append(_marginal(role, True, 1.0, selection, select(problem.with_more_of(role, 1.0))))
    return found


def _selection(problem: Problem, selected: Sequence[Candidate], bound: float | None) -> Selection:
    value = total(one.value or 0.0 for one in selected)
    return Selection(
        budget=problem.budget,
        projects=tuple(one.project_id for one in selected),
        value=value,
        cost=total(one.cost or 0.0 for one in selected),
        bound=value if bound is None else max(value, bound),
    )


def _named(problem: Problem, projects: Sequence[str]) -> list[Candidate]:
    by_name = {one.project_id: one for one in problem.candidates}
    return [by_name[name] for name in projects]


def _marginal(constraint: str, is_role: bool, more: float, before: Selection, after: Selection) -> Marginal:
    added = tuple(name for name in after.projects if name not in before.projects)
    removed = tuple(name for name in before.projects if name not in after.projects)
    gain = after.value - before.value if exceeds(after.value, before.value) else 0.0
    return Marginal(constraint, is_role, more, gain, added if gain else (), removed if gain else ())


def _rows(problem: Problem, fit: Sequence[Candidate]) -> Iterator[Row]:
    """The constraints that could bind."""
    limits = [(tuple(one.cost or 0.0 for one in fit), problem.budget)] if problem.budget is not None else []
    limits += [
        (tuple(one.demand.get(slot, 0.0) for one in fit), capacity.room)
        for slot, capacity in sorted(problem.capacity.items())
    ]
    for coefficients, limit in limits:
        if exceeds(total(value for value in coefficients if value > 0), limit):
            yield Row(coefficients, limit)


def _best(
    fit: Sequence[Candidate], values: Sequence[float], rows: Sequence[Row]
) -> tuple[frozenset[int], float | None]:
    """The best set, and the bound of what it could be worth where it is not proven to be the best."""
    if not rows:
        # What is worth nothing is here for its negative cost alone: equal in value, the set with it costs less.
        return frozenset(index for index, value in enumerate(values) if value >= 0), None
    programme = Programme(len(fit), rows)
    first = programme.best(values)
    if first is None or first.bound is not None or len(fit) > MANY:  # there is a first: the empty set breaks no row
        return (first.chosen, first.bound) if first else (frozenset(), None)
    value = total(values[index] for index in first.chosen)
    programme.forbid(first.chosen)
    second = programme.best(values)
    if second is None or exceeds(value, total(values[index] for index in second.chosen)):
        return first.chosen, None
    return _first_of_ties(fit, values, rows, first.chosen), None


def _first_of_ties(
    fit: Sequence[Candidate], values: Sequence[float], rows: Sequence[Row], best: frozenset[int]
) -> frozenset[int]:
    """Of all sets worth as much as the best one, the cheapest; of those, the first by project id."""
    programme = Programme(len(fit), rows)
    value = total(values[index] for index in best)
    programme.limit(Row(tuple(-one for one in values), -value * (1 - EPSILON)))
    costs = [one.cost or 0.0 for one in fit]
    cheapest = programme.best([-cost for cost in costs])
    chosen = cheapest.chosen if cheapest else best
    cost = total(costs[index] for index in chosen)
    programme.limit(Row(tuple(costs), cost + EPSILON * abs(cost)))
    for start in range(0, len(fit), AT_ONCE):
        ranked = range(start, min(start + AT_ONCE, len(fit)))
        worth = [2.0 ** (ranked[-1] - index) if index in ranked else 0.0 for index in range(len(fit))]
        found = programme.best(worth)
        chosen = found.chosen if found else chosen
        for index in ranked:
            programme.fix(index, index in chosen)
    return chosen
