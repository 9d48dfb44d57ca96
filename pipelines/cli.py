"""`fruition …`: the stages for people and schedulers. Exit codes: 0 done · 1 with refusals or findings · 2 wrong usage
or configuration · 3 a source was unavailable · 4 internal error.
"""

from __future__ import annotations

import sys
import traceback
from datetime import UTC, date, datetime
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer
from rich.markup import escape

from pipelines import console
from pipelines.errors import ConfigError, FruitionError
from pipelines.feeds import Feed, load_feed, readable_feeds
from pipelines.settings import Settings

app = typer.Typer(
    help="What did our projects bring? From the landing folder to realisation gaps.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)


def _day(text: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError as error:
        raise typer.BadParameter("give a date as YYYY-MM-DD") from error


def _moment(text: str) -> datetime:
    try:
        moment = datetime.fromisoformat(text)
    except ValueError as error:
        raise typer.BadParameter("give a date or time as YYYY-MM-DD or YYYY-MM-DDTHH:MM:SS, in UTC") from error
    return moment.astimezone(UTC).replace(tzinfo=None) if moment.tzinfo else moment


Json = Annotated[bool, typer.Option("--json", help="Print JSON instead of tables.")]
AsOf = Annotated[
    date | None,
    typer.Option(parser=_day, metavar="YYYY-MM-DD", help="The business date reported on; today by default."),
]
FeedName = Annotated[str | None, typer.Argument(metavar="[FEED]", help="One feed; all of them by default.")]


class Format(StrEnum):
    """How rows are printed."""

    table = "table"
    json = "json"
    csv = "csv"


@app.command()
def run(as_of: AsOf = None, as_json: Json = False) -> None:
    """The whole night: sweep every feed, load, transform, publish; then what came, what was refused, the open gaps."""
    settings = Settings.from_environment()
    feeds, faults = _feeds(settings, None)
    from pipelines.inquiries import GapFilter, open_gaps
    from pipelines.night import run_night

    with console.progress() as tell:
        night = run_night(settings, feeds, as_of, tell)
    night.sweep.failures += [ConfigError(fault) for fault in faults]
    gaps = open_gaps(settings, GapFilter()) if settings.published.exists() else []
    if as_json:
        console.print_json({"night": night, "gaps": gaps})
    else:
        console.print_night(night, gaps, settings.currency)
    raise typer.Exit(night.sweep.exit_code)


@app.command()
def ingest(
    feed: FeedName = None,
    files: Annotated[
        list[Path] | None, typer.Argument(help="Files to take in, instead of what lies in the landing folder.")
    ] = None,
    as_json: Json = False,
) -> None:
    """Take in what has arrived for one feed or all, or the given files: into the archive and the lake."""
    settings = Settings.from_environment()
    feeds, faults = _feeds(settings, feed)
    from pipelines.night import sweep

    with console.progress() as tell:
        swept = sweep(settings, feeds, tuple(files or ()), tell)
    swept.failures += [ConfigError(fault) for fault in faults]
    if as_json:
        console.print_json(swept)
    else:
        console.print_sweep(swept)
    raise typer.Exit(swept.exit_code)


@app.command()
def build(
    as_of: AsOf = None,
    known_at: Annotated[
        datetime | None, typer.Option(parser=_moment, metavar="TIME", help="Only what had been received by then (UTC).")
    ] = None,
    into: Annotated[
        Path | None, typer.Option(help="A DuckDB file for a build that looks back; nothing is published.")
    ] = None,
    full: Annotated[bool, typer.Option("--full", help="Build everything anew, incremental tables too.")] = False,
    as_json: Json = False,
) -> None:
    """Load what the lake has and build the warehouse."""
    from pipelines.transform import build as transform
    from pipelines.warehouse import load

    settings = Settings.from_environment()
    with console.progress() as tell:
        loaded = load(settings, lambda name: tell(f"load {name}"))
        built = transform(settings, as_of, known_at, into, full, lambda name: tell(f"build {name}"))
    if as_json:
        console.print_json({"loaded": loaded, "built": built})
    else:
        console.out.print(f"Loaded {loaded.deliveries} deliveries, {loaded.rows:,} rows.")
        console.out.print(
            f"Built {built.nodes} models and tests as of {built.as_of} in {built.seconds:.1f} s: {built.file}"
        )


@app.command()
def publish(as_json: Json = False) -> None:
    """Record the last build and publish it, read-only, in one step."""
    from pipelines.publish import publish as publish_marts

    published = publish_marts(Settings.from_environment())
    if as_json:
        console.print_json(published)
    else:
        console.out.print(f"Published build {published.seq} as of {published.as_of}: {published.file}")


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
        console.print_gaps(found, settings.currency)


@app.command()
def deliveries(feed: FeedName = None, as_json: Json = False) -> None:
    """What came and how it ended."""
    from pipelines.inquiries import deliveries as delivered

    found = delivered(Settings.from_environment(), feed)
    if as_json:
        console.print_json(found)
    else:
        console.print_deliveries(found)


@app.command()
def rejects(
    feed: FeedName = None,
    format: Annotated[Format, typer.Option(help="table, json or csv.")] = Format.table,
    as_json: Json = False,
) -> None:
    """The rejected rows: line, column, rule, and the source's text."""
    from pipelines.inquiries import REJECT_COLUMNS, rejected_rows

    found = rejected_rows(Settings.from_environment(), feed)
    if as_json or format is Format.json:
        console.print_json(found)
    elif format is Format.csv:
        console.print_csv(found, list(REJECT_COLUMNS))
    else:
        console.print_rejects(found)


@app.command()
def audit(as_json: Json = False) -> None:
    """Conservation: every archived delivery is accounted for, row for row. Exit code 1 where it is not."""
    from pipelines.audit import audit as account

    result = account(Settings.from_environment())
    if as_json:
        console.print_json(result)
    else:
        console.print_audit(result)
    raise typer.Exit(1 if result.findings else 0)


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


def _feeds(settings: Settings, name: str | None) -> tuple[dict[str, Feed], list[str]]:
    """The feed asked for, or all that can be read with what is wrong with the others."""
    if name is None:
        feeds, faults = readable_feeds(settings.feeds)
        if not feeds and not faults:
            raise ConfigError(
                f"{settings.feeds} holds no feed: add one, or write the example's with `fruition example`."
            )
        return feeds, faults
    path = settings.feeds / f"{name}.yml"
    if not path.is_file():
        raise ConfigError(f"There is no feed {name}: {settings.feeds.name}/{name}.yml does not exist.")
    return {name: load_feed(path)}, []


def main() -> None:
    """Run the command line; every way it can end has its exit code."""
    try:
        app()
    except FruitionError as error:
        console.error.print(f"[bold red]Error[/] {escape(str(error))}")
        sys.exit(error.exit_code)
    except Exception:  # noqa: BLE001 - the last resort: what nobody foresaw ends with its own code
        traceback.print_exc()
        sys.exit(4)
