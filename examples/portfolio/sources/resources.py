"""Human resources: who is planned and booked on what, and how many posts there are. One file, two kinds of rows."""

from __future__ import annotations

from collections.abc import Iterator

from examples.portfolio.files import CsvFile, SourceFile
from examples.portfolio.model import Project
from examples.portfolio.organisation import ROLES
from examples.portfolio.projects import PROJECTS
from examples.portfolio.sources.writing import iso_date, plain
from examples.portfolio.world import World

COLUMNS = ("kind", "project", "role", "month", "planned_fte", "booked_fte", "posts")
FIRST_MONTH, LAST_MONTH = -12, 12
TEAMS = {
    "digital": ("Project manager", "Business analyst", "Integration engineer", "Clinical safety officer", "Trainer"),
    "service": ("Project manager", "Change manager", "Clinical lead", "Data analyst"),
    "building": ("Project manager", "Estates engineer", "Procurement manager"),
    "equipment": ("Project manager", "Clinical lead", "Procurement manager"),
}
POSTS_OF_SIZE = ((500, 0.3), (2000, 0.5), (8000, 0.8), (1_000_000, 1.2))
GO_LIVE_PEAK = ("P-202", "Integration engineer", 3, 5, 1.8)
"""Both sites of the patient record go live while the portal and the imaging network need the same engineers."""


def files(worlds: tuple[World, ...]) -> Iterator[SourceFile]:
    """Allocations and posts, a month a row."""
    rows = (row for world in worlds for row in _rows(world))
    yield CsvFile("hr_resources", f"resources_{worlds[0].timeline.last(0)}.csv", COLUMNS, rows)


def _rows(world: World) -> Iterator[list[str]]:
    for project in PROJECTS:
        if project.stage in {"delivery", "closed", "business_case"}:
            yield from _allocations(world, project)
    for role, posts in ROLES:
        for month in range(FIRST_MONTH, LAST_MONTH + 1):
            yield ["capacity", "", world.id(role), iso_date(world.timeline.first(month)), "", "", plain(posts)]


def _allocations(world: World, project: Project) -> Iterator[list[str]]:
    posts = next(posts for size, posts in POSTS_OF_SIZE if project.budget <= size)
    chance = world.chance("team", project.id)
    for role in TEAMS[project.kind]:
        for month in range(max(project.start, FIRST_MONTH), min(project.ends, LAST_MONTH) + 1):
            planned = posts + _peak(project, role, month)
            booked = plain(round(planned * chance.uniform(0.85, 1.1), 2)) if month <= 0 else ""
            first = iso_date(world.timeline.first(month))
            yield ["allocation", world.id(project.id), world.id(role), first, plain(planned), booked, ""]


def _peak(project: Project, role: str, month: int) -> float:
    where, who, begins, ends, more = GO_LIVE_PEAK
    return more if (project.id, role) == (where, who) and begins <= month <= ends else 0.0
