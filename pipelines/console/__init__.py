"""How the command line speaks: tables for people, JSON for programs, progress on the error stream."""

from __future__ import annotations

import csv
import dataclasses
import json
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import date
from decimal import Decimal
from typing import Any

from rich import box
from rich.console import Console
from rich.markup import escape
from rich.progress import BarColumn, Progress, SpinnerColumn, TextColumn, TimeElapsedColumn
from rich.table import Table

Row = dict[str, Any]
WIDTH_ELSEWHERE = 160  # where no terminal tells its width
out = Console(width=None if sys.stdout.isatty() else WIDTH_ELSEWHERE, soft_wrap=False)
error = Console(stderr=True, width=None if sys.stderr.isatty() else WIDTH_ELSEWHERE)
COLOURS = {"critical": "bold red", "high": "red", "medium": "yellow", "low": "cyan"}
STATUS_COLOURS = {"accepted": "green", "refused": "bold red", "repeat": "dim"}


@contextmanager
def progress() -> Iterator[Callable[[str], None]]:
    """A function to tell each step to: a bar on a terminal, plain lines elsewhere."""
    if not error.is_terminal:
        yield lambda text: print(text, file=sys.stderr, flush=True)
        return
    columns = (
        SpinnerColumn(),
        TextColumn("{task.description}"),
        BarColumn(),
        TextColumn("{task.completed:.0f}"),
        TimeElapsedColumn(),
    )
    with Progress(*columns, console=error, transient=True) as bar:
        stages: dict[str, Any] = {}

        def tell(text: str) -> None:
            stage, _, what = text.partition(" ")
            if stage not in stages:
                stages[stage] = bar.add_task(stage, total=None)
            bar.update(stages[stage], advance=1, description=f"{stage:8} {escape(what[:60]):60}")

        yield tell


def print_json(value: object) -> None:
    """One JSON document on the output stream."""
    print(json.dumps(value, indent=1, default=_plain, ensure_ascii=False))


def _plain(value: object) -> object:
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return {field.name: getattr(value, field.name) for field in dataclasses.fields(value)}
    if isinstance(value, date):
        return value.isoformat()
    return float(value) if isinstance(value, Decimal) else str(value)


def print_csv(rows: list[Row], columns: list[str]) -> None:
    """Rows as CSV on the output stream; nothing but the header where there are none."""
    writer = csv.DictWriter(sys.stdout, columns, lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)


def table(title: str | None, *columns: str) -> Table:
    """A table; a name that starts with > is a column of figures, one that starts with ~ holds prose and may wrap."""
    table = Table(title=title, title_justify="left", header_style="bold", box=box.SIMPLE_HEAD)
    for name in columns:
        wraps, figures = name.startswith("~"), name.startswith(">")
        table.add_column(name.lstrip(">~"), justify="right" if figures else "left", overflow="fold", no_wrap=not wraps)
    return table


def coloured(text: str, colours: dict[str, str]) -> str:
    """A word in the colour that is its own."""
    return f"[{colours.get(text, 'default')}]{text}[/]"
