"""Amounts and the rate that converts them; what cannot be converted is never guessed (3.5)."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from fractions import Fraction


@dataclass(frozen=True)
class Money:
    """An amount in its own currency and the rate into the reporting currency; null where there is none."""

    amount: Fraction
    rate: Fraction | None

    @property
    def reporting(self) -> Fraction | None:
        """In the reporting currency: nothing is nothing in any currency."""
        if self.amount == 0:
            return Fraction(0)
        return None if self.rate is None else self.amount * self.rate

    def times(self, factor: Fraction) -> Money:
        return Money(self.amount * factor, self.rate)


def total(parts: Iterable[Money | None]) -> Fraction | None:
    """The known parts in the reporting currency; null where one of them cannot be converted."""
    return whole(part.reporting for part in parts if part is not None)


def whole(amounts: Iterable[Fraction | None]) -> Fraction | None:
    """The sum; null where a part is."""
    found = Fraction(0)
    for amount in amounts:
        if amount is None:
            return None
        found += amount
    return found
