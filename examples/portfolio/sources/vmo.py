"""The value management office: benefits register, benefits map, owners, KPI catalogue, risks, board papers."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from statistics import mean

from examples.portfolio.benefits import BENEFITS
from examples.portfolio.course import places, readings
from examples.portfolio.files import Cell, CsvFile, Sheet, SourceFile, WorkbookFile
from examples.portfolio.governance import (
    CLAIM_MONTHS,
    CLAIMANTS,
    CLAIMED_SHARE,
    DECISIONS,
    FORMER_TARGETS,
    LESSONS,
    ODD_CLAIMS,
    RISKS,
)
from examples.portfolio.measures import MEASURES
from examples.portfolio.network import DRIVERS, KINDS
from examples.portfolio.organisation import FINANCE_LEAD, OBJECTIVES
from examples.portfolio.outputs import OUTCOMES
from examples.portfolio.sources.writing import plain
from examples.portfolio.world import PROJECTS_BY_ID, Plan, World

Row = list[Cell]
BENEFIT_COLUMNS = (
    "Ref", "Benefit", "Kind", "Type", "Category", "KPI", "Place", "Share of KPI", "Baseline", "Baseline on", "Target",
    "Target on", "Without the change", "Starts", "Ends", "Value of one unit", "Currency", "Tolerance", "Proof",
    "Compare with", "Approved", "Verified",
)  # fmt: skip
MEASURE_COLUMNS = ("kpi", "name", "unit", "frequency", "read_every", "aggregation", "direction", "grace_days", "owner")
RISK_COLUMNS = ("No", "About", "Ref", "Risk", "Likelihood", "Cost", "Owner", "State", "Raised", "Closed")
LESSON_COLUMNS = ("No", "Project", "Gap", "Category", "Lesson", "Next time", "Raised")
CLAIM_COLUMNS = ("Ref", "Month", "Improvement", "Amount", "Claimed on", "Approved by")
DECISION_COLUMNS = ("No", "About", "Ref", "Gap", "Decision", "Reason", "By", "On", "Review")
TYPES = {
    "cashable": "Cashable",
    "non_cashable": "Non-cashable",
    "quantifiable": "Quantifiable",
    "qualitative": "Qualitative",
}


def files(worlds: tuple[World, ...]) -> Iterator[SourceFile]:
    """The register as it was three months ago and as it is, and the office's other files."""
    time = worlds[0].timeline
    for month in (-3, 0):
        yield WorkbookFile("benefits_register", f"Benefits register {time.last(month)}.xlsx", _register(worlds, month))
    now = time.last(0)
    yield CsvFile("benefit_map", f"benefits_map_{now}.csv", ("from", "to", "weight", "lag_days"), _links(worlds))
    owners = (row for world in worlds for row in _owners(world))
    yield CsvFile("vmo_owners", f"owners_{now}.csv", ("Ref", "Owner", "Priority"), owners, delimiter="\t")
    catalogue = (row for world in worlds for row in _catalogue(world))
    yield CsvFile("kpi_catalogue", f"kpi_catalogue_{now}.csv", MEASURE_COLUMNS, catalogue)
    yield WorkbookFile("risk_register", f"Risk register {now}.xlsx", _risks_and_lessons(worlds))
    yield WorkbookFile("board_papers", f"Board papers {now}.xlsx", _board_papers(worlds))


def _register(worlds: tuple[World, ...], month: int) -> tuple[Sheet, ...]:
    benefits = (_benefit(world, plan, month) for world in worlds for plan in world.plans.values())
    profile = (row for world in worlds for row in _profile(world))
    outcomes = (row for world in worlds for row in _outcomes(world))
    objectives = (row for world in worlds for row in _objectives(world))
    return (
        Sheet("Benefits", "Benefits register, Merrowdale Hospitals Group", BENEFIT_COLUMNS, benefits),
        Sheet("Profile", "Planned values between start and target", ("Ref", "On", "Planned"), profile),
        Sheet("Outcomes", "Outcomes", ("Ref", "Outcome", "Owner"), outcomes),
        Sheet("Objectives", "Strategic objectives", ("Ref", "Objective", "Weight", "Owner"), objectives),
    )


def _outcomes(world: World) -> Iterator[Row]:
    for outcome in OUTCOMES:
        yield [world.id(outcome.id), outcome.name, outcome.owner]


def _objectives(world: World) -> Iterator[Row]:
    for number, name, weight, owner in OBJECTIVES:
        yield [world.id(f"OBJ-{number}"), name, weight, owner]


def _benefit(world: World, plan: Plan, month: int) -> Row:
    benefit, time = plan.benefit, world.timeline
    goal = benefit.goal
    if month < 0:
        goal = FORMER_TARGETS.get(benefit.id, goal)
    project = PROJECTS_BY_ID[benefit.project_id]
    approved = project.stage not in {"idea", "business_case"}
    verified = benefit.verified is not None and benefit.verified < month
    return [
        world.id(benefit.id),
        benefit.name,
        benefit.kind.capitalize(),
        TYPES[benefit.type],
        benefit.category,
        world.id(benefit.measure) if benefit.measure else None,
        benefit.place or None,
        benefit.share,
        benefit.baseline,
        plan.baseline_on if benefit.baseline is not None else None,
        goal,
        plan.target,
        benefit.do_nothing,
        plan.start,
        plan.end,
        benefit.value,
        benefit.currency,
        benefit.tolerance,
        benefit.counterfactual,
        benefit.control_place,
        time.day(project.start - 1, 6) if approved else None,
        time.day(benefit.verified or 0, 18) if verified else None,
    ]


def _profile(world: World) -> Iterator[Row]:
    for benefit in BENEFITS:
        for month, value in benefit.profile:
            yield [world.id(benefit.id), world.timeline.last(month), value]


def _links(worlds: tuple[World, ...]) -> Iterator[list[str]]:
    """The benefits map: what drives outcomes and benefits, and which objectives benefits serve."""
    for world in worlds:
        for node, drivers in DRIVERS.items():
            for link in drivers:
                source, goal = f"{link.kind}:{world.id(link.source)}", f"{KINDS[node[0]]}:{world.id(node)}"
                yield [source, goal, plain(link.weight), str(link.lag_days) if link.lag_days else ""]
        for benefit in BENEFITS:
            for number in benefit.objectives.split():
                yield [f"benefit:{world.id(benefit.id)}", f"objective:{world.id(f'OBJ-{number}')}", "", ""]


def _owners(world: World) -> Iterator[list[str]]:
    for benefit in BENEFITS:
        priority = "1" if benefit.type == "cashable" or benefit.category == "Quality" else "2"
        yield [world.id(benefit.id), world.owner(benefit) or "", "3" if benefit.type == "qualitative" else priority]


def _catalogue(world: World) -> Iterator[list[str]]:
    for measure in MEASURES:
        yield [
            world.id(measure.id),
            measure.name,
            measure.unit,
            measure.frequency,
            measure.readings if measure.readings != measure.frequency else "",
            measure.aggregation,
            measure.direction,
            "",
            measure.owner,
        ]


def _risks_and_lessons(worlds: tuple[World, ...]) -> tuple[Sheet, ...]:
    risks = (row for world in worlds for row in _risks(world))
    lessons = (row for world in worlds for row in _lessons(world))
    return (
        Sheet("Risks", "Risk register", RISK_COLUMNS, risks),
        Sheet("Lessons", "What we learned", LESSON_COLUMNS, lessons),
    )


def _risks(world: World) -> Iterator[Row]:
    time = world.timeline
    for number, about, ref, text, chance, impact, owner, state, raised, closed in RISKS:
        dates = [time.day(raised, 7), None if closed is None else time.day(closed, 22)]
        yield [world.id(number), about, world.id(ref), text, chance, impact * 1000, owner, state, *dates]


def _lessons(world: World) -> Iterator[Row]:
    for number, project, code, category, title, advice, raised in LESSONS:
        yield [world.id(number), world.id(project), code, category, title, advice, world.timeline.day(raised, 16)]


def _board_papers(worlds: tuple[World, ...]) -> tuple[Sheet, ...]:
    claims = (row for world in worlds for row in _claims(world))
    decisions = (row for world in worlds for row in _decisions(world))
    return (
        Sheet("Claims", "Benefits claimed", CLAIM_COLUMNS, claims),
        Sheet("Decisions", "Decisions on gaps", DECISION_COLUMNS, decisions),
    )


def _claims(world: World) -> Iterator[Row]:
    time = world.timeline
    for name in CLAIMANTS:
        gained = _gained(world, world.plans[name])
        for month in CLAIM_MONTHS:
            first = time.first(month)
            if gained.get(first, 0.0) > 0:
                amount = gained[first] * CLAIMED_SHARE * (world.plans[name].benefit.value or 0.0)
                yield _claim(world, name, month, None, round(amount, 2))
    for name, month, improvement, odd_amount in ODD_CLAIMS:
        yield _claim(world, name, month, improvement, odd_amount)


def _claim(world: World, name: str, month: int, improvement: float | None, amount: float | None) -> Row:
    time = world.timeline
    return [world.id(name), time.first(month), improvement, amount, time.day(month + 1, 12), FINANCE_LEAD]


def _gained(world: World, plan: Plan) -> dict[date, float]:
    """Measured improvement by month, this benefit's own share of it; of finer readings their mean."""
    benefit = plan.benefit
    measure = world.measures[benefit.measure]
    if benefit.goal is None or benefit.baseline is None or plan.start is None:
        return {}
    sign = 1 if benefit.goal > benefit.baseline else -1
    share = 1.0 if benefit.share is None else benefit.share
    moved_by = places(measure, world)[benefit.place]
    values: dict[date, list[float]] = {}
    for period, value in readings(measure, benefit.place, moved_by, world):
        if period.start >= plan.start:
            values.setdefault(period.start.replace(day=1), []).append(value)
    return {month: sign * (mean(found) - benefit.baseline) * share for month, found in values.items()}


def _decisions(world: World) -> Iterator[Row]:
    time = world.timeline
    for number, about, ref, code, decision, reason, by, decided, review in DECISIONS:
        dates = [time.day(decided, 26), time.day(review, 26)]
        yield [world.id(number), about, world.id(ref), code, decision, reason, by, *dates]
