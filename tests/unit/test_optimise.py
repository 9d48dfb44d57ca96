"""`fruition optimise`: asked of a small published file, kept for the builds to come, and refused with a next step."""

from __future__ import annotations

import json
from datetime import date, datetime
from pathlib import Path
from typing import Any

import duckdb
import pytest
from typer.testing import CliRunner, Result

from pipelines import transform, warehouse
from pipelines.cli import app
from pipelines.errors import ConfigError, LakeDamaged
from pipelines.lake import Lake
from pipelines.optimise import optimise
from pipelines.questions import KeptQuestion, keep_question, kept_questions
from pipelines.selection import Question
from pipelines.settings import Settings

# On 30 June 2026: A and B ask for trainers in July and in September. There are 2 a month, of which delivery takes 1 in July;
# of August nothing is known, and June's quarter has ended.
PUBLISHED = """
create schema marts; create schema core; create schema meta;
create table meta.build as select 1 as seq, date '2026-06-30' as as_of;
create table marts.portfolio_selection as select * from (values
    ('A', 'Scanner', 'idea', 100.0::double, 40.0::double, 0.5::double, 50.0::double, true),
    ('B', 'Clinic', 'business_case', 30.0, 20.0, 1.0, 30.0, true),
    ('C', 'Garden', 'idea', null, 20.0, 1.0, null, true),
    ('D', 'Ward', 'delivery', 900.0, 1.0, 1.0, 900.0, false)
) as project (project_id, project_name, stage, forecast_npv, forecast_cost, alignment, value, is_candidate);
create table marts.resource_load as select * from (values
    ('Trainer', date '2026-06-01', date '2026-04-01', date '2026-06-30', 0.0::double, 0.0::double),
    ('Trainer', date '2026-07-01', date '2026-07-01', date '2026-09-30', 1.0, 2.0),
    ('Trainer', date '2026-08-01', date '2026-07-01', date '2026-09-30', 5.0, null),
    ('Trainer', date '2026-09-01', date '2026-07-01', date '2026-09-30', 0.0, 2.0)
) as load (role, period_start, quarter_start, quarter_end, committed_fte, capacity_fte);
create table core.resource_allocation as select * from (values
    ('A', 'Trainer', date '2026-06-01', 9.0::double), ('A', 'Trainer', date '2026-07-01', 1.0),
    ('A', 'Trainer', date '2026-08-01', 9.0), ('A', 'Trainer', date '2026-09-01', 1.0),
    ('B', 'Trainer', date '2026-07-01', 1.5), ('B', 'Nurse', date '2026-07-01', 3.0), ('D', 'Trainer', date '2026-07-01', 1.0)
) as allocation (project_id, role, period_start, planned_fte);
"""


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Settings:
    """A home in which the small portfolio is published."""
    settings = Settings(home=tmp_path / "home", feeds=tmp_path / "feeds")
    settings.published.parent.mkdir(parents=True)
    with duckdb.connect(str(settings.published)) as connection:
        connection.execute(PUBLISHED)
    monkeypatch.setenv("FRUITION_HOME", str(settings.home))
    monkeypatch.setenv("FRUITION_FEEDS", str(settings.feeds))
    return settings


def run(*arguments: str) -> Result:
    return CliRunner().invoke(app, ["optimise", *arguments])


def asked(*arguments: str) -> dict[str, Any]:
    result = run(*arguments, "--json")
    assert result.exit_code == 0, result.output
    document: dict[str, Any] = json.loads(result.stdout)
    return document


def test_the_best_set_is_found_within_the_budget_and_the_people_left(home: Settings) -> None:
    """3 FTE-months are free; A asks 2 and B 1.5. A alone is worth 100 x 0.5 = 50, B 30."""
    found = asked("--budget", "60")
    assert (found["as_of"], found["value"], found["cost"]) == ("2026-06-30", 50.0, 40.0)
    assert {row["project_id"]: row["reason"] for row in found["candidates"]} == {
        "A": None,
        "B": "It needs 1.5 FTE-months of Trainer in the quarter from 1 July 2026, "
        "and beside the projects selected 1 are left.",
        "C": "Its forecast NPV is unknown.",
    }
    steps = {step["budget"]: (step["value"], step["selected"]) for step in found["frontier"]}
    assert (steps[0.0], steps[60.0]) == ((0.0, []), (50.0, ["A"]))
    assert steps[max(budget for budget in steps if 20 <= budget < 40)] == (30.0, ["B"])


def test_one_more_person_of_a_role_adds_what_then_fits(home: Settings) -> None:
    """One more in July and September, the months with a capacity: 5 FTE-months, enough for both."""
    found = asked("--budget", "60")["marginals"]
    assert [(one["constraint"], one["added_value"], one["added"]) for one in found] == [
        ("budget", 0.0, []),
        ("Trainer", 30.0, ["B"]),
    ]


def test_a_capacity_that_is_asked_about_takes_the_place_of_the_known_one(home: Settings) -> None:
    """With 4 in each month, August among them: 12 - 6 = 6 free, and A asks 1 + 9 + 1 = 11: only B fits."""
    found = asked("--role-capacity", "Trainer=4")
    assert [row["project_id"] for row in found["candidates"] if row["is_selected"]] == ["B"]
    assert found["role_capacity"] == {"Trainer": 4.0}


def test_what_people_read_names_the_projects_the_reasons_and_the_steps(home: Settings) -> None:
    shown = run("--budget", "60")
    assert shown.exit_code == 0
    for words in (
        "within GBP 60: 1 of 3 ideas and business cases, worth GBP 50 for GBP 40",
        "Scanner",
        "Its forecast NPV is unknown.",
        "60 ←",
        "1 FTE",
    ):
        assert words in shown.stdout


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("--budget", "nan"), "The budget is no finite number: give one"),
        (("--budget=-1",), "The budget is below 0: give 0 or more"),
        (("--role-capacity", "Trainer=inf"), "The capacity of Trainer is no finite number: give one"),
        (("--role-capacity", "Trainer=-1"), "The capacity of Trainer is below 0: give 0 or more"),
        (("--role-capacity", "Nobody=1"), "There is no role 'Nobody'; there are Trainer."),
    ],
)
def test_a_bad_number_or_an_unknown_role_is_refused_and_not_kept(
    home: Settings, arguments: tuple[str, ...], words: str
) -> None:
    result = run(*arguments, "--keep")
    assert isinstance(result.exception, ConfigError)
    assert (words in str(result.exception), result.exception.exit_code) == (True, 2)
    assert kept_questions(Lake.of(home)) == []


@pytest.mark.parametrize("arguments", [("--budget", "much"), ("--role-capacity", "Trainer"), ("--role-capacity", "=1")])
def test_what_is_no_number_at_all_is_wrong_usage(home: Settings, arguments: tuple[str, ...]) -> None:
    assert run(*arguments).exit_code == 2


def test_where_nothing_suitable_is_published_the_next_step_is_named(home: Settings, tmp_path: Path) -> None:
    with duckdb.connect(str(home.published)) as connection:
        connection.execute("drop table marts.resource_load")
    with pytest.raises(ConfigError, match=r"no marts.resource_load yet: run `fruition run`"):
        optimise(home, Question(1.0))
    with pytest.raises(ConfigError, match="Nothing is published yet"):
        optimise(Settings(home=tmp_path / "elsewhere", feeds=home.feeds), Question(1.0))


def test_without_keep_nothing_is_remembered(home: Settings) -> None:
    asked("--budget", "60")
    assert kept_questions(Lake.of(home)) == []


def test_a_question_that_is_kept_is_answered_by_every_build_until_another_is(home: Settings) -> None:
    asked("--budget", "10", "--keep")
    asked("--budget", "60", "--role-capacity", "Trainer=7.5", "--keep")
    transform.build(home, as_of=date(2026, 6, 30))
    with duckdb.connect(str(home.warehouse), read_only=True) as connection:
        question = connection.execute("select budget, role_capacity from core.selection_question").fetchall()
        steps = connection.execute("select budget, is_asked from marts.portfolio_frontier order by 1").fetchall()
    assert [(budget, json.loads(capacity)) for budget, capacity in question] == [(60.0, {"Trainer": 7.5})]
    assert steps == [(0.0, False), (60.0, True)]


def test_a_warehouse_made_anew_from_the_lake_knows_every_question(home: Settings) -> None:
    keep_question(Lake.of(home), KeptQuestion(datetime(2026, 6, 1), Question(10.0)))
    keep_question(Lake.of(home), KeptQuestion(datetime(2026, 6, 2, 3, 4, 5, 6), Question(None, {"Trainer": 2.0})))
    for _ in range(2):
        warehouse.load(home)
        with duckdb.connect(str(home.warehouse), read_only=True) as connection:
            rows = connection.execute("from meta.selection_question order by asked_at").fetchall()
        assert rows == [
            (datetime(2026, 6, 1), 10.0, "{}"),
            (datetime(2026, 6, 2, 3, 4, 5, 6), None, '{"Trainer": 2.0}'),
        ]


@pytest.mark.parametrize("content", ["", "{", "{}", '{"questions": [{"asked_at": "2026"}]}', '{"questions": [1]}'])
def test_questions_that_cannot_be_read_say_so(home: Settings, content: str) -> None:
    keep_question(Lake.of(home), KeptQuestion(datetime(2026, 6, 1), Question(10.0)))
    (home.lake / "_questions" / "portfolio.json").write_text(content)
    with pytest.raises(LakeDamaged, match="cannot be read: restore it from a backup"):
        warehouse.load(home)


def test_what_is_solved_prints_nothing_of_its_own(home: Settings, capfd: pytest.CaptureFixture[str]) -> None:
    optimise(home, Question(60.0))
    assert capfd.readouterr().out == ""
