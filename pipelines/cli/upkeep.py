"""Setting up and keeping up: example."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from pipelines import console
from pipelines.cli.options import AsOf, app
from pipelines.settings import Settings


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
