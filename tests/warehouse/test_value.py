"""What projects are worth, from deliveries to marts, worked by hand: the promise, harm, what is lost, and discounting."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, datetime
from pathlib import Path
from typing import Any

import duckdb
import pytest

from tests.warehouse.building import Rows, build_warehouse, failures

# One benefit hangs by half each on a project that delivered and on one that was cancelled; the first also does harm.
RAW: dict[str, Rows] = {
    "project": [
        {"project_id": "P1", "name": "Portal", "stage": "delivery", "portfolio": "A", "approved_date": "2026-01-01"},
        {"project_id": "P2", "name": "Letters", "stage": "cancelled", "portfolio": "A", "approved_date": "2025-12-01"},
    ],
    "output": [
        *(
            {"output_id": f"O{n}", "project_id": f"P{n}", "name": "It", "baseline_date": "2025-12-31"} | delivered
            for n, delivered in ((1, {"delivered_date": "2025-12-31"}), (2, {}))
        )
    ],
    "cost": [
        {
            "project_id": "P1",
            "period_start": "2026-01-01",
            "cost_type": "capex",
            "planned_cost": 300,
            "actual_cost": 280,
        },
        {
            "project_id": "P2",
            "period_start": "2026-01-01",
            "cost_type": "capex",
            "planned_cost": 100,
            "actual_cost": 90,
        },
    ],
    "kpi": [{"kpi_id": "K", "name": "Calls", "unit": "calls", "frequency": "year"}],
    "objective": [{"objective_id": "J", "name": "Access", "weight": 1}],
    "dependency": [
        {"from_type": "output", "from_id": "O1", "to_type": "benefit", "to_id": "B", "weight": 0.5},
        {"from_type": "output", "from_id": "O2", "to_type": "benefit", "to_id": "B", "weight": 0.5},
        {"from_type": "output", "from_id": "O1", "to_type": "benefit", "to_id": "H"},
        {"from_type": "benefit", "from_id": "B", "to_type": "objective", "to_id": "J"},
    ],
    "fx_rate": [{"currency": "EUR", "date": "2025-12-01", "rate": 0.8}],
}
LIFE = {"baseline_value": 0, "start_date": "2026-01-01", "target_date": "2026-01-01", "end_date": "2027-12-31"}
BENEFIT = {"benefit_id": "B", "name": "Fewer calls", "kind": "benefit", "kpi_id": "K", "unit_value": 100, **LIFE}
HARM = {
    "benefit_id": "H",
    "name": "Fees",
    "kind": "disbenefit",
    "kpi_id": "K",
    "unit_value": 50,
    "currency": "EUR",
    "target_value": 1,
    **LIFE,
}


def register(received: datetime, target: float) -> dict[str, Any]:
    """A delivery of the register: its rows of the two benefits and its ledger rows."""
    named = {"delivery_id": f"{received:%Y%m%d}", "feed": "register", "batch_id": f"{received:%Y%m%d}"}
    place = {"_feed": named["feed"], "_batch_id": named["batch_id"]}
    rows = [BENEFIT | {"approved_date": "2025-03-01", "target_value": target}, HARM]
    mapped = f",{','.join(dict.fromkeys(column for row in rows for column in row))},"
    return {
        "rows": [{**row, **place, "_row": line} for line, row in enumerate(rows, start=2)],
        "delivery": {**named, "received_at": received, "status": "accepted", "mode": "delta"},
        "delivery_contract": {**named, "contract": "benefit", "mapped_columns": mapped, "unreadable_keys": 0},
    }


@pytest.fixture(scope="module")
def warehouse(tmp_path_factory: pytest.TempPathFactory) -> Iterator[duckdb.DuckDBPyConnection]:
    """Ten calls a year were promised in February 2025 and approved in March; in June the target became four."""
    folder = tmp_path_factory.mktemp("value")
    deliveries = [register(datetime(2025, 2, 1), 10), register(datetime(2025, 6, 1), 4)]
    raw = {**RAW, "benefit": [row for delivery in deliveries for row in delivery["rows"]]}
    meta = {table: [delivery[table] for delivery in deliveries] for table in ("delivery", "delivery_contract")}
    database = folder / "benefits.duckdb"
    assert failures(build_warehouse(database, raw, meta, as_of="2026-06-30")) == []
    with duckdb.connect(str(database), read_only=True) as connection:
        yield connection


def figures(connection: duckdb.DuckDBPyConnection, table: str, where: str, *columns: str) -> list[Any]:
    """The columns of the one row that is meant."""
    (found,) = connection.execute(f"select {', '.join(columns)} from {table} where {where}").fetchall()
    return list(found)


def present(flows: dict[date, float], base: date) -> float:
    """The present value of flows at the 3.5 % of the Green Book's first thirty years."""
    return float(sum(amount * 1.035 ** -((day - base).days / 365.25) for day, amount in flows.items()))


SPENT = date(2026, 1, 31)
YEARS = (date(2026, 12, 31), date(2027, 12, 31))


def test_a_project_is_worth_its_share_of_what_was_promised_less_the_harm(warehouse: duckdb.DuckDBPyConnection) -> None:
    # A year: half of ten calls at 100, less one at EUR 50 at 0.8. Planned cost 300, spent 280. Four calls are left today.
    planned, forecast = 0.5 * 10 * 100 - 40, 0.5 * 4 * 100 - 40
    columns = ("planned_benefit", "realised_benefit", "forecast_benefit", "cost_to_date", "forecast_cost")
    assert figures(warehouse, "marts.project_value", "project_id = 'P1'", *columns) == pytest.approx(
        [2 * planned, 0, 2 * forecast, 280, 280]
    )
    base = date(2026, 1, 1)
    for basis, amount, cost in (("planned", planned, 300), ("forecast", forecast, 280)):
        benefits, costs = present(dict.fromkeys(YEARS, amount), base), present({SPENT: cost}, base)
        rates = (f"{basis}_npv", f"{basis}_bcr", f"{basis}_roi")
        assert figures(warehouse, "marts.project_value", "project_id = 'P1'", *rates) == pytest.approx(
            [benefits - costs, benefits / costs, (benefits - costs) / costs], rel=1e-12
        )


def test_costs_are_paid_back_a_year_later_than_promised(warehouse: duckdb.DuckDBPyConnection) -> None:
    # Promised: -300 + 460. Today: -280 + 160, and 160 more.
    columns = ("planned_payback_date", "forecast_payback_date")
    assert figures(warehouse, "marts.project_value", "project_id = 'P1'", *columns) == list(YEARS)


def test_a_cancelled_project_keeps_its_promise_and_brings_nothing(warehouse: duckdb.DuckDBPyConnection) -> None:
    columns = ("planned_benefit", "forecast_benefit", "forecast_npv")
    spent = present({SPENT: 90}, date(2025, 12, 1))
    assert figures(warehouse, "marts.project_value", "project_id = 'P2'", *columns) == pytest.approx([1000, 0, -spent])
    assert warehouse.execute("select subject_id from gaps.npv_eroded").fetchall() == [("P2",)]


def test_a_portfolio_is_discounted_to_the_first_of_its_base_dates(warehouse: duckdb.DuckDBPyConnection) -> None:
    base = date(2025, 12, 1)
    planned = present(dict.fromkeys(YEARS, 460 + 500), base) - present({SPENT: 400}, base)
    forecast = present(dict.fromkeys(YEARS, 160), base) - present({SPENT: 370}, base)
    columns = ("base_date", "planned_npv", "forecast_npv")
    first, *values = figures(warehouse, "marts.portfolio_value", "portfolio = 'A'", *columns)
    assert first == base
    assert values == pytest.approx([planned, forecast], rel=1e-12)


def test_an_objective_has_the_whole_benefit_and_harm_that_serves_none_counts_in_the_whole(
    warehouse: duckdb.DuckDBPyConnection,
) -> None:
    # Promised 1,000 a year and harm of 40; 400 today.
    columns = ("planned_amount", "planned_share", "forecast_amount", "forecast_share", "spend_share")
    assert figures(warehouse, "marts.objective_alignment", "objective_id = 'J'", *columns) == pytest.approx(
        [2000, 2000 / 1920, 800, 800 / 720, 1]
    )


def test_a_rate_that_came_in_time_is_not_missed(warehouse: duckdb.DuckDBPyConnection) -> None:
    assert warehouse.execute("select * from gaps.missing_fx_rate").fetchall() == []


def test_harm_as_great_as_the_benefit_keeps_nothing_from_being_published(tmp_path: Path) -> None:
    # 0 to 12.3 and 100 to 112.3 are the same but for the last bits, and nothing else is paid for: both sums are next to nothing.
    ramp = {"start_date": "2025-01-01", "target_date": "2025-07-01", "end_date": "2027-12-31", "unit_value": 33.3}
    gain = {"benefit_id": "G", "kind": "benefit", "kpi_id": "K1", "baseline_value": 0, "target_value": 12.3, **ramp}
    harm = {
        "benefit_id": "H",
        "kind": "disbenefit",
        "kpi_id": "K2",
        "baseline_value": 100,
        "target_value": 112.3,
        **ramp,
    }
    raw: dict[str, Rows] = {
        "project": [{"project_id": "P", "name": "Moved", "stage": "delivery"}],
        "output": [{"output_id": "O", "project_id": "P", "name": "It", "baseline_date": "2025-01-01"}],
        "kpi": [{"kpi_id": name, "name": name, "unit": "calls", "frequency": "month"} for name in ("K1", "K2")],
        "benefit": [{"name": "Calls", **benefit} for benefit in (gain, harm)],
        "dependency": [
            {"from_type": "output", "from_id": "O", "to_type": "benefit", "to_id": name, "weight": 0.7} for name in "GH"
        ],
    }
    assert failures(build_warehouse(tmp_path / "benefits.duckdb", raw, as_of="2026-06-30")) == []
