"""The dbt project as a whole: its own unit tests, an empty warehouse, a portfolio worked by hand, and reproduction."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, datetime
from pathlib import Path
from typing import Any

import duckdb
import pytest

from pipelines.settings import REPOSITORY, Settings
from pipelines.transform.plan import plan_of
from pipelines.transform.steps import PLACEHOLDERS
from tests.warehouse.building import Rows, build_warehouse, failures, nodes, run_dbt
from tests.warehouse.conftest import Build

PORTFOLIO: dict[str, Rows] = {
    "project": [{"project_id": "P1", "name": "Day surgery", "stage": "delivery"}],
    "output": [
        {
            "output_id": "O1",
            "project_id": "P1",
            "name": "Unit",
            "baseline_date": "2026-01-10",
            "delivered_date": "2026-02-10",
        },
        {"output_id": "O2", "project_id": "P1", "name": "Leaflet", "baseline_date": "2026-01-10"},
    ],
    "outcome": [{"outcome_id": "C1", "name": "Patients go home the same day"}],
    "objective": [{"objective_id": "J1", "name": "Better care"}],
    "benefit": [
        {
            "benefit_id": "B1",
            "name": "Fewer nights",
            "kind": "benefit",
            "type": "cashable",
            "kpi_id": "K1",
            "baseline_value": 10,
            "target_value": 20,
            "target_date": "2026-06-30",
            "start_date": "2026-01-01",
            "unit_value": 100,
        },
        {"benefit_id": "B2", "name": "Morale", "kind": "benefit"},
    ],
    "dependency": [
        {"from_type": "output", "from_id": "O1", "to_type": "outcome", "to_id": "C1"},
        {"from_type": "outcome", "from_id": "C1", "to_type": "benefit", "to_id": "B1"},
        {"from_type": "output", "from_id": "O2", "to_type": "benefit", "to_id": "B1", "weight": 0.02},
        {"from_type": "benefit", "from_id": "B1", "to_type": "objective", "to_id": "J1"},
    ],
    "kpi": [{"kpi_id": "K1", "name": "Day cases", "unit": "%", "frequency": "month"}],
    "kpi_reading": [
        {"kpi_id": "K1", "period_start": date(2026, month, 1), "value": value}
        for month, value in [(1, 11.0), (2, 12.0), (3, 13.0)]
    ],
}


def test_the_dbt_unit_tests_pass(tmp_path: Path) -> None:
    database = tmp_path / "benefits.duckdb"
    assert failures(build_warehouse(database, {})) == []
    result = run_dbt(database, ("test", "--select", "test_type:unit"))
    assert failures(result) == []
    assert len(nodes(result)) > 40


@pytest.fixture(scope="module")
def portfolio(tmp_path_factory: pytest.TempPathFactory) -> Iterator[duckdb.DuckDBPyConnection]:
    database = tmp_path_factory.mktemp("portfolio") / "benefits.duckdb"
    assert failures(build_warehouse(database, PORTFOLIO)) == []
    with duckdb.connect(str(database), read_only=True) as connection:
        yield connection


def test_a_late_output_and_a_slow_benefit_each_get_their_part_of_the_gap(portfolio: duckdb.DuckDBPyConnection) -> None:
    """March: planned 10 + 10 × 89 ÷ 180 days; the output came 31 days late, so rephased 10 + 10 × 58 ÷ 180; measured 13."""
    planned, rephased, actual, delivery_gap, realisation_gap, amount, rag = _row(
        portfolio,
        """
        select planned_improvement, rephased_improvement, actual_improvement, delivery_gap, realisation_gap,
            total_gap_amount_reporting, rag
        from marts.benefit_period where benefit_id = 'B1' and period_start = date '2026-03-01'
        """,
    )
    assert (planned, rephased, actual) == pytest.approx((890 / 180, 580 / 180, 3))
    assert (delivery_gap, realisation_gap) == pytest.approx((310 / 180, 40 / 180))
    assert amount == pytest.approx(100 * (890 / 180 - 3))
    assert rag == "red"


def test_the_register_and_the_links_tell_the_same_story(portfolio: duckdb.DuckDBPyConnection) -> None:
    assert _row(
        portfolio,
        "select objective, enabled_on, is_enabled, delay_days, latest_period_end, rag from marts.benefit_register "
        "where benefit_id = 'B1'",
    ) == ("Better care", date(2026, 2, 10), True, 31, date(2026, 3, 31), "red")
    assert _row(portfolio, "select rag, delay_days from marts.benefit_register where benefit_id = 'B2'") == ("grey", 0)
    assert portfolio.execute(
        "select output_id, path, is_enabling, output_status, link_status from marts.output_benefit order by output_id"
    ).fetchall() == [
        ("O1", "output:O1 > outcome:C1 > benefit:B1", True, "delivered", "in_ramp"),
        ("O2", "output:O2 > benefit:B1", False, "overdue", "awaiting_delivery"),
    ]


def test_tables_and_columns_are_described_in_the_warehouse_itself(portfolio: duckdb.DuckDBPyConnection) -> None:
    undescribed = portfolio.execute(
        """
        select schema_name || '.' || table_name || '.' || column_name from duckdb_columns()
        where (schema_name = 'marts' or (schema_name = 'core' and table_name = 'benefit' and column_name[1] <> '_'))
            and comment is null and column_name <> 'known_from'
        """
    ).fetchall()
    assert undescribed == []


def test_each_mart_s_query_has_the_types_that_its_contract_declares(built: Build, tmp_path: Path) -> None:
    """A build casts what it inserts: a type that drifts away from its declaration would be changed in silence."""
    connection = built({})
    values = {"as_of": "2026-06-30", "known_at": "2026-06-30 00:00:00", "known_by": "2026-06-30 00:00:00", "seq": "1"}
    checked = set()
    for step in plan_of(Settings(home=tmp_path, feeds=tmp_path)).steps:
        if step.columns and step.kind in {"table", "view"}:
            code = step.code
            for name, placeholder in PLACEHOLDERS.items():
                code = code.replace(placeholder, values[name])
            made = {row[0]: row[1] for row in connection.execute(f"describe {code}").fetchall()}
            declared = {name: declaration.removesuffix(" not null") for name, declaration in step.columns}
            casts = ", ".join(f'null::{declaration} as "{name}"' for name, declaration in declared.items())
            wanted = {row[0]: row[1] for row in connection.execute(f"describe select {casts}").fetchall()}
            assert made == wanted, step.name
            checked.add(step.name)
    assert checked >= {path.stem for path in (REPOSITORY / "warehouse" / "models" / "marts").rglob("*.sql")}


def test_a_date_and_a_state_of_knowledge_of_the_past_are_reproduced_after_a_correction(built: Build) -> None:
    earlier = _delivered("a", datetime(2026, 4, 2), [11.0, 12.0, 13.0])
    later = _delivered("b", datetime(2026, 7, 2), [11.0, 12.0, 19.0])
    then = built(_with_readings(earlier), earlier["meta"], as_of="2026-03-31")
    now = built(
        _with_readings(earlier, later), _both(earlier, later), as_of="2026-03-31", known_at="2026-07-01 00:00:00"
    )
    corrected = built(_with_readings(earlier, later), _both(earlier, later), as_of="2026-03-31")
    query = "select * exclude (_row) from marts.benefit_period order by all"
    assert now.execute(query).fetchall() == then.execute(query).fetchall()
    assert corrected.execute(query).fetchall() != then.execute(query).fetchall()


def _delivered(batch: str, received: datetime, values: list[float]) -> dict[str, Any]:
    """A delivery of three monthly readings: its raw rows and its ledger rows."""
    named = {"delivery_id": f"{received:%Y%m%d}", "feed": "crm", "batch_id": batch}
    stamp = {"_feed": "crm", "_batch_id": batch}
    rows = [
        {"kpi_id": "K1", "period_start": date(2026, month, 1), "dimension": "", "value": value, "_row": month, **stamp}
        for month, value in enumerate(values, start=1)
    ]
    mapped = ",kpi_id,period_start,value,"
    meta = {
        "delivery": [{**named, "received_at": received, "status": "accepted", "mode": "delta"}],
        "delivery_contract": [{**named, "contract": "kpi_reading", "mapped_columns": mapped, "unreadable_keys": 0}],
    }
    return {"rows": rows, "meta": meta}


def _with_readings(*deliveries: dict[str, Any]) -> dict[str, Rows]:
    return {**PORTFOLIO, "kpi_reading": [row for delivery in deliveries for row in delivery["rows"]]}


def _both(*deliveries: dict[str, Any]) -> dict[str, Rows]:
    tables = ("delivery", "delivery_contract")
    return {table: [row for delivery in deliveries for row in delivery["meta"][table]] for table in tables}


def _row(connection: duckdb.DuckDBPyConnection, query: str) -> Any:
    rows = connection.execute(query).fetchall()
    assert len(rows) == 1
    return rows[0]


def test_what_was_typed_on_the_command_line_is_not_in_dbt_s_artefacts(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sys.argv", ["fruition", "erase", "Jane Doe"])
    database = tmp_path / "warehouse" / "benefits.duckdb"
    assert failures(build_warehouse(database, {}, command=("run", "--select", "objective_version"))) == []
    artefacts = [path for path in tmp_path.rglob("*") if path.is_file()]
    assert any(path.name == "run_results.json" for path in artefacts)
    assert [path.name for path in artefacts if b"Jane Doe" in path.read_bytes()] == []
