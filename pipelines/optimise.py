"""Which ideas and business cases to fund, asked of the published warehouse (3-benefits.md, 3.7)."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from pipelines.errors import ConfigError
from pipelines.lake import Lake
from pipelines.published import Published, Row, published
from pipelines.questions import KeptQuestion, keep_question
from pipelines.selection import (
    Marginal,
    Question,
    Selection,
    Tables,
    answer,
    check_roles,
    marginals,
    read_problem,
    reasons,
)
from pipelines.settings import Settings, now

TABLES = Tables("marts.portfolio_selection", "marts.resource_load")
CANDIDATES = """
select project_id, project_name, stage, forecast_npv, forecast_cost, alignment, value
from marts.portfolio_selection
where is_candidate
order by value desc nulls last, project_id
"""


@dataclass(frozen=True)
class Optimised:
    """What was asked, and the answer: every candidate with the reason where it is left out, the frontier, the marginals.

    `value_bound`: no selection is worth more; the value itself where it is proven to be the best.
    """

    as_of: date
    currency: str
    budget: float | None
    role_capacity: dict[str, float]
    value: float
    value_bound: float
    cost: float
    candidates: list[Row]
    frontier: list[Row]
    marginals: list[Marginal]
    is_kept: bool


def optimise(settings: Settings, question: Question, keep: bool = False) -> Optimised:
    """The best set within the question's limits; with `keep`, every build from now on answers the question in its marts.

    Raises `ConfigError` where nothing suitable is published, or nobody knows a role asked about.
    """
    with published(settings) as warehouse:
        as_of = _as_of(warehouse)
        check_roles(warehouse.connection, TABLES, question)
        problem = read_problem(warehouse.connection, TABLES, question, as_of, settings.currency)
        candidates = warehouse.rows(CANDIDATES)
    asked, steps = answer(problem)
    why = reasons(problem, asked)
    more = marginals(problem, asked)
    if keep:
        keep_question(Lake.of(settings), KeptQuestion(now(), question))
    return Optimised(
        as_of=as_of,
        currency=settings.currency,
        budget=question.budget,
        role_capacity=dict(question.role_capacity),
        value=asked.value,
        value_bound=asked.bound,
        cost=asked.cost,
        candidates=[
            row | {"is_selected": row["project_id"] not in why, "reason": why.get(row["project_id"])}
            for row in candidates
        ],
        frontier=_as_rows(steps),
        marginals=more,
        is_kept=keep,
    )


def _as_of(warehouse: Published) -> date:
    for table in (TABLES.candidates, TABLES.load):
        if not warehouse.has(*table.split(".")):
            raise ConfigError(f"What is published has no {table} yet: run `fruition run` first.")
    row = warehouse.row("select as_of from meta.build order by seq desc limit 1")
    if row is None:
        raise ConfigError("What is published names no build: run `fruition publish` to make it anew.")
    as_of: date = row["as_of"]
    return as_of


def _as_rows(steps: list[Selection]) -> list[Row]:
    """The steps as `marts.portfolio_frontier` has them."""
    before: list[Selection | None] = [None, *steps]
    return [
        {
            "budget": step.budget,
            "value": step.value,
            "cost": step.cost,
            "projects": len(step.projects),
            "selected": list(step.projects),
            "added_value": step.value - former.value if former else None,
            "value_bound": step.bound,
        }
        for former, step in zip(before, steps, strict=False)
    ]
