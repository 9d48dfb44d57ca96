"""Random histories of deliveries: several feeds with different columns, late files, snapshots, bytes sent again, replays.

Each history speaks of a few keys under its own prefix and through its own feeds, so that many make one build.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from decimal import Decimal
from random import Random
from typing import Any

from tests.warehouse.reference_versions import Contract, Delivery, Key, Row

DAY = datetime(2026, 3, 1)
NEVER = datetime(9999, 12, 31)

PROJECT = Contract(
    "project",
    ("project_id", "name", "stage", "manager", "budget", "approved_date", "currency"),
    ("project_id",),
)
DEPENDENCY = Contract(
    "dependency",
    ("from_type", "from_id", "to_type", "to_id", "weight", "lag_days"),
    ("from_type", "from_id", "to_type", "to_id"),
)
KPI_READING = Contract(
    "kpi_reading",
    ("kpi_id", "period_start", "dimension", "value", "unit", "reported_at"),
    ("kpi_id", "period_start", "dimension"),
    effective="reported_at",
)
OUTCOME = Contract("outcome", ("outcome_id", "name", "owner"), ("outcome_id",))
OBJECTIVE = Contract("objective", ("objective_id", "name", "weight", "owner"), ("objective_id",))
CONTRACTS = (PROJECT, DEPENDENCY, KPI_READING, OUTCOME, OBJECTIVE)


@dataclass(frozen=True)
class Style:
    """What the feeds of a contract do: send snapshots, map different columns; and whether deliveries are replayed."""

    has_snapshots: bool
    has_different_columns: bool
    has_replays: bool = False


def history(seed: int, prefix: str, contract: Contract, style: Style) -> list[Delivery]:
    """The deliveries of one history, in the order of their receipt; the same for the same arguments."""
    return Draft(Random(f"{seed}{contract.name}"), prefix, contract, style).draw()


class Draft:
    """A history being drawn."""

    def __init__(self, random: Random, prefix: str, contract: Contract, style: Style) -> None:
        self.random = random
        self.prefix = prefix
        self.contract = contract
        self.style = style
        sends = {letter: random.random() < 0.5 and style.has_snapshots for letter in "abc"}
        self.feeds = {f"{prefix}_{letter}_{contract.name}": is_snapshot for letter, is_snapshot in sends.items()}
        """Feed and whether it sends snapshots."""
        self.deliveries: list[Delivery] = []

    def draw(self) -> list[Delivery]:
        """Up to nine deliveries; some at the same moment, some of bytes that came before, some under a mended feed."""
        received = DAY
        for number in range(self.random.randint(1, 9)):
            received += timedelta(hours=self.random.choice([0, 1, 24, 24]))
            feed = self.random.choice(list(self.feeds))
            as_at = DAY - timedelta(days=self.random.randint(-9, 9)) if self.random.random() < 0.5 else None
            earlier = [delivery for delivery in self.deliveries if delivery.feed == feed]
            if earlier and self.style.has_replays and self.random.random() < 0.4:
                self._replayed(self.random.choice(earlier), number, received)
            elif earlier and self.random.random() < 0.25:
                self._again(self.random.choice(earlier), number, as_at, received)
            else:
                self._new(feed, number, as_at, received)
        return withdrawn(self.deliveries)

    def _again(self, earlier: Delivery, number: int, as_at: datetime | None, received: datetime) -> None:
        """The same bytes, asserted again."""
        delivery_id, known_from = self._delivery_id(received, number), self._known_from(received)
        self.deliveries.append(
            replace(
                earlier,
                delivery_id=delivery_id,
                root_id=delivery_id,
                as_at=as_at,
                received_at=received,
                known_from=known_from,
            )
        )

    def _replayed(self, earlier: Delivery, number: int, received: datetime) -> None:
        """Another attempt at a delivery's bytes: some rows as they were, some read otherwise, some lost."""
        kept = [row for row in earlier.rows if self.random.random() < 0.7]
        drawn = self._content(set(earlier.mapped) if self.random.random() < 0.6 else self._mapped(), kept)
        is_snapshot = earlier.is_snapshot if self.random.random() < 0.8 else not earlier.is_snapshot
        self.deliveries.append(
            replace(
                drawn,
                delivery_id=self._delivery_id(received, number),
                root_id=earlier.root_id,
                feed=earlier.feed,
                batch_id=f"{earlier.batch_id}-{number}",
                is_snapshot=is_snapshot and self.style.has_snapshots,
                as_at=earlier.as_at,
                received_at=earlier.received_at,
                known_from=self._known_from(received),
            )
        )

    def _new(self, feed: str, number: int, as_at: datetime | None, received: datetime) -> None:
        delivery_id = self._delivery_id(received, number)
        self.deliveries.append(
            replace(
                self._content(self._mapped(), []),
                delivery_id=delivery_id,
                root_id=delivery_id,
                feed=feed,
                batch_id=f"{self.prefix}{number:03}{self.random.randrange(16**6):06x}",
                is_snapshot=self.feeds[feed],
                as_at=as_at,
                received_at=received,
                known_from=self._known_from(received),
            )
        )

    def _known_from(self, received: datetime) -> datetime:
        """Mostly the receipt; a build before that did not hold the delivery puts it off."""
        return received + timedelta(hours=self.random.choice([0, 0, 0, 0, 1, 30]))

    def _mapped(self) -> set[str]:
        optional = [column for column in self.contract.columns if column not in self.contract.keys]
        if self.style.has_different_columns:
            optional = [column for column in optional if self.random.random() < 0.7]
        return {*self.contract.keys, *optional}

    def _content(self, mapped: set[str], kept: Sequence[Row]) -> Delivery:
        """What a delivery says, those keys that are kept as in an earlier attempt; from whom and when is yet to be said."""
        before = {self.contract.key_of(row): row for row in kept}
        keys = [key for key in self._keys() if key in before or self.random.random() < 0.6]
        rejected = {key for key in self._keys() if key not in keys and self.random.random() < 0.15}
        rows = [
            {column: before[key][column] if column in mapped else None for column in self.contract.columns}
            if key in before
            else self._row(key, mapped)
            for key in keys
        ]
        if rows and self.random.random() < 0.1:
            rows.append(dict(rows[0]))
        return Delivery(
            delivery_id="",
            feed="",
            batch_id="",
            is_snapshot=False,
            as_at=None,
            received_at=DAY,
            known_from=DAY,
            mapped=frozenset(mapped),
            rows=tuple({**row, "_row": line} for line, row in enumerate(rows, start=2)),
            rejected_keys=frozenset(rejected),
            has_unreadable_key=self.random.random() < 0.1,
        )

    def _delivery_id(self, received: datetime, number: int) -> str:
        return f"{received:%Y%m%dT%H%M%S}-{self.prefix}-{self.contract.name}-{number:03}"

    def _keys(self) -> list[Key]:
        one, two, three = (f"{self.prefix}.{number}" for number in range(3))
        if self.contract is DEPENDENCY:
            return [
                ("output", one, "benefit", two),
                ("output", one, "benefit", three),
                ("outcome", one, "benefit", two),
            ]
        if self.contract is KPI_READING:
            return [(one, date(2026, 1, 1), ""), (one, date(2026, 1, 1), "north"), (one, date(2026, 2, 1), "")]
        return [(one,), (two,), (three,)]

    def _row(self, key: Key, mapped: set[str]) -> dict[str, Any]:
        row: dict[str, Any] = dict.fromkeys(self.contract.columns)
        row.update(zip(self.contract.keys, key, strict=True))
        for column in sorted(mapped - set(self.contract.keys)):
            row[column] = self.random.choice(_values(column))
        return row


def _values(column: str) -> Sequence[Any]:
    days = [DAY + timedelta(days=number, hours=12) for number in range(-9, 9, 3)]
    values: dict[str, Sequence[Any]] = {
        "name": ["red", "green", "blue"],
        "stage": ["idea", "delivery", "closed"],
        "manager": [None, "ann", "bob"],
        "owner": [None, "ann", "bob"],
        "budget": [None, Decimal("10.00"), Decimal("20.50")],
        "approved_date": [None, date(2025, 1, 1), date(2025, 6, 1)],
        "currency": [None, "EUR", "USD"],
        "weight": [None, Decimal("0.500000"), Decimal("0.250000")],
        "lag_days": [None, 5, 10],
        "value": [1.5, 2.5, 3.5],
        "unit": [None, "%"],
        "reported_at": [None, None, *days],
    }
    return values[column]


def withdrawn(deliveries: Iterable[Delivery]) -> list[Delivery]:
    """The deliveries, each withdrawn when the next attempt at its bytes is known."""
    attempts: dict[str, list[Delivery]] = {}
    for delivery in sorted(deliveries, key=lambda delivery: delivery.delivery_id):
        attempts.setdefault(delivery.root_id, []).append(delivery)
    return [
        replace(delivery, withdrawn_at=later.known_from if later else None)
        for every in attempts.values()
        for delivery, later in zip(every, [*every[1:], None], strict=True)
    ]


def increments(seed: int, deliveries: Sequence[Delivery], steps: int) -> list[list[Delivery]]:
    """What the ledger holds after each of so many loads: some deliveries come later than others received after them.

    What is new is known from its receipt, until a later load puts it off.
    """
    random = Random(f"{seed}{deliveries[0].delivery_id}")
    ordered = sorted(deliveries, key=lambda delivery: delivery.delivery_id)
    step_of = {
        delivery.delivery_id: min(number * steps // len(ordered) + random.choice([0, 0, 0, 1, 2]), steps - 1)
        for number, delivery in enumerate(ordered)
    }
    return [
        withdrawn(
            delivery
            if step_of[delivery.delivery_id] < step or step == steps - 1
            else replace(delivery, known_from=delivery.received_at)
            for delivery in ordered
            if step_of[delivery.delivery_id] <= step
        )
        for step in range(steps)
    ]


def raw_rows(deliveries: Iterable[Delivery]) -> list[Row]:
    """The accepted rows of the batches, each batch once."""
    return [
        {**row, "_feed": feed, "_batch_id": batch_id}
        for (feed, batch_id), delivery in _batches(deliveries).items()
        for row in delivery.rows
    ]


def ledger(contract: Contract, deliveries: Sequence[Delivery]) -> dict[str, list[Row]]:
    """The ledger's rows, with a refused delivery and a repeat that must count for nothing."""
    last = deliveries[-1]
    ignored = {status: replace(last, delivery_id=f"{last.delivery_id}-{status}") for status in ("refused", "repeat")}
    return {
        "delivery": [
            *(_delivery(delivery, "accepted") for delivery in deliveries),
            *(_delivery(delivery, status) for status, delivery in ignored.items()),
        ],
        "delivery_contract": [_delivered(contract, delivery) for delivery in deliveries],
        "rejected_row": [
            {
                "feed": feed,
                "batch_id": batch_id,
                "contract": contract.name,
                "_row": 900 + line,
                "key_text": chr(31).join(str(part) for part in key),
            }
            for (feed, batch_id), delivery in _batches(deliveries).items()
            for line, key in enumerate(sorted(delivery.rejected_keys))
        ],
    }


def _batches(deliveries: Iterable[Delivery]) -> dict[tuple[str, str], Delivery]:
    return {(delivery.feed, delivery.batch_id): delivery for delivery in deliveries}


def _delivery(delivery: Delivery, status: str) -> Row:
    return {
        "delivery_id": delivery.delivery_id,
        "feed": delivery.feed,
        "batch_id": delivery.batch_id,
        "as_at": delivery.as_at,
        "root_id": delivery.root_id,
        "received_at": delivery.received_at,
        "placed_at": delivery.placed_at,
        "known_from": delivery.known_from,
        "withdrawn_at": delivery.withdrawn_at,
        "status": status,
        "mode": "snapshot" if delivery.is_snapshot else "delta",
    }


def _delivered(contract: Contract, delivery: Delivery) -> Row:
    accepted, rejected = len(delivery.rows), len(delivery.rejected_keys) + delivery.has_unreadable_key
    mapped = ",".join(column for column in contract.columns if column in delivery.mapped)
    return {
        "delivery_id": delivery.delivery_id,
        "feed": delivery.feed,
        "batch_id": delivery.batch_id,
        "contract": contract.name,
        "mapped_columns": f",{mapped},",
        "counted": accepted + rejected,
        "accepted": accepted,
        "rejected": rejected,
        "filtered": 0,
        "unreadable_keys": int(delivery.has_unreadable_key),
    }
