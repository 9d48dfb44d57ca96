from __future__ import annotations

from pathlib import Path

import pytest

from pipelines.errors import ConfigError
from pipelines.settings import Settings


def test_everything_has_a_default() -> None:
    settings = Settings.from_environment({})
    assert (settings.home, settings.feeds) == (Path("data").resolve(), Path("feeds").resolve())
    assert (settings.currency, settings.fiscal_year_start, settings.timezone) == ("GBP", 1, "UTC")


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("FRUITION_CURRENCY", "pounds"),
        ("FRUITION_CURRENCY", "gbp"),
        ("FRUITION_FISCAL_YEAR_START", "0"),
        ("FRUITION_FISCAL_YEAR_START", "April"),
        ("FRUITION_TIMEZONE", "Europe/Nowhere"),
        ("FRUITION_TIMEZONE", "../etc/passwd"),
        ("FRUITION_HOME", "/data/x*"),
        ("FRUITION_HOME", "/data/it's"),
        ("FRUITION_WAREHOUSE_NAME", "two words"),
    ],
)
def test_a_value_that_cannot_be_meant_is_named_by_its_variable(name: str, value: str) -> None:
    with pytest.raises(ConfigError, match=f"^{name} is "):
        Settings.from_environment({name: value})


def test_receivers_are_separated_by_commas_or_blanks_and_may_hold_commas_themselves() -> None:
    urls = "json://host/a?to=x,y, slack://token/#general\n  mailto://user:secret@host "
    settings = Settings.from_environment({"FRUITION_NOTIFY_URLS": urls})
    assert settings.notify_urls == ("json://host/a?to=x,y", "slack://token/#general", "mailto://user:secret@host")


@pytest.mark.parametrize("url", ["ftp://host/hush", "https:///hush", "hush", "https://host:99999/hush"])
def test_a_webhook_that_cannot_be_posted_to_is_refused_without_showing_it(url: str) -> None:
    with pytest.raises(ConfigError, match=r"^FRUITION_WEBHOOK_URL is ") as refused:
        Settings.from_environment({"FRUITION_WEBHOOK_URL": url, "FRUITION_WEBHOOK_SECRET": "s3cret"})
    assert "hush" not in str(refused.value) and "s3cret" not in str(refused.value)


def test_a_webhook_without_a_secret_is_refused() -> None:
    with pytest.raises(ConfigError, match="FRUITION_WEBHOOK_SECRET"):
        Settings.from_environment({"FRUITION_WEBHOOK_URL": "https://host/hook"})


def test_settings_do_not_show_their_secrets() -> None:
    given = {
        "FRUITION_NOTIFY_URLS": "json://user:hush-1@host",
        "FRUITION_WEBHOOK_URL": "https://host/hush-2",
        "FRUITION_WEBHOOK_SECRET": "hush-3",
    }
    assert "hush" not in repr(Settings.from_environment(given))
