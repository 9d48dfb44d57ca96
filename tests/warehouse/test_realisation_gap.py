"""marts.realisation_gap: what it adds to the gap models, and that a gap is one SQL file and one line of the catalogue."""

from __future__ import annotations

import json
import math
import shutil
from collections.abc import Iterator
from dataclasses import replace
from datetime import date
from hashlib import sha256
from pathlib import Path
from typing import Any

import duckdb
import pytest

from pipelines import transform
from pipelines.contracts import load_contracts
from pipelines.settings import Settings
from tests.warehouse.building import DEFAULTS, build_warehouse, failures, fill_warehouse

AS_OF = "2026-06-30"

GATES = ["none", "accepted", "latest", "tie", "due", "overdue", "replaced", "later", "other", "whole"]
"""One overdue stage gate for each history of decisions below."""

DECISIONS = [
    # decision_id, gate, gap_code, decision, decided_on, review_on
    ("D01", "accepted", "GATE_OVERDUE", "accept", "2026-06-01", None),
    ("D02", "latest", "GATE_OVERDUE", "accept", "2026-05-01", None),
    ("D03", "latest", "GATE_OVERDUE", "act", "2026-06-01", None),
    ("D05", "tie", "GATE_OVERDUE", "escalate", "2026-06-01", None),
    ("D04", "tie", "GATE_OVERDUE", "accept", "2026-06-01", None),
    ("D06", "due", "GATE_OVERDUE", "accept", "2026-06-01", "2026-06-30"),
    ("D07", "overdue", "GATE_OVERDUE", "accept", "2026-06-01", "2026-06-29"),
    ("D08", "replaced", "GATE_OVERDUE", "act", "2026-05-01", None),
    ("D09", "replaced", "GATE_OVERDUE", "accept", "2026-06-01", "2026-06-15"),
    ("D10", "later", "GATE_OVERDUE", "accept", "2026-07-01", None),
    ("D11", "other", "OUTPUT_OVERDUE", "accept", "2026-06-01", None),
    ("D12", "whole", None, "escalate", "2026-06-01", None),
]


def gap_id(gap_code: str, subject_type: str, subject_id: str) -> str:
    """3.8: the first 16 hex digits of the sha256 of `gap_code|subject_type|subject_id`."""
    return sha256(f"{gap_code}|{subject_type}|{subject_id}".encode()).hexdigest()[:16]


@pytest.fixture(scope="module")
def warehouse(tmp_path_factory: pytest.TempPathFactory) -> Iterator[duckdb.DuckDBPyConnection]:
    """A benefit delivered and not realised, one without an objective, two orphan outputs, and gates with decisions."""
    database = tmp_path_factory.mktemp("gaps") / "benefits.duckdb"
    assert failures(build_warehouse(database, RAW, META, as_of=AS_OF)) == []
    with duckdb.connect(str(database), read_only=True) as connection:
        yield connection


RAW: dict[str, list[dict[str, Any]]] = {
    "objective": [{"objective_id": "J1", "name": "Better care"}],
    "project": [
        {"project_id": "P1", "name": "Patient flow", "stage": "delivery", "sponsor": "S. Ito", "manager": "M. Oye"},
        {"project_id": "P2", "name": "Portal", "stage": "delivery"},
    ],
    "output": [
        {"output_id": "O1", "project_id": "P1", "name": "Bed board", "baseline_date": "2025-01-01"}
        | {"delivered_date": "2025-01-01"},
        {"output_id": "O2", "project_id": "P1", "name": "Leaflet", "baseline_date": "2026-12-01"},
        {"output_id": "O3", "project_id": "P2", "name": "Poster", "baseline_date": "2026-06-01"}
        | {"delivered_date": "2026-06-01"},
    ],
    "kpi": [
        {"kpi_id": "K1", "name": "Delayed discharges", "unit": "patients", "frequency": "month"},
        {"kpi_id": "K2", "name": "Bed moves", "unit": "moves", "frequency": "month"},
    ],
    "kpi_reading": [
        {"kpi_id": "K1", "period_start": "2024-12-01", "value": 500},
        {"kpi_id": "K1", "period_start": "2026-06-01", "value": 466},
    ],
    "benefit": [
        {"benefit_id": "B1", "name": 'Fewer "delayed" discharges', "kind": "benefit", "type": "cashable"}
        | {"owner": "A. Cole", "kpi_id": "K1", "baseline_value": 500, "baseline_date": "2024-12-31"}
        | {"target_value": 380, "target_date": "2025-12-31", "start_date": "2025-01-01", "unit_value": 500},
        {"benefit_id": "B2", "name": "Fewer bed moves", "kind": "benefit", "type": "cashable", "owner": "B. Day"}
        | {"kpi_id": "K2", "baseline_value": 10, "target_value": 4, "unit_value": 100, "end_date": "2026-12-31"}
        | {"start_date": "2026-07-01", "target_date": "2026-07-01"},
    ],
    "dependency": [
        {"from_type": "output", "from_id": "O1", "to_type": "benefit", "to_id": "B1"},
        {"from_type": "output", "from_id": "O1", "to_type": "benefit", "to_id": "B2"},
        {"from_type": "benefit", "from_id": "B1", "to_type": "objective", "to_id": "J1"},
    ],
    "lesson": [
        {"lesson_id": "L1", "gap_code": "DELIVERED_NOT_REALISED", "title": "Habits", "raised_date": "2026-01-31"},
        {"lesson_id": "L2", "gap_code": "DELIVERED_NOT_REALISED", "title": "Rotas", "raised_date": "2026-02-28"},
        {"lesson_id": "L3", "gap_code": "DELIVERED_NOT_REALISED", "title": "Of others", "category": "Cost"},
        {"lesson_id": "L4", "gap_code": "ERODING", "title": "Of another code"},
    ],
    "stage_gate": [{"project_id": "P1", "gate": gate, "planned_date": "2026-06-20"} for gate in GATES]
    + [{"project_id": "P2", "gate": "unsponsored", "planned_date": "2026-06-20"}],
    "decision": [
        {"decision_id": identifier, "subject_type": "gate", "subject_id": f"P1/{gate}", "gap_code": code}
        | {"decision": decision, "decided_on": decided_on, "review_on": review_on}
        for identifier, gate, code, decision, decided_on, review_on in DECISIONS
    ],
}

META: dict[str, list[dict[str, Any]]] = {
    "recorded_build": [
        {"seq": seq, "as_of": day, "known_at": f"{day} 22:00:00", "recorded_at": f"{day} 22:00:00"}
        for seq, day in [(1, "2026-06-27"), (2, "2026-06-28"), (3, "2026-06-29")]
    ],
    "recorded_gap": [
        {"seq": seq, "gap_id": gap_id(code, subject_type, subject_id), "severity": "high"}
        for code, subject_type, subject_id, held in [
            ("DELIVERED_NOT_REALISED", "benefit", "B1", (1, 2, 3)),
            ("ORPHAN_OUTPUT", "output", "O2", (1, 3)),
            ("ORPHAN_OUTPUT", "output", "O3", (1, 2)),
        ]
        for seq in held
    ],
}


def one(connection: duckdb.DuckDBPyConnection, gap_code: str, subject_id: str) -> dict[str, Any]:
    """The one open gap of a code and subject, as a row by column name."""
    cursor = connection.execute(
        "select * from marts.realisation_gap where gap_code = ? and subject_id = ?", [gap_code, subject_id]
    )
    names = [column[0] for column in cursor.description or []]
    rows = cursor.fetchall()
    assert len(rows) == 1
    return dict(zip(names, rows[0], strict=True))


def test_a_gap_has_the_public_columns_and_what_the_catalogue_says_of_it(warehouse: duckdb.DuckDBPyConnection) -> None:
    gap = one(warehouse, "DELIVERED_NOT_REALISED", "B1")
    next_step, evidence, lessons = gap.pop("next_step"), json.loads(gap.pop("evidence")), json.loads(gap.pop("lessons"))
    assert gap == {
        "gap_id": gap_id("DELIVERED_NOT_REALISED", "benefit", "B1"),
        "gap_code": "DELIVERED_NOT_REALISED",
        "gap_class": "realisation",
        "severity": "critical",
        "subject_type": "benefit",
        "subject_id": "B1",
        "subject_name": 'Fewer "delayed" discharges',
        "project_id": "P1",
        "benefit_id": "B1",
        "output_id": None,
        "accountable": "benefit owner: A. Cole",
        "as_of": date(2026, 6, 30),
        "amount_at_stake": 43000.0,
        "message": (
            'All that Fewer "delayed" discharges needs is in use since 1 January 2025, and Delayed discharges should be '
            "120 patients lower by now; in the month to 30 June 2026 34 is measured: 86 short, where 12 is tolerated, "
            "worth GBP 43,000 a month."
        ),
        "opened_on": date(2026, 6, 27),
        "decision": None,
    }
    assert next_step.startswith("Benefit owner:")
    assert lessons == [
        {"lesson_id": "L2", "title": "Rotas", "recommendation": None},
        {"lesson_id": "L1", "title": "Habits", "recommendation": None},
    ]
    assert evidence == {
        "kpi_id": "K1",
        "dimension": "",
        "enabled_on": "2025-01-01",
        "period_end": "2026-06-30",
        "rephased_improvement": 120.0,
        "actual_improvement": 34.0,
        "realisation_gap": 86.0,
        "slack": 12.0,
        "rows": [
            {"contract": "benefit", "feed": "test", "batch_id": "batch_of_benefit", "row": 2},
            {"contract": "kpi_reading", "feed": "test", "batch_id": "batch_of_kpi_reading", "row": 3},
            {"contract": "output", "feed": "test", "batch_id": "batch_of_output", "row": 2},
        ],
    }


def test_only_what_is_wrong_is_flagged(warehouse: duckdb.DuckDBPyConnection) -> None:
    found = warehouse.execute("select gap_code, count(*) from marts.realisation_gap group by all").fetchall()
    assert dict(found) == {
        "DELIVERED_NOT_REALISED": 1,
        "FORECAST_SHORTFALL": 1,
        "UNALIGNED_BENEFIT": 1,
        "ORPHAN_OUTPUT": 2,
        "GATE_OVERDUE": len(GATES) + 1,
    }


def test_what_is_still_to_come_is_at_stake_where_a_benefit_is_ill_defined(warehouse: duckdb.DuckDBPyConnection) -> None:
    # From July to December 6 bed moves fewer a month at GBP 100 each; of one matured benefit nothing can be learnt.
    gap = one(warehouse, "UNALIGNED_BENEFIT", "B2")
    assert (gap["amount_at_stake"], gap["lessons"]) == (3600.0, None)


def test_a_forecast_falls_short_by_the_ratio_of_what_was_measured_and_of_what_is_usual(
    warehouse: duckdb.DuckDBPyConnection,
) -> None:
    # The one period measured brought 34 of 120, which counts for one part beside three of what is usual, 1: (34 / 120 + 3) / 4.
    gap = one(warehouse, "FORECAST_SHORTFALL", "B1")
    (ratio,) = warehouse.execute("select ratio from core.benefit_ratio where benefit_id = 'B1'").fetchone() or (None,)
    assert math.isclose(ratio, (34 / 120 + 3) / 4, rel_tol=1e-12)
    # All months but June 2026, in which 120 were due, are imputed or forecast.
    # All but June 2026, in which 34 of 120 were measured, is imputed or forecast.
    evidence = json.loads(gap["evidence"])
    rephased = evidence["rephased_at_completion"]
    assert math.isclose(evidence["forecast_at_completion"], (rephased - 120) * ratio + 34, rel_tol=1e-12)
    assert math.isclose(gap["amount_at_stake"], 500 * (rephased - evidence["forecast_at_completion"]), rel_tol=1e-9)


def test_an_orphan_output_is_one_severity_higher_once_delivered(warehouse: duckdb.DuckDBPyConnection) -> None:
    assert one(warehouse, "ORPHAN_OUTPUT", "O2")["severity"] == "medium"
    assert one(warehouse, "ORPHAN_OUTPUT", "O3")["severity"] == "high"


def test_a_gap_that_was_closed_in_between_opens_anew(warehouse: duckdb.DuckDBPyConnection) -> None:
    assert one(warehouse, "ORPHAN_OUTPUT", "O2")["opened_on"] == date(2026, 6, 29)
    assert one(warehouse, "ORPHAN_OUTPUT", "O3")["opened_on"] == date(2026, 6, 30)


def test_its_life_is_told_from_the_builds_that_held_it_although_they_wrote_down_little_of_it(
    warehouse: duckdb.DuckDBPyConnection,
) -> None:
    spells = warehouse.execute(
        """
        select gap_code, gap_class, subject_id, spell, opened_on, closed_on, opened_seq, closed_seq
        from marts.gap_history where gap_code in ('DELIVERED_NOT_REALISED', 'ORPHAN_OUTPUT') order by subject_id, spell
        """
    ).fetchall()
    june = {day: date(2026, 6, day) for day in (27, 28, 29, 30)}
    assert spells == [
        ("DELIVERED_NOT_REALISED", "realisation", "B1", 1, june[27], None, 1, None),
        ("ORPHAN_OUTPUT", "linkage", "O2", 1, june[27], june[28], 1, 2),
        ("ORPHAN_OUTPUT", "linkage", "O2", 2, june[29], None, 3, None),
        ("ORPHAN_OUTPUT", "linkage", "O3", 1, june[27], june[29], 1, 3),
        ("ORPHAN_OUTPUT", "linkage", "O3", 2, june[30], None, 4, None),
    ]
    events = warehouse.execute(
        """
        select subject_id, event_type, seq, as_of, severity, previous_severity
        from marts.gap_event where gap_code in ('DELIVERED_NOT_REALISED', 'ORPHAN_OUTPUT') order by subject_id, seq
        """
    ).fetchall()
    assert events == [
        ("B1", "opened", 1, june[27], "high", None),
        ("B1", "worsened", 4, june[30], "critical", "high"),
        ("O2", "opened", 1, june[27], "high", None),
        ("O2", "closed", 2, june[28], "high", None),
        ("O2", "reopened", 3, june[29], "high", None),
        ("O3", "opened", 1, june[27], "high", None),
        ("O3", "closed", 3, june[29], "high", None),
        ("O3", "reopened", 4, june[30], "high", None),
    ]


def test_the_person_is_named_where_one_holds_the_role(warehouse: duckdb.DuckDBPyConnection) -> None:
    assert one(warehouse, "ORPHAN_OUTPUT", "O2")["accountable"] == "project manager: M. Oye"
    assert one(warehouse, "ORPHAN_OUTPUT", "O3")["accountable"] == "project manager"
    assert one(warehouse, "GATE_OVERDUE", "P1/none")["accountable"] == "project sponsor: S. Ito"
    assert one(warehouse, "GATE_OVERDUE", "P2/unsponsored")["accountable"] == "project sponsor"


@pytest.mark.parametrize(
    ("gate", "decision"),
    [
        ("none", None),
        ("accepted", "accept"),
        ("latest", "act"),
        ("tie", "escalate"),
        ("due", "accept"),
        ("overdue", None),
        ("replaced", None),
        ("later", None),
        ("other", None),
        ("whole", "escalate"),
    ],
)
def test_the_latest_decision_stands_until_its_review_date_has_passed(
    warehouse: duckdb.DuckDBPyConnection, gate: str, decision: str | None
) -> None:
    assert one(warehouse, "GATE_OVERDUE", f"P1/{gate}")["decision"] == decision


def test_a_discount_factor_chains_the_bands_of_the_schedule(tmp_path: Path) -> None:
    # A benefit of 40 years to 30 June 2066: 14,610 days of 365.25 are 40 years, 30 of them at 3.5%, 10 at 3.0%.
    benefit = RAW["benefit"][0] | {"start_date": "2026-07-01", "end_date": "2066-06-30", "target_date": "2026-12-31"}
    database = tmp_path / "benefits.duckdb"
    raw = {"kpi": RAW["kpi"], "benefit": [benefit]}
    assert failures(build_warehouse(database, raw, only="discount_factor", as_of=AS_OF)) == []
    with duckdb.connect(str(database), read_only=True) as connection:
        factors = dict(connection.execute("select period_end, discount_factor from core.discount_factor").fetchall())
    assert math.isclose(factors[date(2030, 6, 30)], 1.035**-4, rel_tol=1e-12)
    assert math.isclose(factors[date(2066, 6, 30)], 1.035**-30 * 1.03**-10, rel_tol=1e-12)


NEW_GAP = """-- One row per project without a sponsor.
-- 3-benefits.md, 3.8.
with projects as (
    select
        *,
        {{ source_rows([source_row('project')]) }} as source_rows
    from {{ ref('project') }} as projects
    where sponsor is null
)

select
    {{ gap_columns(
        'MISSING_SPONSOR', "'project'", 'project_id', 'name',
        message=sentence('{name} has no sponsor.'), evidence=gap_evidence(['stage']), project_id='project_id'
    ) }}
from projects
"""
NEW_LINE = "MISSING_SPONSOR,delivery,low,,PMO,Project without a sponsor,PMO: find one.\n"


class Project:
    """A copy of the dbt project that a test may change, and a warehouse of raw rows to build with it."""

    def __init__(self, folder: Path) -> None:
        self.database = folder / "home" / "benefits.duckdb"
        copy = folder / "warehouse"
        self.settings = replace(Settings(home=self.database.parent, feeds=folder / "feeds"), dbt_project=copy)
        shutil.copytree(Settings.dbt_project, copy, ignore=shutil.ignore_patterns("target", "logs"))
        self.catalogue = copy / "seeds" / "gap_catalogue.csv"
        self.lines = self.catalogue.read_text()
        self.model = copy / "models" / "gaps" / "missing_sponsor.sql"
        fill_warehouse(self.database, {"project": RAW["project"]}, {}, load_contracts(self.settings.contracts))

    def build(self, *selected: str, **variables: Any) -> list[str]:
        """Build and test what is selected, or everything, and say what failed."""
        given = {**DEFAULTS, **transform.project_variables(self.settings), **variables}
        selection = ["--select", *selected] if selected else []
        command = ["build", "--exclude-resource-type", "unit_test", *selection]
        return failures(transform.run_dbt(self.settings, self.database, command, given))


def test_adding_a_gap_is_one_sql_file_and_one_line_of_the_catalogue(tmp_path: Path) -> None:
    project = Project(tmp_path)
    project.model.write_text(NEW_GAP)
    project.catalogue.write_text(project.lines + NEW_LINE)
    assert project.build() == []
    with duckdb.connect(str(project.database), read_only=True) as connection:
        gap = one(connection, "MISSING_SPONSOR", "P2")
    assert (gap["severity"], gap["accountable"], gap["message"]) == ("low", "PMO", "Portal has no sponsor.")

    project.catalogue.write_text(project.lines)
    assert any("same_set" in failure for failure in project.build("gap_catalogue", "open_gap"))

    # dbt parses the whole project anew for other variables: those of the last two builds are the same.
    project.catalogue.write_text(project.lines + NEW_LINE)
    known = json.loads(transform.project_variables(project.settings)["gap_codes"])
    stale = json.dumps([code for code in known if code != "missing_sponsor"])
    assert any("same_set" in failure for failure in project.build("gap_catalogue", "open_gap", gap_codes=stale))

    project.model.unlink()
    assert transform.project_variables(project.settings)["gap_codes"] == stale
    assert any("same_set" in failure for failure in project.build("gap_catalogue", "open_gap"))
