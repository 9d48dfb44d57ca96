"""The PMO's tool: its register as a snapshot, milestones and gates, status reports. Semicolons, decimal commas."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, timedelta

from examples.portfolio.files import CsvFile, SourceFile
from examples.portfolio.model import Project
from examples.portfolio.money import Position, positions
from examples.portfolio.organisation import PROGRAMMES
from examples.portfolio.projects import COMMENTS, GATES, OVERDUE_GATES, PROJECTS, WITHDRAWN
from examples.portfolio.sources.writing import german_date, money
from examples.portfolio.world import Delivery, World

PHASES = {
    "idea": "1 Idea",
    "business_case": "2 Business case",
    "delivery": "3 Delivery",
    "closed": "4 Closed",
    "cancelled": "X Stopped",
}
KINDS = {"output": "Product", "enabling_change": "Enabler", "business_change": "Way of working"}
REGISTER_COLUMNS = (
    "Project No", "Title", "Programme", "Class", "Phase", "Sponsor", "Manager", "Idea", "Approved", "Baseline start",
    "Baseline finish", "Started", "Forecast finish", "Finished", "Budget", "Currency",
)  # fmt: skip
MILESTONE_COLUMNS = (
    "Type", "Project No", "Number", "Title", "Kind", "Baseline", "Forecast", "Actual", "Accepted", "Decision", "Owner",
)  # fmt: skip
STATUS_COLUMNS = ("Project No", "Report date", "PV", "EV", "AC", "Forecast finish", "Rating", "Comment")


def files(worlds: tuple[World, ...]) -> Iterator[SourceFile]:
    """The PMO's exports: last month's and this month's."""
    time = worlds[0].timeline
    before, now = time.last(-1), time.last(0)
    yield _register(worlds, before, (*PROJECTS, WITHDRAWN))
    yield _register(worlds, now, PROJECTS)
    full = (row for world in worlds for row in _milestones(world, before, whole=True))
    yield _export("pmo_milestones", f"milestones_{before}.csv", MILESTONE_COLUMNS, full)
    changed = (row for world in worlds for row in _milestones(world, time.as_of, whole=False))
    yield _export("pmo_milestones", f"milestones_{now}.csv", MILESTONE_COLUMNS, changed)
    status = (row for world in worlds for project in PROJECTS for row in _status_rows(world, project))
    yield _export("pmo_status", f"status_reports_{now}.csv", STATUS_COLUMNS, status)


def _export(feed: str, name: str, header: tuple[str, ...], rows: Iterator[list[str]]) -> CsvFile:
    return CsvFile(feed, name, header, rows, delimiter=";", encoding="cp1252", line_end="\r\n")


def _register(worlds: tuple[World, ...], as_at: date, projects: tuple[Project, ...]) -> CsvFile:
    rows = (_register_row(world, project) for world in worlds for project in projects)
    return _export("pmo_projects", f"project_register_{as_at}.csv", REGISTER_COLUMNS, rows)


def _register_row(world: World, project: Project) -> list[str]:
    time, programme = world.timeline, PROGRAMMES[project.programme]
    approved = project.stage not in {"idea", "business_case"}
    ended = project.stage in {"closed", "cancelled"}
    return [
        world.id(project.id),
        project.name,
        programme.name,
        project.kind,
        PHASES[project.stage],
        programme.sponsor,
        world.manager(project),
        german_date(time.day(min(project.start - 8, -1), 12)),
        german_date(time.day(project.start - 2, 20) if approved else None),
        german_date(time.first(project.start)),
        german_date(time.last(project.finish)),
        german_date(time.day(project.start, 4) if approved else None),
        german_date(None if ended else time.last(project.ends)),
        german_date(time.day(project.ends, 24) if project.stage == "closed" else None),
        money(project.budget * 1000, ","),
        project.currency,
    ]


def _milestones(world: World, known: date, *, whole: bool) -> Iterator[list[str]]:
    """All milestones as they stood last month, or those of which something has become known since."""
    for delivery in world.deliveries.values():
        moved = delivery.forecast != delivery.was_forecast
        if whole or moved or (delivery.delivered and delivery.delivered > world.timeline.last(-1)):
            yield _milestone_row(world, delivery, known, delivery.was_forecast if whole else delivery.forecast)
    if whole:
        for project in PROJECTS:
            yield from _gate_rows(world, project)


def _milestone_row(world: World, delivery: Delivery, known: date, forecast: date | None) -> list[str]:
    output, delivered = delivery.output, delivery.delivered
    seen = delivered if delivered and delivered <= known else None
    accepted = seen + timedelta(days=9) if seen and seen + timedelta(days=9) <= known else None
    return [
        "M",
        world.id(output.project_id),
        world.id(output.id),
        output.name,
        KINDS[output.kind],
        german_date(delivery.baseline),
        german_date(forecast),
        german_date(seen),
        german_date(accepted),
        "",
        "",
    ]


def _gate_rows(world: World, project: Project) -> Iterator[list[str]]:
    for (gate, title), (planned, actual, decision) in zip(GATES, _gates(world, project), strict=True):
        if planned is not None:
            dates = ["", german_date(planned), "", german_date(actual), "", decision, ""]
            yield ["G", world.id(project.id), gate, title, *dates]


def _gates(world: World, project: Project) -> list[tuple[date | None, date | None, str]]:
    """Planned day, actual day and decision of the five gates."""
    passed = {"idea": 1, "business_case": 1, "delivery": 3, "closed": 5, "cancelled": 3}[project.stage]
    months = (project.start - 6, project.start - 2, project.start + 1, project.finish - 1, project.finish + 2)
    overdue_gate, overdue_month = OVERDUE_GATES.get(project.id, ("", 0))
    gates: list[tuple[date | None, date | None, str]] = []
    for number, month in enumerate(months, 1):
        if number <= passed and month <= 0:
            planned = world.timeline.day(month, 15)
            decision = "conditional" if project.id.endswith("3") and number == 3 else "pass"
            gates.append((planned, planned + timedelta(days=number), decision))
        elif f"G{number}" == overdue_gate:
            gates.append((world.timeline.day(overdue_month, 15), None, ""))
        elif project.stage == "cancelled":
            stopped = world.timeline.day(project.ends, 10)
            gates.append((stopped, stopped, "stop") if number == 4 else (None, None, ""))
        else:
            gates.append((world.timeline.day(max(number - 1, month, 2), 15), None, ""))
    return gates


def _status_rows(world: World, project: Project) -> Iterator[list[str]]:
    reported = positions(project, world)
    for position in reported:
        is_last = position is reported[-1]
        yield [
            world.id(project.id),
            german_date(world.timeline.last(position.month)),
            money(position.planned, ","),
            money(position.earned, ","),
            money(position.spent, ","),
            german_date(world.timeline.last(project.ends if is_last else project.finish)),
            _rating(position),
            COMMENTS.get(project.id, "") if is_last else "",
        ]


def _rating(position: Position) -> str:
    worst = min(position.earned / position.planned, position.earned / max(position.spent, 1.0))
    for bound, rating in ((0.97, "G"), (0.94, "AG"), (0.90, "A"), (0.85, "AR")):
        if worst >= bound:
            return rating
    return "R"
