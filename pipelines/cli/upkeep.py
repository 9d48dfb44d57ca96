"""Setting up and keeping up: doctor, example, tidy, erase."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated

import typer

from pipelines import console
from pipelines.cli.options import AsOf, Json, app
from pipelines.console import doctoring
from pipelines.errors import ConfigError
from pipelines.settings import Settings


@app.command()
def doctor(as_json: Json = False) -> None:
    """Look at everything: settings, versions, feeds, lake, warehouse, disk; say what is wrong and what to do.

    Exit code 0 where nothing is at fault (warnings do not count), 1 where something is, 2 where configuration is.
    """
    from pipelines.doctor import diagnose

    with console.progress() as tell:
        found = diagnose(tell=tell)
    if as_json:
        console.print_json(found)
    else:
        doctoring.print_diagnosis(found)
    raise typer.Exit(found.exit_code)


@app.command()
def example(
    size: Annotated[int, typer.Option(min=1, help="How many times the portfolio, for trying out larger ones.")] = 1,
    into: Annotated[
        Path | None, typer.Option(help="A folder that gets feeds/ and landing/, instead of the settings' own.")
    ] = None,
    as_of: AsOf = None,
) -> None:
    """Write the example portfolio: its feeds, and their files into the landing folder."""
    from examples.portfolio.writing import DECLARATIONS, write_example

    settings = Settings.from_environment()
    if into is None and any((settings.archive / path.stem).exists() for path in DECLARATIONS.glob("*.yml")):
        console.out.print("The example portfolio was delivered before; what is there stays as it is.")
        return
    feeds, landing = (into / "feeds", into / "landing") if into else (settings.feeds, settings.landing)
    written = write_example(landing=landing, feeds=feeds, size=size, as_of=as_of or settings.today())
    console.out.print(f"Wrote {len(written.files)} files of the example portfolio to {landing}, its feeds to {feeds}.")


@app.command()
def tidy(
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only say what would be done.")] = False,
    as_json: Json = False,
) -> None:
    """Put small batches together, remove what nothing references, and archived files past their feed's retention."""
    from pipelines.console.upkeep import print_tidied
    from pipelines.tidy import tidy as make_room

    with console.progress() as tell:
        done = make_room(Settings.from_environment(), dry_run, tell)
    if as_json:
        console.print_json(done)
    else:
        print_tidied(done, dry_run)


@app.command()
def erase(
    names: Annotated[
        list[str], typer.Argument(metavar="NAME…", help="A person's name in each spelling; - reads them, a line each.")
    ],
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only say what would be done.")] = False,
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask.")] = False,
    as_json: Json = False,
) -> None:
    """Remove a person's name from archive, lake, warehouse and what is published; it cannot be undone.

    A placeholder takes its place. A workbook that holds the name goes as a whole from the archive; its rows stay.
    """
    from pipelines.console.upkeep import print_erased
    from pipelines.erase import erase as remove_name

    can_ask = sys.stdin.isatty() and names != ["-"]
    if not (dry_run or yes or can_ask):
        raise ConfigError("erase cannot be undone: say --yes, or --dry-run to see what it would do.")
    if names == ["-"]:
        names = [line.strip() for line in sys.stdin if line.strip()]
    if not (dry_run or yes):
        typer.confirm("The name goes everywhere, for good. Go on?", abort=True)
    with console.progress() as tell:
        done = remove_name(Settings.from_environment(), names, dry_run, tell)
    if as_json:
        console.print_json(done)
    else:
        print_erased(done, dry_run)
