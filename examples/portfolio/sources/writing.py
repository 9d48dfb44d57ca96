"""How the example's source systems write dates and figures."""

from __future__ import annotations

from datetime import date
from decimal import Decimal


def german_date(day: date | None) -> str:
    """Such as 30.06.2026."""
    return "" if day is None else day.strftime("%d.%m.%Y")


def british_date(day: date | None) -> str:
    """Such as 30/06/2026."""
    return "" if day is None else day.strftime("%d/%m/%Y")


def iso_date(day: date | None) -> str:
    """Such as 2026-06-30."""
    return "" if day is None else day.isoformat()


def money(amount: float, point: str = ".") -> str:
    """Pounds and pence, without grouping."""
    return f"{amount:.2f}".replace(".", point)


def plain(number: float | None) -> str:
    """A figure without an exponent or needless zeros."""
    if number is None:
        return ""
    text = format(Decimal(repr(round(number, 6))), "f")
    return text.rstrip("0").rstrip(".") if "." in text else text
