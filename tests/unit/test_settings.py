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
    ],
)
def test_a_value_that_cannot_be_meant_is_named_by_its_variable(name: str, value: str) -> None:
    with pytest.raises(ConfigError, match=f"^{name} is "):
        Settings.from_environment({name: value})


@pytest.mark.parametrize(
    "url", ["http://:hush@host", "redis://:pa/hush@host:1", "redis://host:hush", "hush", "redis://h:99999/hush"]
)
def test_a_redis_url_that_cannot_be_meant_is_not_repeated(url: str) -> None:
    with pytest.raises(ConfigError, match=r"^FRUITION_REDIS_URL is ") as caught:
        Settings.from_environment({"FRUITION_REDIS_URL": url})
    assert "hush" not in str(caught.value)


def test_the_settings_show_no_password() -> None:
    settings = Settings.from_environment({"FRUITION_REDIS_URL": "redis://:hush@host:6379/0"})
    assert settings.redis_url == "redis://:hush@host:6379/0"
    assert "hush" not in repr(settings)
