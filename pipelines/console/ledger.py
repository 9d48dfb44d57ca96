"""Deliveries, rejected rows and the audit on the screen."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rich.markup import escape

from pipelines.console import STATUS_COLOURS, Row, coloured, out, table

if TYPE_CHECKING:
    from pipelines.audit import Audit
    from pipelines.lake import Manifest


def print_deliveries(manifests: list[Manifest]) -> None:
    """What came and how it ended."""
    shown = table(
        None, "received", "feed", "file", "status", ">counted", ">accepted", ">rejected", ">filtered", "batch", "~why"
    )
    for one in manifests:
        shown.add_row(
            f"{one.received_at:%Y-%m-%d %H:%M:%S}",
            one.feed,
            escape(one.name),
            coloured(one.status, STATUS_COLOURS),
            *(f"{count:,}" for count in (one.counted, one.accepted, one.rejected, one.filtered)),
            one.batch_id,
            escape(" ".join(part for part in (one.rule and f"{one.rule}:", one.message, one.next_step) if part)),
        )
    out.print(shown if manifests else "Nothing was delivered yet.")


def print_rejects(rows: list[Row]) -> None:
    """The rejected rows with their reasons and the source's text."""
    shown = table(None, "feed", "file", ">line", "contract", "column", "rule", "~why", "~source")
    for row in rows:
        shown.add_row(
            row["feed"],
            escape(row["file"]),
            str(row["line"]),
            row["contract"],
            row["column"] or "",
            row["rule"],
            escape(row["message"]),
            escape(row["raw"]),
        )
    out.print(shown if rows else "No row was rejected.")


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
