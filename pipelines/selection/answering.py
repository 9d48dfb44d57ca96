"""What is answered to a question: the selection, and the frontier; as rows, one a budget and candidate."""

from __future__ import annotations

from pipelines.selection.explaining import reasons
from pipelines.selection.problem import Problem, Selection
from pipelines.selection.solving import frontier, select

SolvedRow = tuple[float | None, bool, bool, str | None, bool, str | None, float]


def answer(problem: Problem) -> tuple[Selection, list[Selection]]:
    """The best set within the budget asked about, and the frontier; of which it is a step, unless there is no limit."""
    steps = frontier(problem)
    asked = next((step for step in steps if step.budget == problem.budget), None)
    return asked or select(problem), steps


def solved_rows(problem: Problem) -> list[SolvedRow]:
    """Budget, whether it is asked about, whether it is a step, the candidate (None where there is none), whether it is
    selected, why not (of the budget asked about), and the bound of what a set could be worth.
    """
    asked, steps = answer(problem)
    solved = [(step, step.budget == asked.budget, True) for step in steps]
    if problem.budget is None:
        solved.append((asked, True, False))
    why = reasons(problem, asked)
    names: list[str | None] = [one.project_id for one in problem.candidates]
    return [
        (one.budget, is_asked, is_step, name, name in chosen, why.get(name or "") if is_asked else None, one.bound)
        for one, is_asked, is_step in solved
        for chosen in [frozenset(one.projects)]
        for name in names or [None]
    ]
