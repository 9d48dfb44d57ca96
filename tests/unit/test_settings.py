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
