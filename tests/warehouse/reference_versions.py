"""Which row of a key is current, once more in plain Python, from 2-contracts.md alone.

Nothing is kept incrementally: what was current at a moment is worked out anew from everything that counted then.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

Row = Mapping[str, Any]
Key = tuple[Any, ...]
Order = tuple[datetime, str, str, int]


@dataclass(frozen=True)
class Delivery:
    """One accepted delivery's rows for one contract: an assertion of a batch."""

    delivery_id: str
    feed: str
    batch_id: str
    is_snapshot: bool
    as_at: datetime | None
    received_at: datetime
    """Of the first attempt at its bytes, where it is a replay: that is its place among all."""
    known_from: datetime
    mapped: frozenset[str]
    rows: tuple[Row, ...]
    """The batch's accepted rows, each with its line in `_row`; unmapped columns are null."""
    rejected_keys: frozenset[Key] = frozenset()
    has_unreadable_key: bool = False
    root_id: str = ""
    """The first attempt at its bytes, where it is a replay."""
    withdrawn_at: datetime | None = None
    """When a later attempt took its place."""

    @property
    def placed_at(self) -> datetime:
        return self.as_at or self.received_at

    @property
    def receipt(self) -> tuple[str, str]:
        """Among deliveries that speak of the same moment, the one received later counts; ids sort by receipt."""
        return self.root_id or self.delivery_id, self.delivery_id

    @property
    def place(self) -> tuple[datetime, str, str]:
        """Where the delivery stands among all: by what it speaks of, then by its receipt."""
        return self.placed_at, *self.receipt

    def counts_at(self, moment: datetime) -> bool:
        return self.known_from <= moment and (self.withdrawn_at is None or moment < self.withdrawn_at)


@dataclass(frozen=True)
class Contract:
    """The columns of a contract, its business key, and the column that says when a row was reported."""

    name: str
    columns: tuple[str, ...]
    keys: tuple[str, ...]
    effective: str | None = None

    def key_of(self, row: Row) -> Key:
        return tuple(row[column] for column in self.keys)


@dataclass(frozen=True)
class Current:
    """The current row of a key, merged over feeds, and the batch and feed that last asserted it."""

    values: tuple[Any, ...]
    feed: str
    batch_id: str


def current_rows(contract: Contract, deliveries: Iterable[Delivery], known_at: datetime) -> dict[Key, Current]:
    """The current row of every key that is not closed, by what counted at `known_at`."""
    counting = [delivery for delivery in deliveries if delivery.counts_at(known_at)]
    said: dict[Key, list[tuple[Order, Delivery, Row]]] = {}
    for delivery in counting:
        for row in delivery.rows:
            reported = row[contract.effective] if contract.effective else None
            order = (reported or delivery.placed_at, *delivery.receipt, row["_row"])
            said.setdefault(contract.key_of(row), []).append((order, delivery, row))
    current = {}
    for key, assertions in said.items():
        assertions.sort(key=lambda assertion: assertion[0])
        present = max((delivery for _, delivery, _ in assertions), key=lambda delivery: delivery.place)
        if any(_closes(contract, delivery, key, present) for delivery in counting):
            continue
        last = assertions[-1][1]
        values = tuple(_last_word(column, assertions) for column in contract.columns)
        current[key] = Current(values, last.feed, last.batch_id)
    return current


def _last_word(column: str, assertions: Sequence[tuple[Order, Delivery, Row]]) -> Any:
    """What the last assertion that maps the column says of it; null where none does."""
    for _, delivery, row in reversed(assertions):
        if column in delivery.mapped:
            return row[column]
    return None


def _closes(contract: Contract, delivery: Delivery, key: Key, present: Delivery) -> bool:
    """Whether a delivery is a later snapshot of the feed that last held the key, and the key is absent from it."""
    if not delivery.is_snapshot or delivery.feed != present.feed or delivery.has_unreadable_key:
        return False
    if delivery.place <= present.place or key in delivery.rejected_keys:
        return False
    return all(contract.key_of(row) != key for row in delivery.rows)
