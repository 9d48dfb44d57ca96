"""Three nights of a small register, and every way back to what each of them said."""

from __future__ import annotations

import shutil
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any

import duckdb
import pytest
import yaml

from pipelines.builds import forecasts_path, recorded_builds
from pipelines.feeds import load_feeds
from pipelines.lake import Lake
from pipelines.night import run_night, sweep
from pipelines.rebuild import rebuild
from pipelines.replay import replay
from pipelines.settings import REPOSITORY, Settings
from pipelines.transform import build
from tests.relations import is_same

NIGHTS = (date(2026, 3, 31), date(2026, 4, 30), date(2026, 5, 31))
Tables = dict[str, list[tuple[Any, ...]]]

FEEDS: dict[str, tuple[str, str]] = {  # feed: contract, columns
    "projects": ("project", "project_id,name,stage,manager"),
    "outputs": ("output", "output_id,project_id,name,baseline_date,delivered_date"),
    "links": ("dependency", "from_type,from_id,to_type,to_id"),
    "kpis": ("kpi", "kpi_id,name,unit,frequency,direction,owner"),
    "readings": ("kpi_reading", "kpi_id,period_start,value"),
    "scores": ("kpi_reading", "kpi_id,period_start,value"),
    "register": (
        "benefit",
        "benefit_id,name,kind,type,kpi_id,baseline_value,target_value,target_date,start_date,approved_date",
    ),
    "owners": ("benefit", "benefit_id,owner"),
}
BENEFIT_1 = "B1,Faster care,benefit,quantifiable,K1,50,{target},2026-06-30,2026-02-01,2026-01-10\n"
BENEFIT_2 = "B2,Happier staff,benefit,quantifiable,K2,5,8,2026-06-30,2026-02-01,2026-01-10\n"
FIRST = {
    "projects": "P1,Clinic,delivery,Ada\n",
    "outputs": "O1,P1,New rota,2026-01-15,2026-01-20\nO2,P1,Training,2026-04-15,\n",
    "links": "output,O1,benefit,B1\noutput,O2,benefit,B2\n",
    "kpis": "K1,Seen within a day,%,month,increase,Bo\nK2,Staff score,points,month,increase,Cy\n",
    "readings": "K1,2026-02-01,52\nK1,2026-03-01,54\n",
    "scores": "K2,2026-02-01,51\nK2,2026-03-01,52\n",
    "register": BENEFIT_1.format(target=80) + BENEFIT_2,
    "owners": "B1,Dee\n",
}
SECOND = {  # a target moved, a benefit left out, a correction, a late older file, a new month
    "register": BENEFIT_1.format(target=60),
    "readings": "K1,2026-03-01,55\nK1,2026-04-01,56\n",
    "outputs": "O2,P1,Training,2026-04-15,2026-04-20\n",
}
THIRD = {"register": BENEFIT_1.format(target=60) + BENEFIT_2, "readings": "K1,2026-05-01,57\n"}

LATE = {"register": BENEFIT_1.format(target=70), "readings": "K1,2026-05-01,99\n"}


@dataclass(frozen=True)
class Past:
    """A home after three nights, and a copy of what each of them published."""

    settings: Settings
    published: tuple[Path, ...]

    @property
    def known_at(self) -> list[datetime]:
        return [recorded.known_at for recorded in recorded_builds(Lake.of(self.settings))]


def write_feed(settings: Settings, feed: str, **mapping: str) -> None:
    contract, columns = FEEDS[feed]
    document = {
        "source": {"kind": "landing"},
        "format": {"reader": "csv"},
        "arrival": "atomic",
        "mode": "snapshot" if feed == "register" else "delta",
        "delivers": [{"contract": contract, "columns": {name: name for name in columns.split(",")} | mapping}],
    }
    settings.feeds.mkdir(parents=True, exist_ok=True)
    (settings.feeds / f"{feed}.yml").write_text(yaml.safe_dump(document))


def drop(settings: Settings, files: Mapping[str, str]) -> None:
    for feed, rows in files.items():
        folder = settings.landing / feed
        folder.mkdir(parents=True, exist_ok=True)
        (folder / "file.csv").write_text(f"{FEEDS[feed][1]}\n{rows}")


def spend(settings: Settings, as_of: date, copy: Path) -> Path:
    """One night without failures or refusals; a copy of what it published."""
    night = run_night(settings, load_feeds(settings.feeds), as_of)
    assert (night.sweep.failures, night.sweep.refused) == ([], [])
    return Path(shutil.copy(settings.published, copy))


@pytest.fixture(scope="module")
def past(tmp_path_factory: pytest.TempPathFactory) -> Past:
    """Three nights; before the third, scores that were read ten times too high are replayed."""
    folder = tmp_path_factory.mktemp("past")
    settings = Settings(home=folder / "home", feeds=folder / "feeds")
    for feed in FEEDS:
        write_feed(settings, feed)
    drop(settings, FIRST)
    copies = [spend(settings, NIGHTS[0], folder / "first.duckdb")]
    drop(settings, SECOND)
    copies.append(spend(settings, NIGHTS[1], folder / "second.duckdb"))
    write_feed(settings, "scores", value="value::double / 10")
    batch = next(manifest.batch_id for manifest in Lake.of(settings).manifests("scores"))
    assert [result.status for result in replay(settings, [batch])] == ["accepted"]
    drop(settings, THIRD)
    copies.append(spend(settings, NIGHTS[2], folder / "third.duckdb"))
    return Past(settings, tuple(copies))


def tables(database: Path, *schemas: str) -> Tables:
    """The rows of every published table; what only the private warehouse has is left out."""
    with duckdb.connect(str(database), read_only=True) as connection:
        names = connection.execute(
            "select table_schema || '.' || table_name from information_schema.tables where list_contains($1, table_schema)",
            [list(schemas)],
        ).fetchall()
        return {name: connection.execute(f"select * from {name} order by all").fetchall() for (name,) in names}


def assert_same(found: Tables, expected: Tables) -> None:
    """The same tables to the last digit that is reproducible; `found` may have more of them."""
    for name, rows in expected.items():
        assert len(found[name]) == len(rows), name
        differing = [pair for pair in zip(found[name], rows, strict=True) if not all(map(is_same, *pair))]
        assert differing == [], name


def events(database: Path) -> list[tuple[Any, ...]]:
    with duckdb.connect(str(database), read_only=True) as connection:
        return connection.execute(
            "select seq, event_type from marts.gap_event where gap_code = 'MISSING_OWNER' order by seq"
        ).fetchall()


def test_the_nights_tell_the_story(past: Past) -> None:
    assert events(past.published[0]) == [(1, "opened")]
    assert events(past.published[1]) == [(1, "opened"), (2, "closed")]
    assert events(past.published[2]) == [(1, "opened"), (2, "closed"), (3, "reopened")]
    with duckdb.connect(str(past.published[2]), read_only=True) as connection:
        query = "select value from core.kpi_reading where kpi_id = 'K2' order by period_start"
        assert connection.execute(query).fetchall() == [(5.1,), (5.2,)]
        moved = "select benefit_id from marts.realisation_gap where gap_code = 'RETRO_REBASELINED'"
        assert connection.execute(moved).fetchall() == [("B1",)]


def test_what_was_forecast_is_looked_back_on_once_it_was_measured(past: Past) -> None:
    # B1's April was forecast in March, its May in March and in April. B2 was left out in April, and has no score since March.
    judged = "select kind, is_all, horizon, n from marts.forecast_accuracy order by all"
    for published, n in zip(past.published, (0, 1, 3), strict=True):
        with duckdb.connect(str(published), read_only=True) as connection:
            rows = [("benefit", is_all, "up to 3 months", n) for is_all in (False, True)] if n else []
            assert connection.execute(judged).fetchall() == rows
    lake = Lake.of(past.settings)
    with duckdb.connect() as connection:
        connection.execute(f"attach '{past.published[2]}' as published (read_only)")
        forecasts = ", ".join(f"'{forecasts_path(lake, seq)}'" for seq in (1, 2))
        ratios = f"""
            select median(actual_improvement / p50_improvement), avg(abs(actual_improvement / p50_improvement - 1))
            from read_parquet([{forecasts}]) join published.marts.benefit_period using (benefit_id, period_start)
            where actual_improvement is not null
        """
        expected = connection.execute(ratios).fetchone()
        query = "select median_ratio, mean_absolute_error_pct from published.marts.forecast_accuracy where is_all"
        found = connection.execute(query).fetchone()
    assert expected is not None and found is not None
    assert all(map(is_same, found, expected))


def test_a_build_records_what_it_forecasts_for_a_year(past: Past) -> None:
    lake = Lake.of(past.settings)
    for recorded in recorded_builds(lake):
        with duckdb.connect() as connection:
            query = f"select benefit_id, count(*) from '{forecasts_path(lake, recorded.seq)}' group by 1 order by 1"
            forecasts = connection.execute(query).fetchall()
        assert forecasts == [(name, 12) for name in (["B1"] if recorded.seq == 2 else ["B1", "B2"])]
        assert recorded.forecasts == 12 * len(forecasts)


@pytest.mark.parametrize("number", [*(pytest.param(number, marks=pytest.mark.soak) for number in (0, 2)), 1])
def test_a_date_and_what_was_known_then_give_exactly_what_was_published_and_change_nothing(
    past: Past, tmp_path: Path, number: int
) -> None:
    before = past.settings.published.read_bytes(), recorded_builds(Lake.of(past.settings))
    into = tmp_path / "then.duckdb"
    looked = build(past.settings, NIGHTS[number], past.known_at[number] + timedelta(microseconds=1), into)
    assert not looked.is_forward
    assert_same(tables(into, "marts", "core"), tables(past.published[number], "marts", "core"))
    assert (past.settings.published.read_bytes(), recorded_builds(Lake.of(past.settings))) == before


def test_everything_comes_back_from_the_lake_alone(past: Past, tmp_path: Path) -> None:
    home = tmp_path / "home"
    shutil.copytree(past.settings.lake, home / "lake")
    settings = replace(past.settings, home=home)
    rebuild(settings)
    schemas = ("marts", "core", "meta")
    assert_same(tables(settings.published, *schemas), tables(past.published[2], *schemas))
    assert len(recorded_builds(Lake.of(settings))) == 3


def test_what_no_build_has_held_is_not_in_one_that_comes_back(past: Past, tmp_path: Path) -> None:
    shutil.copytree(past.settings.lake, tmp_path / "lake")
    settings = replace(past.settings, home=tmp_path)
    drop(settings, LATE)
    assert sweep(settings, load_feeds(settings.feeds)).failures == []
    rebuild(settings)
    published = tables(past.published[2], "marts", "core", "meta")
    brought_back = tables(settings.published, "marts", "core", "meta")
    assert len(brought_back.pop("meta.delivery")) == len(published.pop("meta.delivery")) + len(LATE)
    assert_same(brought_back, published)


def test_recomputing_reports_what_today_s_rules_would_have_said(past: Past, tmp_path: Path) -> None:
    project = tmp_path / "warehouse"
    shutil.copytree(REPOSITORY / "warehouse", project, ignore=shutil.ignore_patterns("target", "logs"))
    catalogue = project / "seeds" / "gap_catalogue.csv"
    catalogue.write_text(catalogue.read_text().replace("MISSING_OWNER,definition,high", "MISSING_OWNER,definition,low"))
    shutil.copytree(past.settings.lake, tmp_path / "home" / "lake")
    settings = replace(past.settings, home=tmp_path / "home", dbt_project=project)
    into = tmp_path / "elsewhere.duckdb"
    result = rebuild(settings, into=into, recompute=True)
    assert [(one.seq, one.gap_code, one.then, one.today) for one in result.differences] == [
        (1, "MISSING_OWNER", "high", "low"),
        (3, "MISSING_OWNER", "high", "low"),
    ]
    assert not settings.published.exists()
    assert not settings.warehouse.exists()
    assert tables(into, "marts")["marts.gap_event"] == tables(past.published[2], "marts")["marts.gap_event"]


@pytest.mark.soak
def test_recomputing_by_the_same_rules_says_the_same(past: Past, tmp_path: Path) -> None:
    result = rebuild(past.settings, into=tmp_path / "elsewhere.duckdb", recompute=True)
    assert (result.recomputed, result.differences) == (3, ())


@pytest.mark.soak
def test_everything_built_anew_is_what_was_kept_incrementally(past: Past, tmp_path: Path) -> None:
    kept, anew = tmp_path / "kept.duckdb", tmp_path / "anew.duckdb"
    build(past.settings, NIGHTS[2], None, kept)
    build(past.settings, NIGHTS[2], None, anew, full=True)
    assert_same(tables(anew, "staging", "core", "marts"), tables(kept, "staging", "core", "marts"))
