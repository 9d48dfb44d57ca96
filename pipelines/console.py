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
from typing import TYPE_CHECKING, Any

from rich import box
from rich.console import Console
from rich.markup import escape
from rich.progress import BarColumn, Progress, SpinnerColumn, TextColumn, TimeElapsedColumn
from rich.table import Table

if TYPE_CHECKING:
    from pipelines.audit import Audit
    from pipelines.lake import Manifest
    from pipelines.night import Night, Sweep

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


def print_sweep(swept: Sweep) -> None:
    """What came in, what was refused and why, and what was left alone."""
    if swept.outcomes:
        table = _table("What came", "feed", "file", "status", ">counted", ">accepted", ">rejected", ">filtered")
        for one in swept.outcomes:
            counts = [f"{count:,}" for count in (one.counted, one.accepted, one.rejected, one.filtered)]
            table.add_row(one.feed, escape(one.name), _coloured(one.status, STATUS_COLOURS), *counts)
        out.print(table)
    else:
        out.print("Nothing new had arrived.")
    for one in swept.refused:
        out.print(
            f"[bold red]Refused[/] {one.feed}/{escape(one.name)}: [bold]{one.rule}[/]: {escape(one.message or '')}"
        )
        out.print(f"        Next step: {escape(one.next_step or '')}")
    for one in swept.outcomes:
        if one.warnings:
            found = ", ".join(f"{count:,} × {rule}" for rule, count in one.warnings.items())
            out.print(f"[yellow]Warned[/] {one.feed}/{escape(one.name)}: accepted, but odd: {found}")
    for entry in swept.left:
        out.print(f"[yellow]Left alone[/] {entry.feed}/{escape(entry.name)}: {escape(entry.reason)}.")
    for failure in swept.failures:
        error.print(f"[bold red]Failed[/] {escape(str(failure))}")


def print_night(night: Night, gaps: list[Row], currency: str) -> None:
    """The whole night for a reader in the morning."""
    print_sweep(night.sweep)
    loaded, built = night.loaded, night.built
    if loaded is None or built is None or night.published is None:
        out.print("Nothing was published; what was published before stays.")
        return
    out.print(
        f"Loaded {loaded.deliveries} deliveries, {loaded.rows:,} rows. "
        f"Built {built.nodes} models and tests in {built.seconds:.1f} s."
    )
    for warning in built.warnings:
        out.print(f"[yellow]Warning[/] test {warning} found something; see the warehouse's log.")
    print_gaps(gaps, currency, limit=20)
    out.print(f"Published as of {night.published.as_of}: [bold]{escape(str(night.published.file))}[/]")


def print_gaps(gaps: list[Row], currency: str, limit: int | None = None) -> None:
    """The open gaps as a table, gravest first."""
    if not gaps:
        out.print("No open gaps.")
        return
    shown = gaps[:limit]
    table = _table(None, "severity", "gap", f">at stake ({currency})", "~what", "~accountable", "id")
    for gap in shown:
        amount = gap["amount_at_stake"]
        table.add_row(
            _coloured(gap["severity"], COLOURS),
            gap["gap_code"],
            "" if amount is None else f"{amount:,.0f}",
            escape(gap["message"]),
            escape(gap["accountable"] or ""),
            gap["gap_id"],
        )
    out.print(table)
    counts = {severity: sum(gap["severity"] == severity for gap in gaps) for severity in COLOURS}
    parts = ", ".join(f"{count} {severity}" for severity, count in counts.items() if count)
    rest = f" Shown: the first {len(shown)}; `fruition gaps` lists all." if len(shown) < len(gaps) else ""
    out.print(f"[bold]{len(gaps)} open gaps[/]: {parts}.{rest}")


def print_csv(rows: list[Row], columns: list[str]) -> None:
    """Rows as CSV on the output stream; nothing but the header where there are none."""
    writer = csv.DictWriter(sys.stdout, columns, lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)


def print_deliveries(manifests: list[Manifest]) -> None:
    """What came and how it ended."""
    table = _table(
        None, "received", "feed", "file", "status", ">counted", ">accepted", ">rejected", ">filtered", "batch", "~why"
    )
    for one in manifests:
        table.add_row(
            f"{one.received_at:%Y-%m-%d %H:%M:%S}",
            one.feed,
            escape(one.name),
            _coloured(one.status, STATUS_COLOURS),
            *(f"{count:,}" for count in (one.counted, one.accepted, one.rejected, one.filtered)),
            one.batch_id,
            escape(" ".join(part for part in (one.rule and f"{one.rule}:", one.message, one.next_step) if part)),
        )
    out.print(table if manifests else "Nothing was delivered yet.")


def print_rejects(rows: list[Row]) -> None:
    """The rejected rows with their reasons and the source's text."""
    table = _table(None, "feed", "file", ">line", "contract", "column", "rule", "~why", "~source")
    for row in rows:
        table.add_row(
            row["feed"],
            escape(row["file"]),
            str(row["line"]),
            row["contract"],
            row["column"] or "",
            row["rule"],
            escape(row["message"]),
            escape(row["raw"]),
        )
    out.print(table if rows else "No row was rejected.")


def print_audit(result: Audit) -> None:
    """What was accounted for, and what was not."""
    out.print(
        f"{result.deliveries} deliveries, {result.batches} accepted batches: {result.counted:,} records counted = "
        f"{result.accepted:,} accepted + {result.rejected:,} rejected + {result.filtered:,} filtered."
    )
    for finding in result.findings:
        out.print(f"[bold red]Fault[/] {finding.feed} {finding.delivery_id}: {escape(finding.message)}")
    out.print(
        "[green]Everything is accounted for.[/]" if not result.findings else f"[red]{len(result.findings)} findings.[/]"
    )


def _table(title: str | None, *columns: str) -> Table:
    """A table; a name that starts with > is a column of figures, one that starts with ~ holds prose and may wrap."""
    table = Table(title=title, title_justify="left", header_style="bold", box=box.SIMPLE_HEAD)
    for name in columns:
        wraps, figures = name.startswith("~"), name.startswith(">")
        table.add_column(name.lstrip(">~"), justify="right" if figures else "left", overflow="fold", no_wrap=not wraps)
    return table


def _coloured(text: str, colours: dict[str, str]) -> str:
    return f"[{colours.get(text, 'default')}]{text}[/]"
