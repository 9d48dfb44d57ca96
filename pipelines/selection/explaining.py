"""Why a candidate is not selected, in one sentence with the figures in it."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from datetime import date

from pipelines.selection.problem import Candidate, Problem, Selection, Slot, exceeds, total


def reasons(problem: Problem, selection: Selection) -> dict[str, str]:
    """Each candidate that is not selected, with the reason."""
    names = set(selection.projects)
    taken = _taken([one for one in problem.candidates if one.project_id in names])
    return {
        one.project_id: unfit(problem, one) or _crowded_out(problem, one, selection, taken)
        for one in problem.candidates
        if one.project_id not in names
    }


def unfit(problem: Problem, candidate: Candidate) -> str | None:
    """Why a candidate could not be selected even if it were alone; None where it could."""
    if candidate.npv is None:
        return "Its forecast NPV is unknown."
    if candidate.cost is None:
        return "Its forecast cost is unknown."
    worthless = _worthless(problem, candidate)
    if worthless and candidate.cost >= 0:  # one of negative cost makes room for others
        return worthless
    if problem.budget is not None and exceeds(candidate.cost, problem.budget):
        # What candidates of negative cost would add to the budget.
        added = -total(min(0.0, one.cost) for one in problem.candidates if one.cost is not None)
        if exceeds(candidate.cost, problem.budget + added):
            return (
                f"It costs {_money(problem, candidate.cost)}, "
                f"more than the whole budget of {_money(problem, problem.budget)}."
            )
    return _short_of_people(problem, candidate, {}, "there are {free} free")


def _worthless(problem: Problem, candidate: Candidate) -> str | None:
    """Why a candidate adds nothing to what the selection is worth."""
    if candidate.npv is not None and candidate.npv <= 0:
        return f"Its forecast NPV of {_money(problem, candidate.npv)} is not positive."
    return "It serves no objective that carries a weight." if candidate.alignment <= 0 else None


def _crowded_out(problem: Problem, candidate: Candidate, selection: Selection, taken: dict[Slot, float]) -> str:
    """What stands in the way of a candidate that would fit alone: what is left beside those selected."""
    if problem.budget is not None and candidate.cost is not None:
        left = problem.budget - selection.cost
        if exceeds(selection.cost + candidate.cost, problem.budget):
            return (
                f"It costs {_money(problem, candidate.cost)}, "
                f"and beside the projects selected {_money(problem, max(0.0, left))} of the budget is left."
            )
    short = _short_of_people(problem, candidate, taken, "beside the projects selected {free} are left")
    return short or _worthless(problem, candidate) or "The projects selected are worth more together than with it."


def _taken(selected: Sequence[Candidate]) -> dict[Slot, float]:
    """What those selected use of each role and quarter."""
    amounts: dict[Slot, list[float]] = defaultdict(list)
    for one in selected:
        for slot, amount in one.demand.items():
            amounts[slot].append(amount)
    return {slot: total(each) for slot, each in amounts.items()}


def _short_of_people(problem: Problem, candidate: Candidate, taken: dict[Slot, float], said: str) -> str | None:
    for slot in sorted(candidate.demand.keys() & problem.capacity.keys(), key=lambda slot: (slot.quarter, slot.role)):
        used, needed, room = taken.get(slot, 0.0), candidate.demand[slot], problem.capacity[slot].room
        if needed > 0 and exceeds(used + needed, room):
            return (
                f"It needs {_figure(needed)} FTE-months of {slot.role} in the quarter from {_day(slot.quarter)}, "
                f"and {said.format(free=_figure(max(0.0, room - used)))}."
            )
    return None


def _money(problem: Problem, amount: float) -> str:
    return f"{problem.currency} {amount:,.0f}".strip()


def _figure(amount: float) -> str:
    return f"{amount:,.2f}".rstrip("0").rstrip(".")


def _day(day: date) -> str:
    return f"{day.day} {day:%B %Y}"
