"""A selection's problem, read from the tables of the warehouse or of the published file."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date

import duckdb

from pipelines.errors import ConfigError
from pipelines.selection.problem import Candidate, Capacity, Problem, Slot, check_amount


@dataclass(frozen=True)
class Tables:
    """Where the problem is: candidates with their values, each role's months, and who asks for whom in them."""

    candidates: str
    load: str
    allocations: str = "core.resource_allocation"


@dataclass(frozen=True)
class Question:
    """What is asked: within which budget (None: no limit), and with how many people of a role instead of those known.

    `ConfigError` where one is no finite number, or below 0.
    """

    budget: float | None = None
    role_capacity: Mapping[str, float] = field(default_factory=dict)

    def __post_init__(self) -> None:
        check_amount("The budget", self.budget, at_least_zero=True)
        for role, fte in self.role_capacity.items():
            check_amount(f"The capacity of {role}", fte, at_least_zero=True)


# Months with a capacity, known or asked about, of quarters that end after as_of.
MONTHS = """
with asked as (
    select unnest($roles::varchar[]) as role, unnest($fte::double[]) as fte
),

month as (
    select
        load.role, load.period_start, load.quarter_start, load.committed_fte, coalesce(asked.fte, load.capacity_fte) as fte
    from {load} as load
    left join asked on load.role = asked.role
    where load.quarter_end > $as_of and coalesce(asked.fte, load.capacity_fte) is not null
)
"""
CAPACITY = MONTHS + "select role, quarter_start, sum(fte - committed_fte), count(*) from month group by all"
DEMAND = (
    MONTHS
    + """
select candidate.project_id, month.role, month.quarter_start, sum(allocation.planned_fte)
from {candidates} as candidate
inner join {allocations} as allocation on candidate.project_id = allocation.project_id
inner join month on allocation.role = month.role and allocation.period_start = month.period_start
where candidate.is_candidate and allocation.planned_fte > 0
group by all
"""
)
CANDIDATES = """
select
    project_id,
    case when isfinite(forecast_npv::double) then forecast_npv::double end,
    case when isfinite(forecast_cost::double) then forecast_cost::double end,
    alignment
from {candidates}
where is_candidate
order by project_id
"""


def read_problem(
    connection: duckdb.DuckDBPyConnection, tables: Tables, question: Question, as_of: date, currency: str
) -> Problem:
    """The candidates of a warehouse and what limits them; a role asked about that nobody knows limits nothing."""
    names = {"candidates": tables.candidates, "load": tables.load, "allocations": tables.allocations}
    asked = {
        "roles": list(question.role_capacity),
        "fte": list(question.role_capacity.values()),
        "as_of": as_of,
    }
    demand: dict[str, dict[Slot, float]] = defaultdict(dict)
    for project_id, role, quarter, fte_months in connection.execute(DEMAND.format(**names), asked).fetchall():
        demand[project_id][Slot(role, quarter)] = fte_months
    capacity = {
        Slot(role, quarter): Capacity(free, months)
        for role, quarter, free, months in connection.execute(CAPACITY.format(**names), asked).fetchall()
    }
    candidates = tuple(
        Candidate(project_id, npv, cost, alignment, demand.get(project_id, {}))
        for project_id, npv, cost, alignment in connection.execute(CANDIDATES.format(**names)).fetchall()
    )
    return Problem(candidates, question.budget, capacity, currency)


def check_roles(connection: duckdb.DuckDBPyConnection, tables: Tables, question: Question) -> None:
    """`ConfigError` where nobody knows a role asked about."""
    known = [role for (role,) in connection.execute(f"select distinct role from {tables.load} order by 1").fetchall()]
    for role in question.role_capacity:
        if role not in known:
            raise ConfigError(f"There is no role {role!r}; there are {', '.join(known) or 'none'}.")
