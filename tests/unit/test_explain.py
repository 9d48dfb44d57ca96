"""The explanation of a gap, on a small published file made by hand."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date, datetime
from decimal import Decimal
from io import StringIO
from pathlib import Path
from typing import Any

import duckdb
import pytest
from rich.console import Console
from typer.testing import CliRunner

from pipelines.cli import app
from pipelines.console import explaining
from pipelines.contracts import load_contracts
from pipelines.errors import ConfigError
from pipelines.explain import Explanation, explain
from pipelines.explain.figures import figures
from pipelines.settings import Settings

GAP = "0123456789abcdef"
SHA = "5" * 64
BATCH = SHA[:16]
MARTS = """
create table marts.realisation_gap (
    gap_id varchar, gap_code varchar, gap_class varchar, severity varchar, subject_type varchar, subject_id varchar,
    subject_name varchar, project_id varchar, benefit_id varchar, output_id varchar, accountable varchar, as_of date,
    amount_at_stake double, message varchar, evidence varchar, next_step varchar, opened_on date, decision varchar,
    lessons varchar
);
create table marts.output_benefit (
    output_id varchar, output_name varchar, project_id varchar, benefit_id varchar, benefit_name varchar, share double,
    lag_days integer, path_count bigint, path varchar, is_enabling boolean, output_status varchar, slip_days integer,
    link_status varchar
);
create table marts.benefit_register (
    benefit_id varchar, objective varchar, last_day date, full_improvement double, slack double, ramp_end date,
    is_live boolean, upstream_outputs bigint, enabling_outputs bigint, enabled_on date, is_enabled boolean,
    delay_days integer, latest_period_start date, rag varchar, open_gap_count bigint
);
create table marts.benefit_period (
    benefit_id varchar, kpi_id varchar, dimension varchar, period_start date, period_end date, planned_value double,
    rephased_value double, actual_value double, actual_improvement double, rag varchar, counterfactual_value double,
    counterfactual_used varchar, attributable_improvement double, attributable_low double, attributable_high double,
    claimed_improvement double, evidence_grade varchar, _feed varchar, _batch_id varchar, _row bigint
);
"""
HISTORY = """
create table marts.gap_history (
    gap_id varchar, gap_code varchar, subject_type varchar, subject_id varchar, subject_name varchar, spell integer,
    opened_on date, closed_on date, highest_severity varchar, greatest_amount_at_stake double, is_open boolean
)
"""
DELIVERY = """
create table meta.delivery (
    delivery_id varchar, feed varchar, name varchar, sha256 varchar, received_at timestamp, status varchar,
    batch_id varchar, as_at timestamp, withdrawn_at timestamp
)
"""


class Desk:
    """A published file to fill by hand, row by row."""

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        settings.published.parent.mkdir(parents=True)
        with self.open() as connection:
            connection.execute("create schema marts; create schema core; create schema meta;" + MARTS + DELIVERY)
            for contract in load_contracts(settings.contracts).values():
                columns = ", ".join(f'"{column.name}" {column.type}' for column in contract.columns)
                own = ", truncated_date date, reading_status varchar" if contract.name == "kpi_reading" else ""
                connection.execute(
                    f"create table core.{contract.name} ({columns}{own}, known_from timestamp, _feed varchar, "
                    "_batch_id varchar, _row bigint)"
                )

    @contextmanager
    def open(self) -> Iterator[duckdb.DuckDBPyConnection]:
        with duckdb.connect(str(self.settings.published)) as connection:
            yield connection

    def put(self, table: str, **values: Any) -> None:
        names = ", ".join(f'"{name}"' for name in values)
        with self.open() as connection:
            connection.execute(
                f"insert into {table} ({names}) values ({', '.join('?' * len(values))})", list(values.values())
            )

    def fact(self, contract: str, row: int = 2, **values: Any) -> None:
        """A current row that came in the one delivery of the feed `hand`."""
        self.put(f"core.{contract}", **values, _feed="hand", _batch_id=BATCH, _row=row)

    def gap(self, gap_id: str = GAP, **values: Any) -> None:
        plain = {"gap_code": "ORPHAN_BENEFIT", "subject_type": "benefit", "subject_id": "B1", "message": "So it is."}
        self.put("marts.realisation_gap", gap_id=gap_id, **plain | values)

    def delivery(self, name: str = "register.csv", status: str = "accepted", day: int = 1, **values: Any) -> None:
        received = datetime(2026, 6, day, 2)
        plain = {"delivery_id": f"{received:%Y%m%dT%H%M%S%f}Z-00000{day}", "batch_id": BATCH, "sha256": SHA}
        self.put("meta.delivery", feed="hand", name=name, status=status, received_at=received, **plain | values)


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    return Desk(Settings(home=tmp_path / "home", feeds=tmp_path / "feeds"))


def shown(found: Explanation, monkeypatch: pytest.MonkeyPatch) -> str:
    screen = Console(width=80, record=True, file=StringIO())
    monkeypatch.setattr(explaining, "out", screen)
    explaining.print_explanation(found, "GBP")
    text = screen.export_text()
    assert max(map(len, text.splitlines())) <= 80
    return text


def test_without_a_published_file_it_says_what_to_run(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="fruition run"):
        explain(Settings(home=tmp_path, feeds=tmp_path), GAP)


def test_a_published_file_that_is_none_is_said_to_be_broken(tmp_path: Path) -> None:
    settings = Settings(home=tmp_path, feeds=tmp_path)
    settings.published.parent.mkdir()
    settings.published.write_bytes(b"no database" * 4096)
    with pytest.raises(ConfigError, match="fruition publish"):
        explain(settings, GAP)


@pytest.mark.parametrize(
    ("asked", "told"), [("ffff", "never was one"), ("01", "at least 4 characters"), ("0123", "2 gaps begin with")]
)
def test_an_id_that_names_no_single_gap_is_refused_with_what_to_do(desk: Desk, asked: str, told: str) -> None:
    desk.gap()
    desk.gap("0123ffffffffffff", subject_id="B2")
    result = CliRunner().invoke(app, ["explain", asked], env={"FRUITION_HOME": str(desk.settings.home)})
    assert isinstance(result.exception, ConfigError)
    assert result.exception.exit_code == 2
    assert told in str(result.exception)


def test_a_gap_of_which_nothing_else_is_known_is_explained_all_the_same(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    for number, kind in enumerate(
        ("benefit", "output", "project", "gate", "edge", "outcome", "kpi", "role", "currency")
    ):
        gap_id = f"{number:04d}ffffffffffff"
        desk.gap(gap_id, subject_type=kind, subject_id="gone")
        found = explain(desk.settings, gap_id)
        assert (found.chains, found.facts, found.rows) == ([], [], [])
        assert "gone" in shown(found, monkeypatch)


def test_a_benefit_without_anything_filled_in_is_explained(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    desk.gap()
    desk.fact("benefit", benefit_id="B1", name="Bare")
    text = shown(explain(desk.settings, GAP), monkeypatch)
    assert "No output leads to it." in text
    assert "no baseline" in text
    assert "its delivery is not known" in text


def test_ids_and_names_in_brackets_are_shown_as_they_are(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    for number, (kind, subject) in enumerate((("benefit", "B[/1]"), ("project", "[P1]"), ("output", "[/O]"))):
        fields: dict[str, Any] = {f"{kind}_id": subject, "name": "[red]Sooner[/b]"}
        desk.fact(kind, **fields)
        gap_id = f"{number:04d}ffffffffffff"
        desk.gap(gap_id, subject_type=kind, subject_id=subject)
        text = shown(explain(desk.settings, gap_id), monkeypatch)
        assert f"\n{kind.capitalize()} {subject} [red]Sooner[/b]" in text


def test_evidence_that_is_no_json_or_names_strange_rows_does_no_harm(desk: Desk) -> None:
    desk.gap(evidence="no json")
    desk.gap("1" * 16, evidence=json.dumps({"rows": [{"contract": "no_such", "feed": "f", "batch_id": "b", "row": 1}]}))
    assert explain(desk.settings, GAP).figures == []
    (row,) = explain(desk.settings, "1" * 16).rows
    assert row["current"] is None
    assert row["source"].file is None


def test_of_several_deliveries_of_a_batch_the_accepted_one_that_stands_is_named(desk: Desk) -> None:
    desk.gap()
    desk.fact("benefit", row=7, benefit_id="B1")
    desk.delivery("first.csv", day=1)
    desk.delivery("withdrawn.csv", day=2, withdrawn_at=datetime(2026, 6, 3))
    desk.delivery("repeat.csv", status="repeat", day=4)
    archived = desk.settings.archive / "hand" / f"{SHA}.csv"
    archived.parent.mkdir(parents=True)
    archived.write_text("the file")
    (chain,) = explain(desk.settings, GAP).chains
    source = chain.benefit["source"]
    assert (source.file, source.row, source.deliveries) == ("first.csv", 7, 3)
    assert source.archived == f"archive/hand/{SHA}.csv"


def test_a_file_that_left_the_archive_is_said_to_have(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    desk.gap()
    desk.fact("benefit", benefit_id="B1")
    desk.delivery()
    assert "not in the archive any more" in shown(explain(desk.settings, GAP), monkeypatch)


def test_a_long_chain_is_cut_short_on_the_screen_and_whole_in_json(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    desk.gap(subject_name="[odd] name")
    desk.fact("benefit", benefit_id="B1", name="[odd] name", kind="benefit")
    for number in range(40):
        path = f"output:O{number} > outcome:C1 > benefit:B1"
        desk.put("marts.output_benefit", output_id=f"O{number}", benefit_id="B1", path=path, path_count=1, share=0.02)
        desk.fact("dependency", from_type="output", from_id=f"O{number}", to_type="outcome", to_id="C1")
    desk.fact("dependency", from_type="outcome", from_id="C1", to_type="benefit", to_id="B1", weight=0.8, lag_days=30)
    found = explain(desk.settings, GAP)
    assert len(found.chains[0].outputs) == 40
    assert [link["weight"] for link in found.chains[0].outputs[0]["path_links"]] == [None, Decimal("0.8")]
    text = shown(found, monkeypatch)
    assert "and 34 more outputs; --json has all." in text
    assert "an equal share" in text
    assert "[odd] name" in text


def test_a_path_through_names_with_arrows_in_them_is_followed(desk: Desk) -> None:
    desk.gap()
    desk.fact("benefit", benefit_id="B1")
    desk.put("marts.output_benefit", output_id="a > b", benefit_id="B1", path="output:a > b > benefit:B1")
    desk.fact("dependency", from_type="output", from_id="a > b", to_type="benefit", to_id="B1")
    (output,) = explain(desk.settings, GAP).chains[0].outputs
    assert [(link["from_id"], link["to_id"]) for link in output["path_links"]] == [("a > b", "B1")]


def test_the_readings_used_in_the_latest_measured_period_are_shown_and_no_others(desk: Desk) -> None:
    desk.gap()
    desk.fact("benefit", benefit_id="B1", kpi_id="K", dimension="")
    start = date(2026, 5, 1)
    desk.put("marts.benefit_register", benefit_id="B1", latest_period_start=start)
    desk.put("marts.benefit_period", benefit_id="B1", period_start=start, period_end=date(2026, 5, 31))
    for day, status in ((date(2026, 4, 30), "used"), (date(2026, 5, 2), "unit_mismatch"), (date(2026, 5, 9), "used")):
        desk.fact(
            "kpi_reading",
            kpi_id="K",
            dimension="",
            period_start=day,
            truncated_date=day,
            value=1.0,
            reading_status=status,
        )
    (chain,) = explain(desk.settings, GAP).chains
    assert [reading["period_start"] for reading in chain.readings] == [date(2026, 5, 9)]
    assert chain.last_reading is None


def test_what_was_learnt_of_such_gaps_is_told_the_latest_first(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    lessons = [
        {"lesson_id": f"L{number}", "title": f"Title {number}", "recommendation": "Do [this]" if number % 2 else None}
        for number in (7, 6, 5, 4, 3, 2)
    ]
    desk.gap(lessons=json.dumps(lessons))
    found = explain(desk.settings, GAP)
    assert found.lessons == lessons
    assert "lessons" not in found.gap
    lines = [line.strip() for line in shown(found, monkeypatch).splitlines()]
    start = lines.index("Learnt of such gaps")
    told = [
        "L7 Title 7: Do [this]",
        "L6 Title 6",
        "L5 Title 5: Do [this]",
        "L4 Title 4",
        "and 2 more lessons; --json has all.",
    ]
    assert lines[start + 1 : start + 6] == told


def test_a_gap_published_before_lessons_were_has_none(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    desk.gap()
    with desk.open() as connection:
        connection.execute("alter table marts.realisation_gap drop column lessons")
    found = explain(desk.settings, GAP)
    assert found.lessons == []
    assert "Learnt" not in shown(found, monkeypatch)


def test_what_was_claimed_stands_with_its_lines_beside_what_was_measured_and_what_would_have_been(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    desk.gap(gap_code="OVERCLAIMED")
    desk.delivery("claims.csv")
    desk.fact("benefit", benefit_id="B1", name="Fewer missed", kpi_id="K", dimension="", currency="EUR")
    desk.fact("kpi", kpi_id="K", name="Missed", unit="%", frequency="month")
    start = date(2026, 5, 1)
    desk.put("marts.benefit_register", benefit_id="B1", latest_period_start=start)
    told = {"counterfactual_used": "control", "counterfactual_value": 9.5, "attributable_improvement": 2.5}
    interval = {"attributable_low": 2.0, "attributable_high": 3.0, "evidence_grade": "A"}
    reading = {"actual_improvement": 2.25, "_feed": "hand", "_batch_id": BATCH, "_row": 4}
    period = {"benefit_id": "B1", "period_start": start, "period_end": date(2026, 5, 31)}
    desk.put("marts.benefit_period", **period, **told, **interval, **reading)
    for month in range(1, 9):
        desk.fact(
            "benefit_claim", row=month, benefit_id="B1", period_start=date(2026, month, 1), claimed_improvement=2.25
        )
    desk.fact(
        "benefit_claim",
        row=9,
        benefit_id="B1",
        period_start=date(2026, 9, 1),
        claimed_amount=1200,
        claimed_on=date(2026, 10, 12),
        approved_by="A. Cole",
    )
    desk.fact("benefit_claim", row=10, benefit_id="B2", period_start=date(2026, 9, 1), claimed_amount=7)
    found = explain(desk.settings, GAP)
    assert [claim["source"].row for claim in found.chains[0].claims] == [9, 8, 7, 6, 5, 4, 3, 2, 1]
    text = " ".join(shown(found, monkeypatch).split())
    assert "control 9.5%, attributable 2.5 points (95%: 2 points to 3 points), evidence of grade A" in text
    assert "2026-09-01: EUR 1,200, on 2026-10-12, approved by A. Cole, hand/claims.csv line 9" in text
    assert "2026-08-01: 2.25 points, hand/claims.csv line 8 measured then nothing" in text
    assert (
        "2026-05-01: 2.25 points, hand/claims.csv line 5 measured then an improvement of 2.25 points, control 9.5%"
        in text
    )
    assert "evidence of grade A, hand/claims.csv line 4" in text
    assert "and 3 earlier claims; --json has all" in text


@pytest.mark.parametrize(
    ("used", "value", "told"),
    [
        ("expired", None, "a trend too old to say, evidence of grade C"),
        ("baseline", 10.0, "baseline 10, evidence of grade C"),
    ],
)
def test_where_nothing_can_be_attributed_the_chain_says_what_was_used_instead(
    desk: Desk, monkeypatch: pytest.MonkeyPatch, used: str, value: float | None, told: str
) -> None:
    desk.gap()
    desk.fact("benefit", benefit_id="B1", kpi_id="K")
    desk.fact("kpi", kpi_id="K", name="Missed")
    start = date(2026, 5, 1)
    desk.put("marts.benefit_register", benefit_id="B1", latest_period_start=start)
    judged = {"counterfactual_used": used, "counterfactual_value": value, "evidence_grade": "C"}
    desk.put("marts.benefit_period", benefit_id="B1", period_start=start, period_end=date(2026, 5, 31), **judged)
    assert told in " ".join(shown(explain(desk.settings, GAP), monkeypatch).split())


def test_a_gap_that_has_closed_says_so_with_its_spells(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    with desk.open() as connection:
        connection.execute(HISTORY)
    for spell, opened, closed in ((1, date(2025, 1, 1), date(2025, 3, 1)), (2, date(2026, 1, 1), date(2026, 2, 1))):
        desk.put(
            "marts.gap_history",
            gap_id=GAP,
            gap_code="ERODING",
            subject_type="benefit",
            subject_id="B1",
            spell=spell,
            opened_on=opened,
            closed_on=closed,
            highest_severity="high",
            greatest_amount_at_stake=1200.0,
        )
    found = explain(desk.settings, GAP[:6])
    assert not found.is_open
    assert [spell["spell"] for spell in found.spells] == [1, 2]
    text = " ".join(shown(found, monkeypatch).split())
    assert "Not open any more" in text
    assert "2025-01-01 to 2025-03-01, high at its worst, up to GBP 1,200 at stake" in text


def test_a_closed_gap_of_which_only_the_id_was_recorded_still_has_its_spells(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    with desk.open() as connection:
        connection.execute(HISTORY)
    desk.put("marts.gap_history", gap_id=GAP, spell=1, opened_on=date(2025, 1, 1), closed_on=date(2025, 3, 1))
    text = shown(explain(desk.settings, GAP), monkeypatch)
    assert "2025-01-01 to 2025-03-01" in text
    assert "None" not in text


def test_figures_have_plain_names_and_the_units_they_are_in() -> None:
    evidence: dict[str, Any] = {
        "slack": 2.0,
        "baseline_value": 80.0,
        "amount_lost": 5.0,
        "delay_days": 3,
        "forecast_npv": -7.0,
        "amounts": 2,
        "stage": None,
        "rows": [],
    }
    told = {figure.label: figure.unit for figure in figures(evidence, "%", "GBP")}
    assert told == {
        "tolerated": "points",
        "baseline value": "%",
        "lost by the delay": "GBP",
        "plan moved by": "days",
        "net present value, by today's forecast": "GBP",
        "amounts not converted": None,
        "stage": None,
    }
