"""`fruition …`: the stages for people and schedulers. Exit codes: 0 done · 1 with refusals or findings · 2 wrong usage
or configuration · 3 a source was unavailable · 4 internal error.
"""

from __future__ import annotations

import sys
import traceback

from rich.markup import escape

from pipelines import console
from pipelines.cli import inquiries, listening, memory, night, upkeep  # noqa: F401 - each adds its commands to the app
from pipelines.cli.options import app
from pipelines.disk import naming_a_full_disk
from pipelines.errors import FruitionError

__all__ = ["app", "main"]


def main() -> None:
    """Run the command line; every way it can end has its exit code."""
    try:
        with naming_a_full_disk():
            app()
    except FruitionError as error:
        console.error.print(f"[bold red]Error[/] {escape(str(error))}")
        sys.exit(error.exit_code)
    except Exception:  # noqa: BLE001 - the last resort: what nobody foresaw ends with its own code
        traceback.print_exc()
        sys.exit(4)
