"""Projects: what they deliver, cost and risk, and whom they ask for (2, contracts)."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal

from tests.warehouse.portfolios.draft import Draft, Fact


def draw_projects(draft: Draft) -> None:
    """Projects, how they stand, their gates, their costs and their outputs."""
    programmes, portfolios = ["health", "health", "works", None], ["north", "south", None]
    stages = ["delivery"] * 5 + ["closed"] * 3 + ["cancelled"] * 2 + ["idea", "business_case"]
    for number in draft.some(1, 3):
        name = draft.id("project", number)
        budget = draft.maybe(0.8, Decimal(draft.random.randint(0, 9)) * 100)
        programme, portfolio = draft.one(programmes), draft.one(portfolios)
        project = draft.add(
            "project",
            project_id=name,
            name=f"project {number}",
            stage=draft.one(stages),
            budget=budget,
            programme=programme and draft.id(programme, ""),
            portfolio=portfolio and draft.id(portfolio, ""),
            project_type=draft.one(["IT", "IT", "works", "works", None, f"rare {draft.random.randint(0, 40)}"]),
            currency=draft.one([None] * 3 + draft.currencies),
        )
        project |= _dates(draft, project["stage"])
        if draft.chance(0.6):
            _costs(draft, name)
        for day in sorted({draft.near(-200, 20) for _ in draft.some(0, 3)}):
            planned = draft.maybe(0.9, Decimal(draft.random.randint(0, 9)) * 100)
            earned = draft.maybe(0.9, Decimal(draft.random.randint(0, 90)) * 10)
            if planned is not None and draft.chance(0.3):
                earned = planned * Decimal("0.9")
            spent = draft.maybe(0.9, draft.one([planned, earned, budget, Decimal("500.01"), Decimal(0)]))
            draft.add(
                "project_status",
                project_id=name,
                status_date=day,
                planned_value=planned,
                earned_value=earned,
                actual_cost=spent,
            )
        for gate in draft.some(0, 2):
            draft.add(
                "stage_gate",
                project_id=name,
                gate=f"G{gate}",
                planned_date=draft.maybe(0.9, draft.near(-60, 30)),
                actual_date=draft.maybe(0.4, draft.near(-60, 20)),
            )


def _dates(draft: Draft, stage: str) -> Fact:
    """Of a project; a finished one has often been early, late, or both."""
    start = draft.near(-900, -100)
    days = draft.one([0, 1, 90, 100, 200, 365])
    actual_start = start + timedelta(days=draft.one([0, 0, -10, 40]))
    finish = actual_start + timedelta(days=max(1, days * draft.one([50, 90, 100, 100, 120, 150, 200]) // 100))
    return {
        "idea_date": draft.maybe(0.5, start - timedelta(days=draft.random.randint(30, 300))),
        "approved_date": draft.maybe(0.6, start - timedelta(days=draft.random.randint(-50, 90))),
        "baseline_start": draft.maybe(0.85, start),
        "baseline_finish": draft.maybe(0.85, start + timedelta(days=days)),
        "actual_start": draft.maybe(0.8, min(actual_start, draft.as_of)),
        "forecast_finish": draft.maybe(0.5, draft.near(-100, 300)),
        "actual_finish": min(finish, draft.as_of) if stage == "closed" and draft.chance(0.9) else None,
    }


def _costs(draft: Draft, project_id: str) -> None:
    currency = draft.one([None] * 6 + ["EUR", draft.currencies[-1]])
    for month in draft.months(-30, 8):
        for cost_type in draft.one([["capex"], ["opex"], ["capex", "opex"]]):
            if draft.chance(0.9):
                planned = Decimal(draft.random.randint(0, 200)) / 4
                actual = planned * Decimal(draft.one(["1", "1", "1.25", "0.5"]))
                draft.add(
                    "cost",
                    project_id=project_id,
                    period_start=month,
                    cost_type=cost_type,
                    planned_cost=draft.maybe(0.95, planned),
                    actual_cost=draft.maybe(0.8, round(actual, 2)),
                    currency=currency if draft.chance(0.9) else "GBP",
                )


def draw_outputs(draft: Draft) -> None:
    """What the projects deliver; now and then for a project that never came."""
    for number in draft.some(0, 5):
        baseline = draft.near(-700, 60)
        slip = timedelta(days=draft.one([0, 0, 14, 15, 40, -20, -45, 120, 300]))
        project = draft.one(draft.tables["project"])
        came = baseline + timedelta(days=draft.one([0, 0, -30, 14, 15, 60, 200]))
        draft.add(
            "output",
            output_id=draft.id("output", number),
            name=f"output {number}",
            project_id=draft.id("project", "gone") if draft.chance(0.05) else project["project_id"],
            baseline_date=baseline,
            forecast_date=draft.maybe(0.7, baseline + slip),
            delivered_date=draft.maybe(0.3 if project["stage"] == "cancelled" else 0.8, came),
        )


def draw_resources(draft: Draft) -> None:
    """Roles that are asked for as much as they have, a little more, or by nobody."""
    ftes = [0.1, 0.2, 0.3, 0.5, 1.0, 2.0]
    projects = [*draft.ids("project"), draft.id("project", "gone")]
    for number in draft.some(0, 2):
        role = draft.id("role", number)
        for project in projects:
            if draft.chance(0.4):
                for month in draft.months(-4, 5):
                    planned, actual = draft.maybe(0.9, draft.one(ftes)), draft.maybe(0.5, draft.one(ftes))
                    draft.add(
                        "resource_allocation",
                        project_id=project,
                        role=role,
                        period_start=month,
                        planned_fte=planned,
                        actual_fte=actual,
                    )
        for month in draft.months(-4, 5):
            if draft.chance(0.9):
                capacity = draft.one([0.0, 0.3, 0.3, 0.6, 1.0, 1.5, 3.0])
                draft.add("role_capacity", role=role, period_start=month, capacity_fte=capacity)


def draw_risks(draft: Draft) -> None:
    """Risks of projects, outputs and benefits; some closed, some of nothing known."""
    subjects = [(kind, name) for kind in ("project", "output", "benefit") for name in draft.ids(kind)]
    for number in draft.some(0, 6):
        kind, name = draft.one([*subjects, *subjects, ("output", draft.id("output", "gone"))])
        status = draft.one(["open", "open", "open", "open", "closed", "realised"])
        draft.add(
            "risk",
            risk_id=draft.id("risk", number),
            subject_type=kind,
            subject_id=name,
            probability=draft.one([None, 0.1, 0.25, 0.5, 1.0, 0.0]),
            impact=draft.maybe(0.9, Decimal(draft.one([0, 1, 20, 100, 1000, 50_000, 1_000_000, -500]))),
            currency=draft.one(draft.currencies),
            status=status,
            closed_date=draft.maybe(0.1 if status == "open" else 0.8, draft.near(-60, 20)),
        )
