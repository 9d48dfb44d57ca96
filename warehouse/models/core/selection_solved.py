"""One row per budget solved and candidate, or one without a candidate where there is none.

3-benefits.md, 3.7: the portfolio selection, solved with HiGHS by pipelines.selection: for the budget asked about, and for
each step of the frontier.
"""

import json

import pandas as pd

from pipelines.selection import Question, Tables, read_problem, solved_rows

TYPES = {
    "budget": "Float64",
    "is_asked": "bool",
    "is_step": "bool",
    "project_id": "string",
    "is_selected": "bool",
    "reason": "string",
    "bound": "float64",
}


def model(dbt, session):
    """Read the problem from the tables named here, and solve it. Types are given, since an empty column has none."""
    dbt.config(materialized="table")
    (as_of, currency, budget, role_capacity), *_ = dbt.ref("selection_question").fetchall()
    for table in (dbt.ref("selection_candidate"), dbt.ref("role_load"), dbt.ref("resource_allocation")):
        del table  # only named, so that dbt makes them first
    tables = Tables("core.selection_candidate", "core.role_load")
    question = Question(budget, json.loads(role_capacity or "{}"))
    problem = read_problem(session, tables, question, as_of, currency)
    return pd.DataFrame(solved_rows(problem), columns=list(TYPES)).astype(TYPES)
