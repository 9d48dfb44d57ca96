"""When the project is compiled and when not, without dbt: what a plan is compiled of is another test's matter."""

from __future__ import annotations

import multiprocessing
import os
import time
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from pipelines.settings import Settings
from pipelines.transform import plan as planning
from pipelines.transform.plan import KEPT, Plan, plan_of
from pipelines.transform.steps import Step

STEP = Step(
    "benefit_register", "table", "marts.benefit_register", "select 1", ("a",), ("r",), (("x", "int not null"),), ("c",)
)


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    project = tmp_path / "project"
    for name, text in {
        "dbt_project.yml": "name: it",
        "models/marts/one.sql": "select 1",
        "models/gaps/one.sql": "select 2",
        "seeds/rates.csv": "a,b",
        "macros/m.sql": "-",
    }.items():
        (project / name).parent.mkdir(parents=True, exist_ok=True)
        (project / name).write_text(text)
    return Settings(home=tmp_path / "home", feeds=tmp_path / "feeds", dbt_project=project)


@pytest.fixture(autouse=True)
def compiled(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A file that has a line for each time that the project was compiled; in which folder."""
    log = settings.dbt_project.parent / "compiled"
    log.touch()

    def compile_project(settings: Settings, artefacts: Path) -> tuple[list[Step], str]:
        with log.open("a") as file:
            file.write(f"{artefacts.parent}\n")
        time.sleep(0.2)
        return [STEP], "select 1"

    monkeypatch.setattr(planning, "compile_project", compile_project)
    return log


def times(compiled: Path) -> int:
    return len(compiled.read_text().splitlines())


def test_a_project_is_compiled_once_and_the_plan_is_read_as_it_was_written(settings: Settings, compiled: Path) -> None:
    assert plan_of(settings) == plan_of(settings) == plan_of(replace(settings, home=settings.home / "other"))
    assert plan_of(settings).steps == (STEP,)
    assert times(compiled) == 1


@pytest.mark.parametrize("content", ["", "{", "[]", '{"steps": [{}], "version_state": ""}'])
def test_a_damaged_plan_is_compiled_anew(settings: Settings, compiled: Path, content: str) -> None:
    path = plan_of(settings).folder / "plan.json"
    whole = path.read_text()
    path.write_text(content)
    plan_of(settings)
    assert (times(compiled), path.read_text()) == (2, whole)


def test_a_project_that_cannot_be_written_is_compiled_below_the_home_unless_it_brings_its_plan(
    settings: Settings, compiled: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(os, "access", lambda path, mode: not Path(path).is_relative_to(settings.dbt_project))
    assert plan_of(settings).folder.is_relative_to(settings.home)
    plan_of(settings)
    assert times(compiled) == 1
    monkeypatch.undo()
    monkeypatch.setattr(planning, "compile_project", lambda *arguments: ([STEP], "select 1"))
    brought = plan_of(replace(settings, home=settings.home / "other"))
    assert brought.folder.is_relative_to(settings.dbt_project)
    monkeypatch.setattr(planning, "compile_project", None)
    monkeypatch.setattr(os, "utime", _refused)
    assert plan_of(settings) == brought


def _refused(*arguments: Any) -> None:
    raise PermissionError


@pytest.mark.parametrize("name", ["models/marts/one.sql", "seeds/rates.csv", "macros/m.sql", "dbt_project.yml"])
def test_a_file_of_the_project_that_changes_makes_a_new_plan(settings: Settings, compiled: Path, name: str) -> None:
    before = plan_of(settings)
    (settings.dbt_project / name).write_text("another")
    assert plan_of(settings).fingerprint != before.fingerprint
    assert times(compiled) == 2


def test_a_model_that_moves_to_another_folder_makes_a_new_plan(settings: Settings) -> None:
    before = plan_of(settings)
    models = settings.dbt_project / "models"
    (models / "marts" / "one.sql").rename(models / "marts" / "two.sql")
    moved = plan_of(settings)
    (models / "marts" / "two.sql").rename(models / "core.sql")
    (models / "core.sql").rename(models / "gaps" / "two.sql")
    assert len({plan.fingerprint for plan in (before, moved, plan_of(settings))}) == 3


def test_a_setting_that_the_statements_hold_makes_a_new_plan(settings: Settings, compiled: Path) -> None:
    assert plan_of(settings).fingerprint != plan_of(replace(settings, currency="EUR")).fingerprint


def test_processes_that_compile_at_once_compile_once(settings: Settings, compiled: Path) -> None:
    runs = [multiprocessing.get_context("fork").Process(target=plan_of, args=[settings]) for _ in range(3)]
    for run in runs:
        run.start()
    for run in runs:
        run.join(60)
    assert [run.exitcode for run in runs] == [0, 0, 0]
    assert times(compiled) == 1


def test_plans_that_were_not_used_for_long_go_and_what_else_lies_there_stays(
    settings: Settings, compiled: Path
) -> None:
    first = plan_of(settings)
    for age, currency in enumerate(("EUR", "USD", "CHF", "DKK", "SEK", "NOK", "PLN", "CZK", "JPY")):
        made = plan_of(replace(settings, currency=currency))
        os.utime(made.folder / "plan.json", (1e9 + age, 1e9 + age))
        assert plan_of(settings) == first  # in use all the while
    place = first.folder.parent
    last: Plan = plan_of(replace(settings, currency="HUF"))
    kept = {path.name for path in place.iterdir() if (path / "plan.json").exists()}
    assert len(kept) == KEPT
    assert {first.fingerprint, last.fingerprint} <= kept
    assert times(compiled) == 11
    assert (place / "compiling.lock").exists()
