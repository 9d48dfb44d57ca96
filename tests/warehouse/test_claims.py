"""Claims: one benefit that claims in every wrong way, through the whole warehouse down to the rows that say so."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import date
from typing import Any

import duckdb
import pytest

from tests.warehouse.building import Rows, build_warehouse, failures

CODES = ("CLAIMED_BEFORE_DELIVERY", "CLAIM_WITHOUT_EVIDENCE", "CLAIM_AFTER_END", "OVERCLAIMED")
PORTFOLIO: dict[str, Rows] = {
    "project": [{"project_id": "P1", "name": "Day surgery", "stage": "delivery"}],
    "output": [
        {"output_id": "O1", "project_id": "P1", "name": "Unit", "baseline_date": "2026-02-10"}
        | {"delivered_date": "2026-02-10"}
    ],
    "kpi": [{"kpi_id": "K1", "name": "Waits", "unit": "days", "frequency": "month", "grace_days": 5}],
    "kpi_reading": [
        {"kpi_id": "K1", "period_start": date(2026, month, 1), "value": 100 - 10 * month} for month in (1, 2, 3, 4)
    ],
    "benefit": [
        {"benefit_id": name, "name": "Shorter waits", "kind": kind, "kpi_id": "K1", "kpi_share": 0.5}
        | {"baseline_value": 100, "target_value": 40, "start_date": "2026-01-01", "target_date": "2026-06-30"}
        | {"end_date": "2026-08-31", "unit_value": 50, "currency": "EUR"}
        for name, kind in (("B1", "benefit"), ("D1", "disbenefit"))
    ],
    "dependency": [
        {"from_type": "output", "from_id": "O1", "to_type": "benefit", "to_id": name} for name in ("B1", "D1")
    ],
    "fx_rate": [{"currency": "EUR", "date": "2026-01-01", "rate": 0.8}],
    # Lower is better: 20 in February, 30 in March, 40 in April; the tolerance of a tenth is 6: 0.5 x (30 + 6) = 18 and 23.
    "benefit_claim": [
        {"benefit_id": name, "claimed_on": "2026-06-01", **claim}
        for name in ("B1", "D1")
        for claim in (
            {"period_start": "2026-01-01", "claimed_improvement": 5},
            {"period_start": "2026-03-01", "claimed_amount": 1000},
            {"period_start": "2026-04-01", "claimed_improvement": 23, "claimed_amount": 9000},
            {"period_start": "2026-05-01", "claimed_improvement": 20},
            {"period_start": "2026-09-01", "claimed_improvement": 1},
            {"period_start": "2026-02-01", "claimed_improvement": 90, "claimed_on": "2026-07-01"},
        )
    ],
}


@pytest.fixture(scope="module")
def warehouse(tmp_path_factory: pytest.TempPathFactory) -> Iterator[duckdb.DuckDBPyConnection]:
    database = tmp_path_factory.mktemp("claims") / "benefits.duckdb"
    assert failures(build_warehouse(database, PORTFOLIO, as_of="2026-06-30")) == []
    with duckdb.connect(str(database), read_only=True) as connection:
        yield connection


def gaps(connection: duckdb.DuckDBPyConnection) -> dict[str, dict[str, Any]]:
    """The open gaps of the codes about claims: amount and evidence."""
    rows = connection.execute(
        "select gap_code, subject_id, amount_at_stake, evidence from marts.realisation_gap where gap_code in ?",
        [CODES],
    ).fetchall()
    assert {row[1] for row in rows} == {"B1"}
    return {code: json.loads(evidence) | {"amount": amount} for code, _, amount, evidence in rows}


def test_claimed_measured_and_attributable_stand_on_one_scale(warehouse: duckdb.DuckDBPyConnection) -> None:
    """EUR 1,000 at 50 a day are 20 days of a half: 40. The output works from 10 February; the July claim is not made yet."""
    rows = warehouse.execute(
        "select month(period_start), claimed_improvement, actual_improvement, attributable_improvement, "
        "counterfactual_used, evidence_grade from marts.benefit_period where benefit_id = 'B1' order by 1"
    ).fetchall()
    assert rows == [
        (1, 10, 10, None, None, "C"),
        (2, None, 20, 20, "baseline", "C"),
        (3, 40, 30, 30, "baseline", "C"),
        (4, 46, 40, 40, "baseline", "C"),
        (5, 40, None, None, "baseline", "D"),
        (6, None, None, None, "baseline", None),
    ]


def test_each_wrong_claim_is_flagged_once_and_leads_to_its_rows(warehouse: duckdb.DuckDBPyConnection) -> None:
    """A claim's row is its place in the list above, from 2 on; so is a reading's."""
    found = gaps(warehouse)
    rows = {
        code: [(row["contract"], row["row"]) for row in evidence["rows"] if row["contract"] != "benefit"]
        for code, evidence in found.items()
    }
    assert rows == {
        "CLAIMED_BEFORE_DELIVERY": [("benefit_claim", 2)],
        "CLAIM_WITHOUT_EVIDENCE": [("benefit_claim", 5)],
        "CLAIM_AFTER_END": [("benefit_claim", 6)],
        "OVERCLAIMED": [("benefit_claim", 3), ("kpi_reading", 4)],
    }


def test_what_is_claimed_too_much_is_at_stake_in_the_reporting_currency(warehouse: duckdb.DuckDBPyConnection) -> None:
    """March: 20 claimed, 18 supported, 2 x EUR 50 x 0.8 = 80. April is on its bound of 23, whatever the amount beside it says."""
    found = gaps(warehouse)
    told = [found["OVERCLAIMED"][name] for name in ("claimed_own", "supported", "claimed_excess", "periods_claimed")]
    assert told == pytest.approx([20, 18, 2, 1])
    assert found["OVERCLAIMED"]["amount"] == pytest.approx(80)
    assert {found[code]["amount"] for code in CODES if code != "OVERCLAIMED"} == {None}
