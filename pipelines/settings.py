"""The only reader of the environment: where data lies and what the organisation's conventions are."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from pathlib import Path
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from pipelines.errors import ConfigError

BETWEEN_URLS = re.compile(r"[\s,]+(?=[A-Za-z][A-Za-z0-9+.-]*://)|\s+")  # a URL may hold commas of its own
NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._~/:-]{0,199}")
REPOSITORY = Path(__file__).resolve().parent.parent
REDIS_SCHEMES = frozenset({"redis", "rediss", "unix"})


@dataclass(frozen=True)
class Setting:
    """One environment variable: its name, its default, what it means, and the variables it makes no sense without."""

    name: str
    default: str
    meaning: str
    needs: tuple[str, ...] = ()


SETTINGS = (
    Setting(
        "FRUITION_HOME", "./data", "everything that is data: landing, archive, lake, warehouse, published, rejected"
    ),
    Setting("FRUITION_FEEDS", "./feeds", "the feed files"),
    Setting("FRUITION_CURRENCY", "GBP", "the reporting currency, three capital letters"),
    Setting("FRUITION_FISCAL_YEAR_START", "1", "the month in which the fiscal year starts, 1 to 12"),
    Setting("FRUITION_TIMEZONE", "UTC", "where a day ends"),
    Setting(
        "FRUITION_WAREHOUSE_NAME", "fruition", "the `source` of gap events, so that receivers tell warehouses apart"
    ),
    Setting("FRUITION_NOTIFY_URLS", "", "Apprise URLs that messages go to, separated by commas or blanks"),
    Setting(
        "FRUITION_WEBHOOK_URL", "", "where gap events are posted, as signed CloudEvents", ("FRUITION_WEBHOOK_SECRET",)
    ),
    Setting("FRUITION_WEBHOOK_SECRET", "", "what gap events to the webhook are signed with"),
    Setting(
        "FRUITION_SERVE_URL", "", "a PostgreSQL, postgresql://user:password@host/database, that gets the marts too"
    ),
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
    warehouse_name: str = "fruition"
    notify_urls: tuple[str, ...] = field(default=(), repr=False)
    webhook_url: str | None = field(default=None, repr=False)
    webhook_secret: str | None = field(default=None, repr=False)
    serve_url: str | None = field(default=None, repr=False)  # holds a password
    redis_url: str | None = field(default=None, repr=False)
    contracts: Path = REPOSITORY / "expectations"
    dbt_project: Path = REPOSITORY / "warehouse"

    @classmethod
    def from_environment(cls, environment: Mapping[str, str] | None = None) -> Settings:
        """Read the variables of `SETTINGS`; a value that cannot be meant raises `ConfigError` with its name.

        Each may stand in a file instead, named by the variable with `_FILE` after it: so secrets stay out of the environment.
        """
        given = os.environ if environment is None else environment
        value = {setting.name: given_value(given, setting.name) or setting.default for setting in SETTINGS}
        webhook_url, webhook_secret = _webhook(value["FRUITION_WEBHOOK_URL"], value["FRUITION_WEBHOOK_SECRET"])
        return cls(
            home=_home(value["FRUITION_HOME"]),
            feeds=Path(value["FRUITION_FEEDS"]).expanduser().resolve(),
            currency=_currency(value["FRUITION_CURRENCY"]),
            fiscal_year_start=_month(value["FRUITION_FISCAL_YEAR_START"]),
            timezone=_timezone(value["FRUITION_TIMEZONE"]),
            warehouse_name=_warehouse_name(value["FRUITION_WAREHOUSE_NAME"]),
            notify_urls=tuple(
                url for url in BETWEEN_URLS.split(value["FRUITION_NOTIFY_URLS"].strip(" ,\t\r\n")) if url
            ),
            webhook_url=webhook_url,
            webhook_secret=webhook_secret,
            serve_url=_postgres_url(value["FRUITION_SERVE_URL"]),
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

    def looked_back_to(self, day: date) -> Path:
        """The file of a build that looks back to a date, where nobody names another."""
        return self.home / "warehouse" / "as_of" / f"{day}.duckdb"

    @property
    def has_receivers(self) -> bool:
        """Whether anybody is told of gap events."""
        return bool(self.webhook_url or self.notify_urls)

    def today(self) -> date:
        """The current business date where the organisation's day ends."""
        return datetime.now(ZoneInfo(self.timezone)).date()


def given_value(environment: Mapping[str, str], name: str) -> str:
    """What the environment says of a setting, itself or through a file; empty where it says nothing."""
    path = environment.get(f"{name}_FILE")
    if environment.get(name) or not path:
        return environment.get(name, "")
    try:
        return Path(path).read_text("utf-8").strip()
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigError(f"{name}_FILE is {path!r}, which cannot be read: {type(error).__name__}.") from error


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


def _warehouse_name(text: str) -> str:
    if not NAME.fullmatch(text):
        raise ConfigError(
            f"FRUITION_WAREHOUSE_NAME is {text!r}: give letters, digits and . _ ~ / : - only, such as benefits-production."
        )
    return text


def _webhook(url: str, secret: str) -> tuple[str | None, str | None]:
    """Neither value is ever part of a message: a URL may hold a token."""
    if not url:
        return None, secret or None
    try:
        parts = urlsplit(url)
        is_sound = parts.scheme in {"http", "https"} and bool(parts.hostname) and parts.port != 0
    except ValueError:
        is_sound = False
    if not is_sound or not url.isprintable() or " " in url:
        raise ConfigError("FRUITION_WEBHOOK_URL is no http or https URL: give one such as https://host/path.")
    if not secret:
        raise ConfigError(
            "FRUITION_WEBHOOK_URL is set without FRUITION_WEBHOOK_SECRET: set the secret that the receiver checks "
            "signatures with."
        )
    return url, secret


def _postgres_url(text: str) -> str | None:
    """A PostgreSQL's address, or None; what is wrong is said without the value, which holds a password."""
    if not text:
        return None
    try:
        parts = urlsplit(text)
        is_sound = parts.scheme in {"postgresql", "postgres"} and bool(parts.hostname) and parts.port != 0
        is_sound &= parts.netloc.count("@") <= 1  # libpq would take the rest of a password for the host, and say it
    except ValueError:
        is_sound = False
    if not is_sound:
        raise ConfigError(
            "FRUITION_SERVE_URL is no PostgreSQL's address: give postgresql://user:password@host:port/database, "
            "with special characters in the password percent-encoded."
        )
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
