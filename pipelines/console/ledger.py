"""Deliveries, rejected rows and the audit on the screen."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

from rich.markup import escape

from pipelines.console import STATUS_COLOURS, Row, coloured, out, table

if TYPE_CHECKING:
    from pipelines.audit import Audit
    from pipelines.inquiries import Delivery

WIDE = 130  # columns; a narrower screen is shown less of each delivery, and --json all
STANDING_WORDS = {
    "stands": "stand",
    "refused": "stand refused",
    "replaced": "replaced by a replay",
    "without_effect": "without effect",
}


def print_deliveries(found: list[Delivery]) -> None:
    """What came and how it ended, the newest last; beneath, what still stands refused and what to do about it."""
    if not found:
        out.print("No such delivery.")
        return
    wide = out.width >= WIDE
    batches = {one.manifest.delivery_id: one.manifest.batch_id for one in found}
    counts = ("counted", "accepted", "rejected", "filtered") if wide else ("accepted",)
    names = (
        "received",
        "feed",
        "~file",
        "status",
        *(f">{name}" for name in counts),
        *(("batch",) if wide else ()),
        "~note",
    )
    shown = table(None, *names)
    for one in found:
        manifest = one.manifest
        shown.add_row(
            f"{manifest.received_at:{'%Y-%m-%d %H:%M:%S' if wide else '%Y-%m-%d'}}",
            manifest.feed,
            escape(manifest.name),
            coloured(manifest.status, STATUS_COLOURS),
            *(f"{getattr(manifest, name):,}" for name in counts),
            *((manifest.batch_id,) if wide else ()),
            escape(_note(one, batches if wide else None)),
        )
    out.print(shown)
    refused = [one.manifest for one in found if one.standing == "refused"]
    for manifest in refused:
        out.print(
            f"[bold red]Stands refused[/] {manifest.feed}/{escape(manifest.name)} (batch {manifest.batch_id}): "
            f"[bold]{manifest.rule}[/]: {escape(manifest.message or '')}"
        )
        out.print(f"        Next step: {escape(manifest.next_step or '')}")
    totals = Counter(STANDING_WORDS[one.standing] for one in found)
    out.print(f"[bold]{len(found):,} listed[/]: {', '.join(f'{count:,} {word}' for word, count in totals.items())}.")


def _note(one: Delivery, batches: dict[str, str] | None) -> str:
    """What is to be known of an attempt, in few words: where there is room, with the batches of the other attempts."""
    parts = [f"attempt {one.attempt}"] if one.attempt > 1 else []
    for word, other in (("replaces", one.replaces), ("replaced by", one.replaced_by)):
        if other and batches is not None:
            parts.append(f"{word} {batches.get(other, other)}")
    if batches is None and one.standing == "replaced":
        parts.append("replaced")
    if batches is None and one.manifest.rejected:
        parts.append(f"{one.manifest.rejected:,} rejected")
    if one.manifest.override_reason:
        parts.append(f"tolerance overridden by {one.manifest.override_by}: {one.manifest.override_reason}")
    told = one.manifest.rule or one.manifest.message
    return ", ".join([*parts, *([told] if told else [])])


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
