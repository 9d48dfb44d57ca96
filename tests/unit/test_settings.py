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
    ],
)
def test_a_value_that_cannot_be_meant_is_named_by_its_variable(name: str, value: str) -> None:
    with pytest.raises(ConfigError, match=f"^{name} is "):
        Settings.from_environment({name: value})


@pytest.mark.parametrize(
    "url", ["mysql://me:hunter2@host/x", "hunter2", "postgresql://me:hunter2@host:port/x", "postgresql:///hunter2"]
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
