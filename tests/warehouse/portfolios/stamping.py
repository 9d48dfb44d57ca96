"""The deliveries that bring a portfolio, and what of them is current."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any

from tests.warehouse.portfolios.draft import Fact, Portfolio

REPEATED = {
    "benefit": ("benefit_id",),
    "benefit_profile": ("benefit_id", "date"),
    "kpi_reading": ("kpi_id", "period_start", "dimension"),
}


def stamped(whole: Portfolio) -> tuple[Portfolio, Portfolio]:
    """All the rows of the deliveries that bring a portfolio, and the current row of each key.

    Only benefits, their profiles and readings come more than once; among those of one key the latest reported is current.
    """
    every: Portfolio = {}
    for contract, facts in whole.items():
        numbered = enumerate(({**fact, **STAMPS[fact.get("_delivery", 0)]} for fact in facts), start=2)
        every[contract] = [{**fact, "_row": line} for line, fact in numbered]
    current = dict(every)
    for contract, key in REPEATED.items():
        latest: dict[tuple[Any, ...], Fact] = {}
        for fact in sorted(every.get(contract, []), key=_order):
            latest[tuple(fact[column] for column in key)] = fact
        current |= {contract: list(latest.values()), f"{contract}_history": every.get(contract, [])}
    return every, current


def ledger(every: Portfolio) -> Portfolio:
    """The ledger's rows for the deliveries that brought these rows."""
    columns = {
        contract: sorted({c for fact in facts for c in fact if c[0] != "_"}) for contract, facts in every.items()
    }
    return {
        "delivery": [
            {
                **_named(stamp),
                "as_at": stamp["_as_at"],
                "received_at": stamp["_received_at"],
                "status": "accepted",
                "mode": "delta",
            }
            for stamp in STAMPS
        ],
        "delivery_contract": [
            {
                **_named(stamp),
                "contract": contract,
                "mapped_columns": f",{','.join(columns[contract])},",
                "unreadable_keys": 0,
            }
            for contract, facts in every.items()
            for stamp in STAMPS
            if any(fact["_batch_id"] == stamp["_batch_id"] for fact in facts)
        ],
    }


def raw(every: Portfolio) -> Portfolio:
    """The rows as the raw tables hold them."""
    unwanted = {"_delivery", "_delivery_id", "_as_at", "_received_at"}
    return {
        contract: [{column: value for column, value in fact.items() if column not in unwanted} for fact in facts]
        for contract, facts in every.items()
    }


def placed_at(number: int) -> datetime:
    """The moment that a delivery speaks of."""
    moment: datetime = STAMPS[number]["_as_at"] or STAMPS[number]["_received_at"]
    return moment


def _named(stamp: Fact) -> Fact:
    return {"delivery_id": stamp["_delivery_id"], "batch_id": stamp["_batch_id"], "feed": stamp["_feed"]}


def _stamp(number: int, received_at: datetime, as_at: datetime | None) -> Fact:
    return {
        "_feed": "test",
        "_delivery_id": f"{received_at:%Y%m%dT%H%M%S}-{number}",
        "_batch_id": f"00000000000000a{number}",
        "_as_at": as_at,
        "_received_at": received_at,
    }


STAMPS: tuple[Fact, ...] = (
    _stamp(1, datetime(2026, 6, 1), None),
    _stamp(2, datetime(2026, 6, 2), datetime(2026, 5, 20)),
    _stamp(3, datetime(2026, 6, 10, 12), None),
    _stamp(4, datetime(2026, 6, 12), datetime(2026, 6, 5)),
    _stamp(5, datetime(2026, 6, 20), datetime(2026, 7, 5)),
)
"""What the pipeline would say of the deliveries. The second speaks of an earlier day than the first, the fourth than the
third; the last of a day to come. Readings come in the first or the third and are corrected in the second."""
APPROVALS = [None, date(2026, 5, 15), date(2026, 6, 1), date(2026, 6, 5), date(2026, 6, 9), date(2026, 6, 10)]


def _order(reading: Fact) -> tuple[Any, ...]:
    reported = reading.get("reported_at") or reading["_as_at"] or reading["_received_at"]
    return reported, reading["_received_at"], reading["_row"]
