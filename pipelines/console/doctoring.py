"""What the doctor found, on the screen."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rich.markup import escape
from rich.padding import Padding
from rich.table import Table

from pipelines.console import coloured, out

if TYPE_CHECKING:
    from pipelines.doctor import Diagnosis

STATES = {"ok": "green", "warning": "yellow", "fault": "bold red"}


def print_diagnosis(found: Diagnosis) -> None:
    """Every check; beneath one that is not well, what to do."""
    grid = Table.grid(padding=(0, 2, 0, 0))
    grid.add_column(no_wrap=True)
    grid.add_column(max_width=28, overflow="fold")
    grid.add_column(overflow="fold")
    for check in found.checks:
        grid.add_row(coloured(check.state, STATES), escape(check.name), escape(check.seen))
        if check.todo:
            grid.add_row("", "", Padding(f"[bold]To do:[/] {escape(check.todo)}", (0, 0, 0, 2)))
    out.print(grid)
    out.print(f"\n{_summary(found)}")


def _summary(found: Diagnosis) -> str:
    faults, warnings = found.count("fault"), found.count("warning")
    if not faults and not warnings:
        return "[green]All is well.[/]"
    counts = [(faults, "fault", "bold red"), (warnings, "warning", "yellow")]
    parts = [f"[{colour}]{count} {noun}{'' if count == 1 else 's'}[/]" for count, noun, colour in counts if count]
    return f"{' and '.join(parts)} in {len(found.checks)} checks."
