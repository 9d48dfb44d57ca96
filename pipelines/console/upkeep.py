"""What tidying up did, on the screen."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rich.markup import escape

from pipelines.console import out

if TYPE_CHECKING:
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
