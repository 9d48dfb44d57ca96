"""A night on the screen: what came, what was built, the open gaps."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

from rich.markup import escape

from pipelines.console import COLOURS, STATUS_COLOURS, Row, coloured, error, out, table

if TYPE_CHECKING:
    from pipelines.freshness import Freshness
    from pipelines.night import Night, Sweep
    from pipelines.notify import Notified


def print_sweep(swept: Sweep) -> None:
    """What came in, what was refused and why, and what was left alone."""
    if swept.outcomes:
        shown = table("What came", "feed", "file", "status", ">counted", ">accepted", ">rejected", ">filtered")
        for one in swept.outcomes:
            counts = [f"{count:,}" for count in (one.counted, one.accepted, one.rejected, one.filtered)]
            shown.add_row(one.feed, escape(one.name), coloured(one.status, STATUS_COLOURS), *counts)
        out.print(shown)
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


def print_freshness(found: list[Freshness]) -> None:
    """Each feed that has a freshness: what came last, and whether that is too long ago."""
    if not found:
        out.print("No feed has a freshness.")
        return
    shown = table(None, "feed", "last good (UTC)", "due by (UTC)", "~state")
    for one in found:
        last = f"{one.last_good_at:%Y-%m-%d %H:%M}" if one.last_good_at else "never"
        shown.add_row(one.feed, last, f"{one.due_at:%Y-%m-%d %H:%M}", "[bold red]late[/]" if one.is_late else "fresh")
    out.print(shown)


def print_night(night: Night, gaps: list[Row], currency: str) -> None:
    """The whole night for a reader in the morning."""
    print_sweep(night.sweep)
    for late in (one for one in night.freshness if one.is_late):
        last = f"since {late.last_good_at:%Y-%m-%d %H:%M} UTC" if late.last_good_at else "yet"
        out.print(f"[yellow]Silent[/] {late.feed}: nothing good has come {last}.")
    loaded, built = night.loaded, night.built
    if loaded is None or built is None or night.published is None:
        out.print("Nothing was published; what was published before stays.")
        if night.notified:
            print_notified(night.notified)
        return
    out.print(
        f"Loaded {loaded.deliveries} deliveries, {loaded.rows:,} rows. "
        f"Built {built.nodes} models and tests in {built.seconds:.1f} s."
    )
    for warning in built.warnings:
        out.print(f"[yellow]Warning[/] test {warning} found something; see the warehouse's log.")
    print_gaps(gaps, currency, limit=20)
    out.print(f"Published as of {night.published.as_of}: [bold]{escape(str(night.published.file))}[/]")
    if night.notified:
        print_notified(night.notified)


def print_notified(notified: Notified) -> None:
    """What receivers have accepted, what still waits for them, and why."""
    for receiver, count in Counter(one.receiver for one in notified.sent).items():
        out.print(f"Told {receiver}: {count:,} {'events' if receiver == 'webhook' else 'messages'}.")
    for (receiver, why), count in Counter((one.receiver, one.why) for one in notified.waiting).items():
        since = min(one.since for one in notified.waiting if (one.receiver, one.why) == (receiver, why))
        told = f"{count:,} since {since:%Y-%m-%d %H:%M} UTC for {receiver}: {escape(why)}."
        error.print(f"[yellow]Waiting[/] {told}", highlight=False)
    if not notified.sent and not notified.waiting:
        known = ", ".join(notified.receivers)
        out.print(f"Nothing to tell {known}." if known else "Nobody is told of gap events: no receiver is set.")


def print_gaps(gaps: list[Row], currency: str, limit: int | None = None) -> None:
    """The open gaps as a table, gravest first."""
    if not gaps:
        out.print("No open gaps.")
        return
    first = gaps[:limit]
    shown = table(None, "severity", "gap", f">at stake ({currency})", "~what", "~accountable", "id")
    for gap in first:
        amount = gap["amount_at_stake"]
        shown.add_row(
            coloured(gap["severity"], COLOURS),
            gap["gap_code"],
            "" if amount is None else f"{amount:,.0f}",
            escape(gap["message"]),
            escape(gap["accountable"] or ""),
            gap["gap_id"],
        )
    out.print(shown)
    counts = {severity: sum(gap["severity"] == severity for gap in gaps) for severity in COLOURS}
    parts = ", ".join(f"{count} {severity}" for severity, count in counts.items() if count)
    rest = f" Shown: the first {len(first)}; `fruition gaps` lists all." if len(first) < len(gaps) else ""
    out.print(f"[bold]{len(gaps)} open gaps[/]: {parts}.{rest}")
