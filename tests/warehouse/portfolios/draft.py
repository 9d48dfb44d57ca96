"""A portfolio being drawn."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, timedelta
from random import Random
from typing import Any, TypeVar

from tests.warehouse.reference import Settings
from tests.warehouse.reference.calendar import add_months, starts_between

T = TypeVar("T")
Fact = dict[str, Any]
Portfolio = dict[str, list[Fact]]

DAYS = {"day": 1, "week": 7, "month": 30, "quarter": 91, "year": 365}
LATE = "Y"
NEVER = "X"
"""What the codes of currencies begin with that have had a rate for some months, or never had one."""


class Draft:
    """The tables, and the die that fills them."""

    def __init__(self, seed: int, prefix: str, settings: Settings) -> None:
        self.random = random = Random(f"{seed}")
        own = f"{chr(65 + seed // 26 % 26)}{chr(65 + seed % 26)}"
        self.currencies = [None, None, "GBP", "EUR", "EUR", LATE + own, NEVER + own]
        """The last two are the portfolio's own, so that it alone decides whether a rate is missing."""
        self.prefix = prefix
        self.settings = settings
        self.as_of = settings.as_of
        self.delivery = 0
        self.memory = random.choice([11, 14, 20, 20, 30])
        """Months or quarters for which KPIs were read before anything was delivered."""
        self.tables: Portfolio = {}

    def add(self, contract: str, **fact: Any) -> Fact:
        """A row more."""
        self.tables.setdefault(contract, []).append(fact)
        return fact

    def id(self, kind: str, number: int | str) -> str:
        return f"{self.prefix}.{kind}{number}"

    def ids(self, contract: str) -> list[str]:
        return [fact[f"{contract}_id"] for fact in self.tables.get(contract, [])]

    def one(self, choices: Sequence[T]) -> T:
        return self.random.choice(choices)

    def some(self, low: int, high: int) -> range:
        """So many times."""
        return range(self.random.randint(low, high))

    def chance(self, probability: float) -> bool:
        return self.random.random() < probability

    def maybe(self, probability: float, value: T) -> T | None:
        return value if self.chance(probability) else None

    def near(self, low: int, high: int) -> date:
        """A day so many days from `as_of`; often `as_of` itself, or the day beside it."""
        days = self.one([0, 0, -1, 1]) if self.chance(0.1) else self.random.randint(low, high)
        return self.as_of + timedelta(days=days)

    def months(self, low: int, high: int) -> list[date]:
        """The first days of months so many months from that of `as_of`, one after the other."""
        first, last = (add_months(self.as_of.replace(day=1), self.random.randint(low, high)) for _ in range(2))
        return starts_between(min(first, last), max(first, last), "month", 1)
