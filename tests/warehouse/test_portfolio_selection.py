"""The portfolio selection as a build makes it: from delivered rows to the marts."""

from __future__ import annotations

from typing import Any

import duckdb

from pipelines.selection import Question, Tables, read_problem, select
from tests.warehouse.building import Rows
from tests.warehouse.conftest import Build

MONTHS = ("2026-07-01", "2026-08-01", "2026-09-01")


def proposal(number: int, cost: int, saving: int, fte: float, stage: str = "idea") -> dict[str, list[dict[str, Any]]]:
    """A project whose one output is to bring one benefit: so much a month for each of ten points, and that many trainers."""
    name = f"P{number}"
    return {
        "project": [{"project_id": name, "name": f"Project {number}", "stage": stage}],
        "output": [{"output_id": f"O{number}", "project_id": name, "name": "Output", "baseline_date": "2026-12-31"}],
        "cost": [{"project_id": name, "period_start": "2026-08-01", "planned_cost": cost}],
        "benefit": [
            {
                "benefit_id": f"B{number}",
                "name": f"Benefit {number}",
                "kind": "benefit",
                "type": "cashable",
                "kpi_id": "K1",
                "baseline_value": 10,
                "target_value": 20,
                "start_date": "2027-01-01",
                "target_date": "2027-01-31",
                "end_date": "2027-12-31",
                "unit_value": saving,
            }
        ],
        "dependency": [{"from_type": "output", "from_id": f"O{number}", "to_type": "benefit", "to_id": f"B{number}"}],
        "resource_allocation": [
            {"project_id": name, "role": "Trainer", "period_start": month, "planned_fte": fte} for month in MONTHS
        ],
    }


def portfolio() -> dict[str, Rows]:
    """Five projects; 2 trainers a month in July and August (none known for September), of which P5 has half of one."""
    rows: dict[str, list[dict[str, Any]]] = {
        "kpi": [{"kpi_id": "K1", "name": "Day cases", "unit": "%", "frequency": "month"}],
        "role_capacity": [{"role": "Trainer", "period_start": month, "capacity_fte": 2} for month in MONTHS[:2]],
    }
    for one in (
        proposal(1, cost=1000, saving=50, fte=0.5),
        proposal(2, cost=2000, saving=40, fte=1.0, stage="business_case"),
        proposal(3, cost=2000, saving=100, fte=1.75),
        proposal(4, cost=5000, saving=1, fte=0.0),
        proposal(5, cost=9000, saving=900, fte=0.5, stage="delivery"),
    ):
        for contract, more in one.items():
            rows.setdefault(contract, []).extend(more)
    return {contract: tuple(more) for contract, more in rows.items()}


def rows(connection: duckdb.DuckDBPyConnection, query: str) -> list[tuple[Any, ...]]:
    return connection.execute(query).fetchall()


def test_the_marts_answer_the_question_that_was_kept_and_the_published_tables_say_the_same(built: Build) -> None:
    """Of 3 FTE-months free, P1 and P2 take 1 + 2; P3 alone would want 3.5. P4 costs more than it brings."""
    kept = {"asked_at": "2026-06-01", "budget": 3500, "role_capacity": "{}"}
    connection = built(portfolio(), {"selection_question": [kept]})
    answered = rows(
        connection, "select project_id, is_selected, reason, budget from marts.portfolio_selection order by 1"
    )
    assert [(name, is_selected) for name, is_selected, *_ in answered] == [
        ("P1", True),
        ("P2", True),
        ("P3", False),
        ("P4", False),
        ("P5", False),
    ]
    reasons = {name: reason for name, _, reason, _ in answered}
    assert reasons["P1"] is None
    assert reasons["P3"] == (
        "It needs 3.5 FTE-months of Trainer in the quarter from 1 July 2026, and there are 3 free."
    )
    assert reasons["P4"].startswith("Its forecast NPV of GBP -") and reasons["P4"].endswith("is not positive.")
    assert reasons["P5"] == "Its stage is delivery: only ideas and business cases are selected from."
    assert {budget for *_, budget in answered} == {3500.0}

    steps = rows(connection, "select budget, cost, selected, is_asked from marts.portfolio_frontier order by 1")
    assert (steps[0], steps[-1]) == ((0.0, 0.0, None, False), (3500.0, 3000.0, "P1; P2", True))
    assert {selected for _, _, selected, _ in steps} == {None, "P1", "P1; P2"}

    as_published = read_problem(
        connection,
        Tables("marts.portfolio_selection", "marts.resource_load"),
        Question(3500.0),
        rows(connection, "select as_of from core.selection_question")[0][0],
        "GBP",
    )
    assert select(as_published).projects == ("P1", "P2")
    forecast = rows(
        connection, "select project_id, forecast_npv from marts.project_value where stage <> 'delivery' order by 1"
    )
    assert [(one.project_id, one.npv) for one in as_published.candidates] == forecast
