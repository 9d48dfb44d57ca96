"""The way in for messages: listen."""

from __future__ import annotations

import json
import signal
from collections.abc import Callable
from typing import Annotated

import typer

from pipelines import console
from pipelines.cli.options import app, chosen_feeds
from pipelines.errors import ConfigError
from pipelines.feeds import Feed, MessageSource, readable_feeds
from pipelines.settings import Settings, now


@app.command()
def listen(
    names: Annotated[
        list[str] | None, typer.Argument(metavar="[FEED…]", help="Feeds of kind message; all of them by default.")
    ] = None,
    once: Annotated[bool, typer.Option("--once", help="Take what is there, and end.")] = False,
    check: Annotated[
        bool, typer.Option("--check", help="Only say whether Redis answers and this host's consumer is alive.")
    ] = False,
) -> None:
    """Take messages of Redis streams, each a delivery, into the landing folder; a line of JSON for each on the output.

    Ends by SIGTERM or Ctrl-C after the message in hand. Exit code 1 where --once met messages that it rejected, 3 where
    Redis did not come up within a minute or, with --once, a landing folder cannot be written.
    """
    from pipelines import listen as listening

    settings = Settings.from_environment()
    if check:
        console.out.print(listening.check(settings))
        return
    stopping = listening.Stopping()

    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda number, frame: stopping.set())
    done = listening.listen(settings, _feeds(settings, names or []), once, tell, stopping)
    tell("ended", delivered=done.delivered, repeated=done.repeated, rejected=done.rejected)
    raise typer.Exit(done.exit_code if once else 0)


def tell(event: str, **facts: object) -> None:
    """One line of JSON about what happened."""
    line = {"at": f"{now():%Y-%m-%dT%H:%M:%S.%fZ}", "event": event, **facts}
    print(json.dumps(line, ensure_ascii=False), flush=True)


def _feeds(settings: Settings, names: list[str]) -> Callable[[], dict[str, Feed]]:
    """What reads the feeds anew each time it is asked: those that were named, or all that can be read.

    Raises `ConfigError` at once where one that was named is no feed that takes messages.
    """
    told: set[str] = set()

    def all_readable() -> dict[str, Feed]:
        feeds, faults = readable_feeds(settings.feeds)
        for fault in set(faults) - told:
            tell("feed_broken", reason=fault)
        told.update(faults)
        return feeds

    def named() -> dict[str, Feed]:
        return {name: chosen_feeds(settings, name)[0][name] for name in names}

    if not names:
        return all_readable
    for feed in named().values():
        if not isinstance(feed.source, MessageSource):
            raise ConfigError(
                f"{feed.name}.yml: source.kind: takes no messages; say message, or leave it to the sweep."
            )
    return named
