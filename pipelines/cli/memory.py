"""What the lake remembers: replay, rebuild, audit."""

from __future__ import annotations

import os
import pwd
from pathlib import Path
from typing import Annotated

import typer

from pipelines import console
from pipelines.cli.options import AsOf, Json, KnownAt, app
from pipelines.console import ledger, memory
from pipelines.errors import ConfigError
from pipelines.settings import Settings


@app.command()
def replay(
    batches: Annotated[
        list[str], typer.Argument(metavar="BATCH…", help="Batches as `fruition deliveries` lists them.")
    ],
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only show what would change.")] = False,
    override_tolerance: Annotated[
        bool,
        typer.Option("--override-tolerance", help="Do not ask, this once, how many rows are rejected; needs --reason."),
    ] = False,
    reason: Annotated[str | None, typer.Option(help="Why the tolerance is overridden; kept with the delivery.")] = None,
    as_json: Json = False,
) -> None:
    """Read archived bytes anew, as the mended feed or contract says; exit code 1 where some are refused (again)."""
    from pipelines.replay import overriding
    from pipelines.replay import replay as read_anew

    if reason is not None and not override_tolerance:
        raise ConfigError("--reason says why a tolerance is overridden: give --override-tolerance with it.")
    override = overriding(reason or "", _user()) if override_tolerance else None
    with console.progress() as tell:
        results = read_anew(Settings.from_environment(), batches, dry_run, tell, override)
    if as_json:
        console.print_json(results)
    else:
        memory.print_replays(results, dry_run)
    raise typer.Exit(1 if any(result.status == "refused" for result in results) else 0)


def _user() -> str:
    """Whom the operating system knows the caller as: the name, or where it has none, the number."""
    try:
        return pwd.getpwuid(os.getuid()).pw_name
    except KeyError:
        return f"uid {os.getuid()}"


@app.command()
def rebuild(
    as_of: AsOf = None,
    known_at: KnownAt = None,
    into: Annotated[Path | None, typer.Option(help="Another DuckDB file; nothing is published then.")] = None,
    recompute: Annotated[
        bool, typer.Option("--recompute", help="Also report what today's rules would have said of each recorded build.")
    ] = False,
    as_json: Json = False,
) -> None:
    """Make the warehouse from the lake alone, gap history and events included: the last recorded build again."""
    from pipelines.rebuild import rebuild as make_anew
    from pipelines.serve import serve

    settings = Settings.from_environment()
    with console.progress() as tell:
        result = make_anew(settings, as_of, known_at, into, recompute, tell)
    if as_json:
        console.print_json(result)
    else:
        memory.print_rebuilt(result)
    if result.published:
        serve(settings)


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
