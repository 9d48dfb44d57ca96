"""`feeds/*.yml` -> `Feed`: one source, how it is read, and how its columns become a contract's.

Imports nothing heavy: a DAG file reads the feeds each time it is parsed.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import timedelta
from fractions import Fraction
from itertools import pairwise
from pathlib import Path
from typing import Annotated, Any, Literal

from croniter import croniter
from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, ValidationError, field_validator, model_validator

from pipelines.documents import read_yaml
from pipelines.errors import ConfigError

FEED_NAME = re.compile(r"[a-z][a-z0-9_]{0,62}")
DURATION = re.compile(r"(\d+)\s*(m|h|d)")
STREAM_PREFIX = "fruition:"
LEAST_RETENTION = timedelta(days=1)
UNITS = {"m": "minutes", "h": "hours", "d": "days"}


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, populate_by_name=True)


def _duration(value: Any) -> Any:
    match = DURATION.fullmatch(str(value))
    if match is None:
        raise ValueError("give a whole number of minutes, hours or days, such as 90m, 36h or 8d")
    return timedelta(**{UNITS[match[2]]: int(match[1])})


def _share(value: Any) -> Any:
    text = str(value).strip()
    try:
        share = Fraction(text[:-1]) / 100 if text.endswith("%") else Fraction(text)
    except (ValueError, ZeroDivisionError) as error:
        raise ValueError("give a percentage, such as 2%") from error
    if not 0 <= share <= 1:
        raise ValueError("give a percentage from 0% to 100%")
    return share


Duration = Annotated[timedelta, BeforeValidator(_duration)]
Share = Annotated[Fraction, BeforeValidator(_share)]


class LandingSource(_Strict):
    """Files dropped in `landing/<feed>/`; `pattern` is a shell pattern on the file's name."""

    kind: Literal["landing"]
    pattern: str = Field(default="*", min_length=1)


class MessageSource(_Strict):
    """Messages of a Redis stream, a delivery each, which `fruition listen` writes into `landing/<feed>/`."""

    kind: Literal["message"]
    stream: str | None = Field(default=None, min_length=1)
    group: str = Field(default="fruition", min_length=1)
    max_megabytes: int = Field(default=64, ge=1, le=512)

    @property
    def max_bytes(self) -> int:
        return self.max_megabytes << 20


Source = Annotated[LandingSource | MessageSource, Field(discriminator="kind")]


class CsvFormat(_Strict):
    """Delimited text, plain, `.gz` or `.zip`. The dialect is declared, never sniffed."""

    reader: Literal["csv"]
    encoding: str = "utf-8"
    delimiter: str = Field(default=",", min_length=1, max_length=1)
    quote: str = '"'
    decimal: Literal[".", ","] = "."
    skip_lines: int = Field(default=0, ge=0, le=1000)
    final_newline: Literal["optional", "required"] = "optional"

    @field_validator("delimiter")
    @classmethod
    def _one_plain_byte(cls, value: str) -> str:
        if not value.isascii() or value in '\n\r\0"':
            raise ValueError("must be one ASCII character other than a quote or a line ending")
        return value

    @field_validator("quote")
    @classmethod
    def _one_character_or_none(cls, value: str) -> str:
        if value not in {'"', "'", "none"}:
            raise ValueError("must be \", ' or none")
        return value

    @field_validator("encoding")
    @classmethod
    def _known_encoding(cls, value: str) -> str:
        import codecs

        try:
            codecs.lookup(value)
            "".encode(value)
        except LookupError as error:
            raise ValueError("is not an encoding of text that Python knows") from error
        return value

    @model_validator(mode="after")
    def _delimiter_is_no_quote(self) -> CsvFormat:
        if self.delimiter == self.quote:
            raise ValueError("delimiter and quote are the same")
        return self


class ExcelFormat(_Strict):
    """A workbook (`.xlsx`, `.xls`, `.ods`): a table a sheet, its column names in row `header_row`."""

    reader: Literal["excel"]
    header_row: int = Field(default=1, ge=1, le=1000)
    decimal: Literal[".", ","] = "."


Format = Annotated[CsvFormat | ExcelFormat, Field(discriminator="reader")]


class Tolerance(_Strict):
    """How large a share of a delivery's records may be rejected before the whole delivery is refused."""

    rejected_rows: Share = Fraction(5, 100)


class AsAt(_Strict):
    """Where a file's name says which moment it speaks of: a pattern with one group, and that group's date format."""

    pattern: str
    format: str = "%Y-%m-%d"

    @field_validator("pattern")
    @classmethod
    def _one_group(cls, value: str) -> str:
        try:
            groups = re.compile(value).groups
        except re.error as error:
            raise ValueError(f"is not a regular expression: {error}") from error
        if groups != 1:
            raise ValueError("must have exactly one group, around the date")
        return value


class Delivers(_Strict):
    """One contract that the feed delivers: from which table, which rows, and an SQL expression a column."""

    contract: str
    table: str = Field(default="rows", alias="from")
    where: str | None = None
    columns: dict[str, str] = Field(min_length=1)

    @field_validator("columns", mode="before")
    @classmethod
    def _expressions_are_text(cls, value: Any) -> Any:
        return (
            {k: str(v) if isinstance(v, int | float) else v for k, v in value.items()}
            if isinstance(value, dict)
            else value
        )


class Feed(_Strict):
    """One source: trusted configuration, unlike the data that it delivers."""

    name: str
    description: str = ""
    owner: str | None = None
    source: Source
    format: Format
    mode: Literal["delta", "snapshot"] = "delta"
    schedule: str | None = None
    freshness: Duration | None = None
    retention: Duration | None = None
    tolerance: Tolerance = Tolerance()
    as_at: AsAt | None = None
    arrival: Literal["settled", "atomic"] = "settled"
    allow_empty: bool = False
    delivers: tuple[Delivers, ...] = Field(min_length=1)

    @model_validator(mode="before")
    @classmethod
    def _messages_arrive_whole(cls, value: Any) -> Any:
        """What `fruition listen` writes is complete when it is seen: unless the feed says otherwise, nothing has to settle."""
        source = value.get("source") if isinstance(value, dict) else None
        is_message = isinstance(source, dict) and source.get("kind") == "message"
        return {"arrival": "atomic", **value} if is_message else value

    @field_validator("retention")
    @classmethod
    def _long_enough(cls, value: timedelta | None) -> timedelta | None:
        if value is not None and value < LEAST_RETENTION:
            raise ValueError(
                f"give {LEAST_RETENTION.days}d or more: what was read wrongly must still be there to be replayed"
            )
        return value

    @field_validator("schedule")
    @classmethod
    def _five_fields(cls, value: str | None) -> str | None:
        if value is not None and (len(value.split()) != 5 or not croniter.is_valid(value)):
            raise ValueError("give five cron fields, such as 0 2 * * *")
        return value

    @model_validator(mode="after")
    def _a_contract_once(self) -> Feed:
        names = [entry.contract for entry in self.delivers]
        if len(set(names)) != len(names):
            raise ValueError("delivers names a contract twice; use one entry a contract")
        return self


def load_feeds(folder: Path) -> dict[str, Feed]:
    """Every feed of a folder by name; the first fault raises `ConfigError` naming file and key."""
    return {path.stem: load_feed(path) for path in feed_files(folder)}


def readable_feeds(folder: Path) -> tuple[dict[str, Feed], list[str]]:
    """The feeds that can be read, and what is wrong with the others: one broken file stops no other feed."""
    feeds: dict[str, Feed] = {}
    faults: list[str] = []
    for path in feed_files(folder):
        try:
            feeds[path.stem] = load_feed(path)
        except ConfigError as error:
            faults.append(str(error))
    return feeds, faults


def feed_files(folder: Path) -> list[Path]:
    """The feed files of a folder, in name order; an absent folder holds none."""
    return sorted(folder.glob("*.yml"))


def load_feed(path: Path) -> Feed:
    """One feed from its file; `ConfigError` names the file and each key at fault."""
    if not FEED_NAME.fullmatch(path.stem):
        raise ConfigError(f"{path.name}: a feed's file name is lower case letters, digits and underscores.")
    document = read_yaml(path)
    if "name" in document:
        raise ConfigError(f"{path.name}: name: the file's name is the feed's name; remove the key.")
    try:
        return Feed.model_validate({**document, "name": path.stem})
    except ValidationError as error:
        faults = "; ".join(f"{_key(fault['loc'])}: {fault['msg']}" for fault in error.errors())
        raise ConfigError(f"{path.name}: {faults}") from error


def message_feeds(feeds: Mapping[str, Feed]) -> tuple[dict[str, tuple[Feed, MessageSource]], list[str]]:
    """The feeds that take messages, by stream, and the faults of those that would take them from each other."""
    by_stream: dict[str, list[tuple[Feed, MessageSource]]] = {}
    for feed in feeds.values():
        if isinstance(feed.source, MessageSource):
            stream = feed.source.stream or f"{STREAM_PREFIX}{feed.name}"
            by_stream.setdefault(stream, []).append((feed, feed.source))
    faults = [
        f"{feed.name}.yml: source.stream: {first.name}.yml reads {stream} too; give each feed a stream of its own."
        for stream, ((first, _), *others) in by_stream.items()
        for feed, _ in others
    ]
    return {stream: readers[0] for stream, readers in by_stream.items() if len(readers) == 1}, faults


def _key(location: tuple[int | str, ...]) -> str:
    """The key in the feed file; which kind of source or format was looked at is no part of it."""
    kinds = {("source", "landing"), ("source", "message"), ("format", "csv"), ("format", "excel")}
    parts = [part for before, part in pairwise(("", *location)) if (before, part) not in kinds]
    return ".".join(map(str, parts)) or "the document"
