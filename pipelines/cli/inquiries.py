"""What people ask: gaps, explain, deliveries, rejects, optimise."""

from __future__ import annotations

from typing import Annotated

import typer

from pipelines import console
from pipelines.cli.options import FeedName, Format, Json, app
from pipelines.console import explaining, ledger, nights, optimising
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


def role_capacities(texts: list[str]) -> dict[str, float]:
    """People by role, from ROLE=FTE."""
    capacities = {}
    for text in texts:
        role, _, fte = text.rpartition("=")
        try:
            capacities[role] = float(fte)
        except ValueError as error:
            raise typer.BadParameter("give a role and its people, such as 'Integration engineer=7.5'") from error
        if not role:
            raise typer.BadParameter("name the role before the =, such as 'Integration engineer=7.5'")
    return capacities


@app.command()
def optimise(
    budget: Annotated[
        float | None, typer.Option(help="What may be spent, in the reporting currency; no limit by default.")
    ] = None,
    role_capacity: Annotated[
        list[str] | None,
        typer.Option(metavar="ROLE=FTE", help="So many people of a role a month, instead of those known; repeatable."),
    ] = None,
    keep: Annotated[bool, typer.Option("--keep", help="Have every build answer this question from now on.")] = False,
    as_json: Json = False,
) -> None:
    """Which ideas and business cases to fund: the set worth most, other budgets, and what a little more would add."""
    from pipelines.optimise import optimise as solve
    from pipelines.selection import Question

    question = Question(budget, role_capacities(role_capacity or []))
    found = solve(Settings.from_environment(), question, keep)
    if as_json:
        console.print_json(found)
    else:
        optimising.print_optimised(found)
