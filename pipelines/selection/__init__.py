"""Portfolio selection: which ideas and business cases to fund (3-benefits.md, 3.7). See `problem`, `solving`, `reading`."""

from __future__ import annotations

from pipelines.selection.answering import answer, solved_rows
from pipelines.selection.explaining import reasons
from pipelines.selection.problem import Candidate, Capacity, Problem, Selection, Slot
from pipelines.selection.reading import Question, Tables, check_roles, read_problem
from pipelines.selection.solving import Marginal, budgets, frontier, marginals, select

__all__ = [
    "Candidate",
    "Capacity",
    "Marginal",
    "Problem",
    "Question",
    "Selection",
    "Slot",
    "Tables",
    "answer",
    "budgets",
    "check_roles",
    "frontier",
    "marginals",
    "read_problem",
    "reasons",
    "select",
    "solved_rows",
]
