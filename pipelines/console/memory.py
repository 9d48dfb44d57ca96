"""Replays and rebuilt warehouses on the screen."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rich.markup import escape

from pipelines.console import STATUS_COLOURS, coloured, out, table

if TYPE_CHECKING:
    from pipelines.rebuild import Rebuilt
    from pipelines.replay import Changed, Replayed


def print_replays(results: list[Replayed], dry_run: bool) -> None:
    """How each delivery was read before and how it is read today, and what that changes."""
    title = "What a replay would change" if dry_run else "What the replay changed"
    shown = table(title, "feed", "file", "batch", "status", "~what changed")
    for one in results:
        batch = one.batch_before if one.unchanged else f"{one.batch_before} → {one.batch_id}"
        before, after = (coloured(status, STATUS_COLOURS) for status in (one.status_before, one.status))
        shown.add_row(one.feed, escape(one.name), batch, f"{before} → {after}", escape(_what(one)))
    out.print(shown)
    if dry_run:
        out.print("Nothing was done. Without --dry-run it is.")
    elif any(not one.unchanged and one.status == "accepted" for one in results):
        out.print("It is in the lake. Bring it into the warehouse with `fruition run`.")


def _what(one: Replayed) -> str:
    if one.unchanged:
        return "nothing: it is read today as it was"
    if one.status == "refused":
        stands = " The earlier attempt stands." if one.status_before == "accepted" else ""
        return f"{one.rule}: {one.message} {one.next_step}{stands}"
    moved = [] if one.as_at == one.as_at_before else [f"speaks of {one.as_at_before} → {one.as_at}"]
    moved += [] if one.mode == one.mode_before else [f"{one.mode_before} → {one.mode}"]
    return "; ".join([*moved, *(_changed(change) for change in one.changes)])


def _changed(change: Changed) -> str:
    text = (
        f"{change.contract}: rows {change.accepted_before:,} → {change.accepted:,}, "
        f"rejected {change.rejected_before:,} → {change.rejected:,}, "
        f"keys {change.keys_added:,} added, {change.keys_removed:,} removed, {change.keys_changed:,} changed"
    )
    columns = ", ".join(f"{name} {count:,}" for name, count in change.columns.items())
    return f"{text} ({columns})" if columns else text


def print_rebuilt(result: Rebuilt) -> None:
    """What was made anew, and what today's rules would have said otherwise."""
    built = result.built
    out.print(f"Loaded {result.loaded.deliveries} deliveries, {result.loaded.rows:,} rows, from the lake.")
    out.print(f"Built {built.nodes} models and tests as of {built.as_of} in {built.seconds:.1f} s.")
    if result.recomputed:
        out.print(f"Recomputed {result.recomputed} recorded builds: {len(result.differences)} gaps differ.")
    if result.differences:
        shown = table(None, ">build", "as of", "gap", "subject", "then", "today's rules", ">then", ">today")
        for one in result.differences:
            amounts = ["" if amount is None else f"{amount:,.0f}" for amount in (one.amount_then, one.amount_today)]
            subject = f"{one.subject_type or ''} {one.subject_id or ''}"
            then, today = one.then or "not open", one.today or "not open"
            name = one.gap_code or one.gap_id
            shown.add_row(str(one.seq), str(one.as_of), name, escape(subject), then, today, *amounts)
        out.print(shown)
    out.print(f"Published: {result.published}" if result.published else "Nothing was published.")
