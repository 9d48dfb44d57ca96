"""What people ask: gaps, explain, deliveries, rejects."""

from __future__ import annotations

from typing import Annotated

import typer

from pipelines import console
from pipelines.cli.options import FeedName, Format, Json, app
from pipelines.console import explaining, ledger, nights
from pipelines.settings import Settings


@app.command()
def gaps(
    gap_class: Annotated[
        str | None, typer.Option("--class", help="definition, linkage, delivery, measurement, realisation …")
    ] = None,
    severity: Annotated[str | None, typer.Option(help="critical, high, medium or low.")] = None,
    project: Annotated[str | None, typer.Option(help="A project's identifier.")] = None,
    format: Annotated[Format, typer.Option(help="table, json or csv.")] = Format.table,
    as_json: Json = False,
) -> None:
    """The open gaps: gravest and dearest first."""
    from pipelines.inquiries import GapFilter, gap_columns, open_gaps

    settings = Settings.from_environment()
    found = open_gaps(settings, GapFilter(gap_class, severity, project))
    if as_json or format is Format.json:
        console.print_json(found)
    elif format is Format.csv:
        console.print_csv(found, gap_columns(settings))
    else:
        nights.print_gaps(found, settings.currency)


@app.command()
def explain(
    gap_id: Annotated[
        str, typer.Argument(metavar="GAP_ID", help="A gap's id, or how it begins: 4 characters or more.")
    ],
    as_json: Json = False,
) -> None:
    """Why a gap stands: the sentence, the figures, and the chain from outputs to readings, file and line."""
    from pipelines.explain import explain as explained

    settings = Settings.from_environment()
    found = explained(settings, gap_id)
    if as_json:
        console.print_json(found)
    else:
        explaining.print_explanation(found, settings.currency)


@app.command()
def deliveries(
    feed: FeedName = None,
    status: Annotated[str | None, typer.Option(help="accepted, refused or repeat.")] = None,
    standing: Annotated[
        str | None, typer.Option(help="What it counts for now: stands, refused, replaced or without_effect.")
    ] = None,
    as_json: Json = False,
) -> None:
    """What came and how it ended, the newest last; replays with what they replace."""
    from pipelines.inquiries import deliveries as delivered

    found = delivered(Settings.from_environment(), feed, status, standing)
    if as_json:
        console.print_json([one.to_row() for one in found])
    else:
        ledger.print_deliveries(found)


@app.command()
def rejects(
    feed: FeedName = None,
    batch: Annotated[
        str | None, typer.Option(help="A batch of `fruition deliveries`, whichever attempt it was.")
    ] = None,
    every_attempt: Annotated[
        bool, typer.Option("--all", help="Rows of every attempt, also of those that a replay has replaced.")
    ] = False,
    format: Annotated[Format, typer.Option(help="table, json or csv.")] = Format.table,
    as_json: Json = False,
) -> None:
    """The rejected rows: line, column, rule, and the source's text."""
    from pipelines.inquiries import REJECT_COLUMNS, rejected_rows

    found = rejected_rows(Settings.from_environment(), feed, batch, every_attempt)
    if as_json or format is Format.json:
        console.print_json(found)
    elif format is Format.csv:
        console.print_csv(found, list(REJECT_COLUMNS))
    else:
        ledger.print_rejects(found)
