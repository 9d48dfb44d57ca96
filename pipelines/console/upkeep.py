"""What tidying up and erasing did, on the screen."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rich.markup import escape

from pipelines.console import out

if TYPE_CHECKING:
    from pipelines.erase import Erased
    from pipelines.tidy import Tidied


def print_tidied(done: Tidied, dry_run: bool) -> None:
    """What was put together and what was removed, or would be."""
    for entry in done.merged:
        out.print(f"{entry.feed}: {entry.files} files of {entry.contract} ({entry.size_bytes:,} bytes) into one")
    for removed in done.expired + done.removed:
        out.print(f"removed {escape(removed.path)} ({removed.size_bytes:,} bytes): {escape(removed.why)}")
    if dry_run:
        out.print("This was a dry run: nothing was done.")
    elif not done.merged and not done.freed_bytes:
        out.print("There was nothing to tidy.")


def print_erased(done: Erased, dry_run: bool) -> None:
    """What holds the name no longer, or would not; never the name."""
    for path in done.waiting:
        out.print(
            f"[yellow]Waiting[/] {escape(path)} holds the name, and is left alone: take it in or remove it first."
        )
    if done.placeholder is None:
        out.print("Nothing that is kept holds the name.")
        return
    for path in done.mended:
        out.print(f"mended  {escape(path)}")
    for path in done.removed:
        out.print(f"removed {escape(path)}: it is no plain text; its rows are in the lake")
    out.print(f"{done.rows:,} rows say {done.placeholder} in the name's place.")
    if dry_run:
        out.print("This was a dry run: nothing was done.")
    else:
        out.print(
            "Warehouse and published files, if any, were made anew. Copies elsewhere (backups, --into files, logs) are yours."
        )
