from __future__ import annotations

from pathlib import Path

import pytest

from pipelines.errors import ConfigError
from pipelines.settings import REPOSITORY, SETTINGS, Settings


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


@pytest.mark.parametrize(
    "url",
    [
        "mysql://me:hunter2@host/x",
        "hunter2",
        "postgresql://me:hunter2@host:port/x",
        "postgresql:///hunter2",
        "postgresql://me:x@hunter2@host/x",
    ],
)
def test_an_address_that_is_none_is_refused_without_telling_the_secret_in_it(url: str) -> None:
    with pytest.raises(ConfigError, match=r"^FRUITION_SERVE_URL is ") as refused:
        Settings.from_environment({"FRUITION_SERVE_URL": url})
    assert "hunter2" not in str(refused.value)


def test_a_secret_may_stand_in_a_file(tmp_path: Path) -> None:
    (tmp_path / "url").write_text("postgresql://me:secret@host/x\n")
    read = Settings.from_environment({"FRUITION_SERVE_URL_FILE": str(tmp_path / "url")})
    assert read.serve_url == "postgresql://me:secret@host/x"
    given = {"FRUITION_CURRENCY": "EUR", "FRUITION_CURRENCY_FILE": str(tmp_path / "url")}
    assert Settings.from_environment(given).currency == "EUR"
    (tmp_path / "url").write_text("\n")
    assert Settings.from_environment({"FRUITION_SERVE_URL_FILE": str(tmp_path / "url")}).serve_url is None
    with pytest.raises(ConfigError, match=r"^FRUITION_SERVE_URL_FILE is .*cannot be read"):
        Settings.from_environment({"FRUITION_SERVE_URL_FILE": str(tmp_path / "nowhere")})


def test_the_example_of_an_environment_lists_every_setting_with_its_default() -> None:
    lines = (REPOSITORY / ".env.example").read_text().splitlines()
    listed = dict(line.split("=", 1) for line in lines if line.startswith("FRUITION_"))
    assert listed == {setting.name: setting.default for setting in SETTINGS}


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
