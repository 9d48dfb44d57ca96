"""The only reader of the environment: where data lies and what the organisation's conventions are."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from pathlib import Path
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from pipelines.errors import ConfigError

REPOSITORY = Path(__file__).resolve().parent.parent
REDIS_SCHEMES = frozenset({"redis", "rediss", "unix"})


@dataclass(frozen=True)
class Setting:
    """One environment variable: its name, its default and what it means."""

    name: str
    default: str
    meaning: str


SETTINGS = (
    Setting(
        "FRUITION_HOME", "./data", "everything that is data: landing, archive, lake, warehouse, published, rejected"
    ),
    Setting("FRUITION_FEEDS", "./feeds", "the feed files"),
    Setting("FRUITION_CURRENCY", "GBP", "the reporting currency, three capital letters"),
    Setting("FRUITION_FISCAL_YEAR_START", "1", "the month in which the fiscal year starts, 1 to 12"),
    Setting("FRUITION_TIMEZONE", "UTC", "where a day ends"),
    Setting("FRUITION_REDIS_URL", "", "the Redis whose streams `fruition listen` reads; may hold a password"),
)


@dataclass(frozen=True)
class Settings:
    """The settings of one run; folders are absolute."""

    home: Path
    feeds: Path
    currency: str = "GBP"
    fiscal_year_start: int = 1
    timezone: str = "UTC"
    redis_url: str | None = field(default=None, repr=False)
    contracts: Path = REPOSITORY / "expectations"
    dbt_project: Path = REPOSITORY / "warehouse"

    @classmethod
    def from_environment(cls, environment: Mapping[str, str] | None = None) -> Settings:
        """Read the variables of `SETTINGS`; a value that cannot be meant raises `ConfigError` with its name."""
        given = os.environ if environment is None else environment
        value = {setting.name: given.get(setting.name) or setting.default for setting in SETTINGS}
        return cls(
            home=_home(value["FRUITION_HOME"]),
            feeds=Path(value["FRUITION_FEEDS"]).expanduser().resolve(),
            currency=_currency(value["FRUITION_CURRENCY"]),
            fiscal_year_start=_month(value["FRUITION_FISCAL_YEAR_START"]),
            timezone=_timezone(value["FRUITION_TIMEZONE"]),
            redis_url=_redis_url(value["FRUITION_REDIS_URL"]),
        )

    @property
    def landing(self) -> Path:
        return self.home / "landing"

    @property
    def archive(self) -> Path:
        return self.home / "archive"

    @property
    def lake(self) -> Path:
        return self.home / "lake"

    @property
    def rejected(self) -> Path:
        return self.home / "rejected"

    @property
    def warehouse(self) -> Path:
        return self.home / "warehouse" / "benefits.duckdb"

    @property
    def published(self) -> Path:
        return self.home / "published" / "benefits.duckdb"

    def today(self) -> date:
        """The current business date where the organisation's day ends."""
        return datetime.now(ZoneInfo(self.timezone)).date()


def now() -> datetime:
    """The present moment as a naive UTC timestamp: the one clock of the pipeline, mocked in tests."""
    return datetime.now(UTC).replace(tzinfo=None)


def _home(text: str) -> Path:
    home = Path(text).expanduser().resolve()
    if set("*?['") & set(str(home)) or not str(home).isprintable():
        raise ConfigError(f"FRUITION_HOME is {text!r}: give a path without * ? [ ', which DuckDB reads as patterns.")
    return home


def _currency(text: str) -> str:
    if len(text) != 3 or not text.isalpha() or not text.isupper():
        raise ConfigError(f"FRUITION_CURRENCY is {text!r}: give three capital letters, such as GBP.")
    return text


def _month(text: str) -> int:
    if not text.isdecimal() or not 1 <= int(text) <= 12:
        raise ConfigError(f"FRUITION_FISCAL_YEAR_START is {text!r}: give a month from 1 to 12.")
    return int(text)


def _timezone(text: str) -> str:
    try:
        ZoneInfo(text)
    except (ZoneInfoNotFoundError, ValueError) as error:
        raise ConfigError(f"FRUITION_TIMEZONE is {text!r}: give a zone such as Europe/London.") from error
    return text


def _redis_url(text: str) -> str | None:
    """The URL of a Redis, whose text is never repeated: it may hold a password."""
    if not text:
        return None
    try:
        parts = urlsplit(text)
        known = parts.scheme in REDIS_SCHEMES and (parts.port is None or parts.port > 0)
    except ValueError:
        known = False
    if not known:
        raise ConfigError(
            "FRUITION_REDIS_URL is no URL of a Redis: give redis://[[user]:password@]host:port/database, rediss://… or unix://…."
        )
    return text
