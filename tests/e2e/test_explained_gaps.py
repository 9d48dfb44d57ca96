"""Every gap of the example explained, down to the file and line."""

from __future__ import annotations

import json
import re
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from rich.console import Console
from typer.testing import CliRunner

from pipelines.cli import app
from pipelines.console import explaining
from pipelines.explain import Explanation, explain
from tests.e2e.conftest import Night


def gap_ids(night: Night, where: str = "true") -> list[str]:
    return [row[0] for row in night.rows(f"select gap_id from marts.realisation_gap where {where} order by 1")]


def the_gap(night: Night, code: str) -> Explanation:
    """The explanation of the first gap of a code."""
    return explain(night.settings, gap_ids(night, f"gap_code = '{code}'")[0])


def shown(found: Explanation, monkeypatch: pytest.MonkeyPatch, width: int = 80) -> str:
    screen = Console(width=width, record=True, file=StringIO())
    monkeypatch.setattr(explaining, "out", screen)
    explaining.print_explanation(found, "GBP")
    return screen.export_text()


def line_of(home: Path, source: dict[str, Any]) -> list[str]:
    """The cells of the archived file's line that a source names."""
    text = (home / source["archived"]).read_text(encoding="utf-8-sig", errors="replace")
    return re.split(r"[,;:|\t]", text.splitlines()[source["row"] - 1])


@pytest.fixture(scope="module")
def every(night: Night) -> dict[str, Explanation]:
    """The explanation of every open gap."""
    return {gap_id: explain(night.settings, gap_id) for gap_id in gap_ids(night)}


def test_every_open_gap_is_explained_on_narrow_and_wide_screens(
    every: dict[str, Explanation], monkeypatch: pytest.MonkeyPatch
) -> None:
    assert every
    for gap_id, found in every.items():
        assert found.is_open
        assert found.gap["title"] and found.gap["message"] and found.gap["next_step"]
        assert found.figures and found.rows
        for width in (80, 160):
            text = shown(found, monkeypatch, width)
            assert max(map(len, text.splitlines())) <= width
            assert gap_id in text
            assert "None" not in text
            assert "{" not in text


def test_every_row_that_a_figure_came_from_is_found_in_an_archived_file(
    night: Night, every: dict[str, Explanation]
) -> None:
    for gap_id, found in every.items():
        for row in found.rows:
            source = row["source"]
            # What was said before a plan was changed is no current row.
            assert row["key"] or found.gap["gap_code"] == "RETRO_REBASELINED", gap_id
            assert source.file and source.received_at and source.row
            assert (night.settings.home / source.archived).is_file()


def test_json_says_everything_and_its_lines_hold_what_they_are_said_to(night: Night) -> None:
    gap_id = gap_ids(night, "gap_code = 'DELIVERED_NOT_REALISED'")[0]
    result = CliRunner().invoke(
        app, ["explain", gap_id, "--json"], env={"FRUITION_HOME": str(night.settings.home)}, catch_exceptions=False
    )
    found = json.loads(result.stdout)
    (chain,) = found["chains"]
    home = night.settings.home
    assert chain["benefit"]["benefit_id"] in line_of(home, chain["benefit"]["source"])
    assert chain["readings"]
    for reading in chain["readings"]:
        assert reading["kpi_id"] in line_of(home, reading["source"])
    assert chain["outputs"]
    for output in chain["outputs"]:
        assert output["output_id"] in line_of(home, output["source"])
        for link in output["path_links"]:
            assert link["from_id"] in line_of(home, link["source"])
        assert output["path_links"][0]["from_id"] == output["output_id"]
        assert output["path_links"][-1]["to_id"] == chain["benefit"]["benefit_id"]


def test_each_feed_that_has_a_say_in_a_benefit_is_named_with_its_columns(night: Night) -> None:
    (chain,) = the_gap(night, "DELIVERED_NOT_REALISED").chains
    said = {voice["source"].feed: set(voice["columns"]) for voice in chain.benefit["said_by"]}
    assert said.keys() == {"vmo_owners", "benefits_register"}
    assert "owner" in said["vmo_owners"]
    assert {"baseline_value", "target_value", "target_date"} <= said["benefits_register"]
    assert said["vmo_owners"].isdisjoint(said["benefits_register"])


@pytest.mark.parametrize(
    ("code", "facts"),
    [
        ("OUTPUT_OVERDUE", ["output", "project"]),
        ("GATE_OVERDUE", ["stage gate", "project", "latest project status"]),
        ("COST_OVERRUN", ["project", "latest project status", "output"]),
        ("UNIT_MISMATCH", ["KPI"]),
        ("DEPENDENCY_CYCLE", ["outcome"]),
    ],
)
def test_a_gap_that_is_of_no_benefit_says_what_its_subject_is_and_what_hangs_on_it(
    night: Night, code: str, facts: list[str]
) -> None:
    found = the_gap(night, code)
    assert [fact["fact"] for fact in found.facts][: len(facts)] == facts
    assert all(fact["source"].row for fact in found.facts)
    assert found.chains


def test_a_broken_link_shows_the_end_that_is_known_and_the_line_that_names_the_other(night: Night) -> None:
    found = the_gap(night, "BROKEN_LINK")
    (link,) = found.links
    assert (link["from_name"] is None) != (link["to_name"] is None)
    assert len(found.facts) == 1
    assert link["source"].row


def test_an_orphan_benefit_is_explained_without_an_output(night: Night, monkeypatch: pytest.MonkeyPatch) -> None:
    found = the_gap(night, "ORPHAN_BENEFIT")
    assert [chain.outputs for chain in found.chains] == [[]]
    assert "No output leads to it." in shown(found, monkeypatch)


def test_the_beginning_of_an_id_will_do(night: Night) -> None:
    (gap_id, *_) = gap_ids(night)
    assert explain(night.settings, gap_id[:10].upper()).gap["gap_id"] == gap_id
