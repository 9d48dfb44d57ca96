"""The stages of a night: run, ingest, build, publish, notify."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from pipelines import console
from pipelines.cli.options import AsOf, FeedName, Json, KnownAt, app, chosen_feeds
from pipelines.console import nights
from pipelines.errors import ConfigError
from pipelines.settings import Settings


@app.command()
def run(as_of: AsOf = None, as_json: Json = False) -> None:
    """The whole night: sweep every feed, load, transform, publish, notify; then what came, what was refused, the open gaps."""
    settings = Settings.from_environment()
    feeds, faults = chosen_feeds(settings, None)
    from pipelines.inquiries import GapFilter, open_gaps
    from pipelines.night import run_night

    with console.progress() as tell:
        night = run_night(settings, feeds, as_of, tell)
    night.sweep.failures += [ConfigError(fault) for fault in faults]
    gaps = open_gaps(settings, GapFilter()) if settings.published.exists() else []
    if as_json:
        console.print_json({"night": night, "gaps": gaps})
    else:
        nights.print_night(night, gaps, settings.currency)
    raise typer.Exit(night.exit_code)


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
    feeds, faults = chosen_feeds(settings, feed)
    from pipelines.night import sweep, tell_receivers

    with console.progress() as tell:
        swept = sweep(settings, feeds, tuple(files or ()), tell)
        if swept.refused:
            tell_receivers(settings, swept, tell)
    swept.failures += [ConfigError(fault) for fault in faults]
    if as_json:
        console.print_json(swept)
    else:
        nights.print_sweep(swept)
    raise typer.Exit(swept.exit_code)


@app.command()
def build(
    as_of: AsOf = None,
    known_at: KnownAt = None,
    into: Annotated[
        Path | None, typer.Option(help="A DuckDB file for a build that looks back; nothing is published.")
    ] = None,
    full: Annotated[
        bool, typer.Option("--full", help="Make and test everything, not only what may have changed.")
    ] = False,
    as_json: Json = False,
) -> None:
    """Load what the lake has and build the warehouse."""
    from pipelines.transform import build as transform
    from pipelines.warehouse import load

    settings = Settings.from_environment()
    with console.progress() as tell:
        loaded = load(settings, lambda name: tell(f"load {name}"))
        built = transform(settings, as_of, known_at, into, full, lambda name, seconds: tell(f"build {name}"))
    if as_json:
        console.print_json({"loaded": loaded, "built": built})
    else:
        console.out.print(f"Loaded {loaded.deliveries} deliveries, {loaded.rows:,} rows.")
        console.out.print(
            f"Built {built.nodes} models and tests as of {built.as_of} in {built.seconds:.1f} s: {built.file}"
        )


@app.command()
def publish(as_json: Json = False) -> None:
    """Record the last build and publish it, read-only, in one step; then copy it to the serving PostgreSQL, if there is one."""
    from pipelines.publish import publish as publish_marts
    from pipelines.serve import serve

    settings = Settings.from_environment()
    published = publish_marts(settings)
    if as_json:
        console.print_json(published)
    else:
        console.out.print(f"Published build {published.seq} as of {published.as_of}: {published.file}")
    serve(settings)


@app.command()
def notify(as_json: Json = False) -> None:
    """Tell receivers what happened to gaps since they were last told, and try at once what still waits.

    Exit code 3 where a receiver did not accept something.
    """
    from pipelines.notify import notify as notify_receivers

    notified = notify_receivers(Settings.from_environment(), at_once=True)
    if as_json:
        console.print_json(notified)
    else:
        nights.print_notified(notified)
    raise typer.Exit(notified.exit_code)


@app.command()
def freshness(as_json: Json = False) -> None:
    """Whether something good has come from each feed as lately as it should; tells the receivers of messages, once.

    Exit code 1 where a feed is late.
    """
    from pipelines.freshness import check_freshness, tell_of_files_left_alone, tell_of_rejected_messages
    from pipelines.notify import notify as notify_receivers

    settings = Settings.from_environment()
    feeds, _ = chosen_feeds(settings, None)
    tell_of_rejected_messages(settings)
    tell_of_files_left_alone(settings, feeds.values())
    found = check_freshness(settings, feeds.values())
    notified = notify_receivers(settings)
    if as_json:
        console.print_json(found)
    else:
        nights.print_freshness(found)
    raise typer.Exit(max(int(any(one.is_late for one in found)), notified.exit_code))
