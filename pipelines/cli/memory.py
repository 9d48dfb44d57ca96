"""What the lake remembers: audit."""

from __future__ import annotations

import typer

from pipelines import console
from pipelines.cli.options import Json, app
from pipelines.console import ledger
from pipelines.settings import Settings


@app.command()
def audit(as_json: Json = False) -> None:
    """Conservation: every archived delivery is accounted for, row for row. Exit code 1 where it is not."""
    from pipelines.audit import audit as account

    result = account(Settings.from_environment())
    if as_json:
        console.print_json(result)
    else:
        ledger.print_audit(result)
    raise typer.Exit(1 if result.findings else 0)
