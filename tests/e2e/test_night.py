"""A whole night, as a data engineer and an analyst would look at it the morning after."""

from __future__ import annotations

import json
import re
import shutil
import stat
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import duckdb
import pytest

from pipelines import inquiries
from pipelines.audit import audit
from pipelines.builds import record, recorded_builds
from pipelines.contracts import load_contracts
from pipelines.errors import BuildFailed, ConfigError
from pipelines.feeds import load_feeds
from pipelines.lake import Lake
from pipelines.night import run_night
from pipelines.publish import publish
from pipelines.settings import REPOSITORY, Settings
from pipelines.transform import build, check_forward, project_variables, run_dbt
from pipelines.warehouse import closing_connection
from tests.e2e.conftest import AS_OF, Night
from tests.relations import assert_same, is_same

COOKBOOK = (REPOSITORY / "docs" / "query-cookbook.md").read_text("utf-8")
QUERIES = re.findall(r"## (.+?)\n\n```sql\n(.*?)```", COOKBOOK, re.DOTALL)


def marts(database: Path) -> dict[str, list[tuple[Any, ...]]]:
    """Every mart's rows, in an order of their own."""
    with duckdb.connect(str(database), read_only=True) as connection:
        names = [
            row[0]
            for row in connection.execute(
                "select table_name from duckdb_tables() where schema_name = 'marts'"
            ).fetchall()
        ]
        return {name: connection.execute(f"select * from marts.{name} order by all").fetchall() for name in names}


@pytest.fixture
def home(night: Night, tmp_path: Path) -> Settings:
    """A copy of the night's home, to go on with."""
    shutil.copytree(night.settings.home, tmp_path / "home")
    return replace(night.settings, home=tmp_path / "home", feeds=tmp_path / "home" / "feeds")


@pytest.fixture(scope="module")
def second_night(night: Night, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Settings]:
    """The night's home after another night in which nothing new came."""
    home = tmp_path_factory.mktemp("second") / "home"
    shutil.copytree(night.settings.home, home)
    settings = replace(night.settings, home=home, feeds=home / "feeds")
    run_night(settings, load_feeds(settings.feeds), AS_OF)
    yield settings


def test_a_second_night_without_news_changes_nothing_and_doubles_nothing(night: Night, second_night: Settings) -> None:
    before, after = marts(night.settings.published), marts(second_night.published)
    assert before.keys() == after.keys()
    for name in before:
        assert len(after[name]) == len(before[name])
        for one, other in zip(after[name], before[name], strict=True):
            assert all(is_same(*values) for values in zip(one, other, strict=True)), name
    assert len(inquiries.deliveries(second_night, None)) == len(inquiries.deliveries(night.settings, None))


def test_each_night_is_a_recorded_build_with_its_open_gaps(second_night: Settings) -> None:
    first, second = recorded_builds(Lake.of(second_night))
    assert (first.seq, second.seq) == (1, 2)
    assert first.as_of == second.as_of == AS_OF
    assert len(first.deliveries) == 27
    assert second.deliveries == ()
    assert first.rows == second.rows
    assert first.rows == {f"marts.{name}": len(rows) for name, rows in marts(second_night.published).items()}


def test_everything_is_accounted_for(second_night: Settings) -> None:
    result = audit(second_night)
    assert result.findings == ()
    assert result.counted == result.accepted + result.rejected + result.filtered > 30_000


@pytest.mark.parametrize(("question", "query"), QUERIES, ids=[question for question, _ in QUERIES])
def test_the_cookbook_answers(night: Night, question: str, query: str) -> None:
    assert night.published.execute(query).fetchall(), question


def test_what_is_published_is_described_column_by_column(night: Night) -> None:
    undescribed = night.published.execute(
        "select table_name, column_name from duckdb_columns() where not internal and coalesce(comment, '') = ''"
    ).fetchall()
    assert undescribed == []


def test_what_is_published_is_slim_and_read_only(night: Night) -> None:
    schemas = {row[0] for row in night.published.execute("select distinct schema_name from duckdb_tables()").fetchall()}
    assert schemas == {"core", "marts", "meta"}
    core = {
        row[0]
        for row in night.published.execute(
            "select table_name from duckdb_tables() where schema_name = 'core'"
        ).fetchall()
    }
    assert core == set(load_contracts(night.settings.contracts))
    assert stat.S_IMODE(night.settings.published.stat().st_mode) == 0o444
    assert {path.stem for path in night.settings.published.parent.glob("*.parquet")} == set(
        marts(night.settings.published)
    )


def test_rejected_text_stays_in_the_private_warehouse(night: Night) -> None:
    columns = {row[0] for row in night.published.execute("describe meta.rejected_row").fetchall()}
    assert "line" in columns
    assert columns.isdisjoint({"raw", "key_text"})


def test_nothing_vanishes(night: Night) -> None:
    benefits, registered = night.rows(
        "select (select count(*) from core.benefit), (select count(*) from marts.benefit_register)"
    )[0]
    assert benefits == registered > 0
    keys, readings = night.rows(
        "select (select count(*) from (select distinct kpi_id, period_start, dimension from raw.kpi_reading)),"
        " (select count(*) from core.kpi_reading)"
    )[0]
    assert keys == readings > 0


def test_every_gap_leads_to_the_row_it_comes_from(night: Night) -> None:
    delivered = {
        (row[0], row[1]) for row in night.rows("select feed, batch_id from meta.delivery where status = 'accepted'")
    }
    for code, evidence in night.rows("select gap_code, evidence from marts.realisation_gap"):
        rows = json.loads(evidence)["rows"]
        assert rows, code
        assert all((row["feed"], row["batch_id"]) in delivered and row["row"] > 0 for row in rows), code


def test_a_failing_test_of_the_warehouse_leaves_yesterdays_publication(home: Settings, tmp_path: Path) -> None:
    published = home.published.read_bytes()
    project = tmp_path / "project"
    shutil.copytree(home.dbt_project, project, ignore=shutil.ignore_patterns("target", "logs"))
    (project / "tests" / "always_fails.sql").write_text("select 1 as wrong from {{ ref('benefit_register') }}\n")
    with pytest.raises(BuildFailed, match="always_fails"):
        build(replace(home, dbt_project=project), AS_OF)
    with pytest.raises(BuildFailed, match="stays"):
        publish(home)
    assert home.published.read_bytes() == published


def test_a_view_that_cannot_be_worked_out_is_named_and_its_build_neither_recorded_nor_published(home: Settings) -> None:
    published = home.published.read_bytes()
    build(home, AS_OF)
    with closing_connection(home.warehouse, read_only=False) as connection:
        (view,) = (
            connection.execute("select sql from duckdb_views() where view_name = 'output_benefit'").fetchone() or ()
        )
        failing = "select *, error('O-17 is not to be told') as wrong from core.output_share"
        connection.execute(f"create or replace view marts.output_benefit as {failing}")
    with pytest.raises(BuildFailed, match=r"marts\.output_benefit .* stays") as caught:
        publish(home)
    assert "O-17" not in str(caught.value)
    assert home.published.read_bytes() == published
    assert len(recorded_builds(Lake.of(home))) == 1
    assert not list(home.published.parent.glob(".*"))
    with closing_connection(home.warehouse, read_only=False) as connection:
        connection.execute(view.replace("CREATE VIEW", "create or replace view"))
    assert publish(home).seq == 2


def test_dbt_itself_builds_the_same_warehouse(home: Settings, tmp_path: Path) -> None:
    """A build runs what dbt compiled; `dbt build` on a copy of what was loaded must come to the same rows, column by column."""
    build(home, AS_OF)
    copy = tmp_path / "built_by_dbt.duckdb"
    shutil.copyfile(home.warehouse, copy)
    variables = {"reporting_currency": home.currency, "fiscal_year_start": home.fiscal_year_start}
    command = ["build", "--full-refresh", "--exclude-resource-type", "unit_test"]
    assert run_dbt(home, copy, command, variables | project_variables(home)).success
    for schema in ("staging", "core", "gaps", "marts", "meta"):
        assert_same(home.warehouse, copy, schema, apart_from=frozenset({"made"}))
    with duckdb.connect(str(copy), read_only=True) as connection:
        assert connection.execute("select * from meta.made").fetchall() == []


def test_a_build_that_looks_back_needs_a_file_of_its_own(home: Settings, tmp_path: Path) -> None:
    earlier = AS_OF.replace(month=1)
    with pytest.raises(ConfigError, match="--into"):
        build(home, earlier)
    into = tmp_path / "january.duckdb"
    published = home.published.read_bytes()
    build(home, earlier, into=into)
    with duckdb.connect(str(into), read_only=True) as connection:
        latest = connection.execute(
            "select max(period_end), max(as_of) from marts.benefit_period, marts.realisation_gap"
        ).fetchone()
    assert latest is not None
    assert latest[0] <= earlier == latest[1]
    assert home.published.read_bytes() == published
    assert len(recorded_builds(Lake.of(home))) == 1


def test_a_night_dated_ahead_of_its_day_does_not_stop_the_nights_after_it(home: Settings) -> None:
    lake = Lake.of(home)
    (build,) = recorded_builds(lake)
    ahead = replace(build, seq=2, as_of=build.recorded_at.date().replace(year=build.recorded_at.year + 40))
    with closing_connection(home.warehouse, read_only=True) as connection:
        record(lake, ahead, connection)
    check_forward(home, AS_OF)
    with pytest.raises(ConfigError, match="before the last published build"):
        check_forward(home, AS_OF.replace(month=1))


def test_a_date_that_goes_back_is_refused_before_anything_is_taken_in(home: Settings) -> None:
    dropped = home.landing / "fx_rates" / "late.csv"
    dropped.write_text("nothing yet")
    with pytest.raises(ConfigError, match="before the last published build"):
        run_night(home, load_feeds(home.feeds), AS_OF.replace(month=1))
    assert dropped.exists()


def test_a_night_whose_build_fails_still_says_what_came_and_what_was_refused(home: Settings, tmp_path: Path) -> None:
    (home.landing / "fx_rates" / "rates_2026-07-31.csv").write_text("no such column\n1\n")
    night = run_night(replace(home, dbt_project=tmp_path / "no project"), load_feeds(home.feeds), AS_OF)
    assert [outcome.status for outcome in night.sweep.outcomes] == ["refused"]
    assert [type(failure) for failure in night.sweep.failures] == [BuildFailed]
    assert night.published is None


@pytest.mark.parametrize("content", ["folder", "text"])
def test_a_build_that_looks_back_takes_the_place_of_nothing_else(night: Night, tmp_path: Path, content: str) -> None:
    into = tmp_path / "precious"
    into.mkdir() if content == "folder" else into.write_text("a text that somebody needs")
    with pytest.raises(ConfigError, match="--into"):
        build(night.settings, AS_OF, into=into)
    assert into.exists()


@pytest.mark.parametrize("wanted", [{"gap_class": "bogus"}, {"severity": "bogus"}])
def test_a_question_about_what_does_not_exist_is_answered_with_what_does(night: Night, wanted: dict[str, str]) -> None:
    with pytest.raises(ConfigError, match="there are"):
        inquiries.open_gaps(night.settings, inquiries.GapFilter(**wanted))


def test_a_feed_that_nobody_knows_has_no_deliveries_to_show(night: Night) -> None:
    with pytest.raises(ConfigError, match="no feed"):
        inquiries.deliveries(night.settings, "no_such_feed")
