"""What the commands share: options, how dates are read, which feeds are meant."""

from __future__ import annotations

from datetime import UTC, date, datetime
from enum import StrEnum
from typing import Annotated

import typer

from pipelines.errors import ConfigError
from pipelines.feeds import Feed, load_feed, readable_feeds
from pipelines.settings import Settings

app = typer.Typer(
    help="What did our projects bring? From the landing folder to realisation gaps.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)


def day(text: str) -> date:
    """A date as people write it on the command line."""
    try:
        return date.fromisoformat(text)
    except ValueError as error:
        raise typer.BadParameter("give a date as YYYY-MM-DD") from error


def moment_of(text: str) -> datetime:
    """A moment as naive UTC; a time with an offset is converted."""
    try:
        moment = datetime.fromisoformat(text)
    except ValueError as error:
        raise typer.BadParameter("give a date or time as YYYY-MM-DD or YYYY-MM-DDTHH:MM:SS, in UTC") from error
    return moment.astimezone(UTC).replace(tzinfo=None) if moment.tzinfo else moment


Json = Annotated[bool, typer.Option("--json", help="Print JSON instead of tables.")]
AsOf = Annotated[
    date | None,
    typer.Option(parser=day, metavar="YYYY-MM-DD", help="The business date reported on; today by default."),
]
KnownAt = Annotated[
    datetime | None, typer.Option(parser=moment_of, metavar="TIME", help="Only what was known by then (UTC).")
]
FeedName = Annotated[str | None, typer.Argument(metavar="[FEED]", help="One feed; all of them by default.")]


class Format(StrEnum):
    """How rows are printed."""

    table = "table"
    json = "json"
    csv = "csv"


def chosen_feeds(settings: Settings, name: str | None) -> tuple[dict[str, Feed], list[str]]:
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
