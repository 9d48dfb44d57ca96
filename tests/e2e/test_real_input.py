"""Real files, none written for this project, the whole way: door, lake, load, transform, publish.

They are looked for beside the repository, in `../shared/data`, or where `FRUITION_TEST_DATA` says. What they are and how
they are mapped: docs/real-input.md.
"""

from __future__ import annotations

import csv
import os
from collections.abc import Iterator
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

import duckdb
import pandas as pd
import pytest

from pipelines.contracts import load_contracts
from pipelines.feeds import load_feeds
from pipelines.night import load_and_build, sweep
from pipelines.publish import publish
from pipelines.settings import REPOSITORY, Settings
from pipelines.warehouse import closing_connection
from tests.e2e import unhcr_verdicts

DATA = Path(os.environ.get("FRUITION_TEST_DATA") or REPOSITORY.parent / "shared" / "data")
RESULTS = ("iati_result_2022.xlsx", "iati_result_2023.xlsx")
ACTIVITIES = ("iati_activity_2022.xlsx", "iati_activity_2023.xlsx")
PROJECTS = DATA / "us_it_dashboard" / "projects.csv"
FILES = {
    "unhcr_activities": tuple(DATA / "unhcr" / name for name in ACTIVITIES),
    "unhcr_results": tuple(DATA / "unhcr" / name for name in RESULTS),
    "us_it_dashboard": (PROJECTS,),
}
AS_OF = date(2023, 12, 31)
DASHBOARD_DAY = pd.Timestamp("2012-08-31")
TOLERANCE = 0.1

absent = sorted(path.name for paths in FILES.values() for path in paths if not path.is_file())
pytestmark = pytest.mark.skipif(
    bool(absent), reason=f"the real data is not there ({', '.join(absent)}): say where with FRUITION_TEST_DATA"
)


@pytest.fixture(scope="module")
def settings(tmp_path_factory: pytest.TempPathFactory) -> Settings:
    """One night on all the real files, in a new home."""
    settings = Settings(home=tmp_path_factory.mktemp("real"), feeds=REPOSITORY / "examples" / "feeds")
    feeds = load_feeds(settings.feeds)
    for name, paths in FILES.items():
        swept = sweep(settings, {name: feeds[name]}, paths)
        assert [outcome.status for outcome in swept.outcomes] == ["accepted"] * len(paths), swept
    load_and_build(settings, AS_OF)
    publish(settings)
    return settings


@pytest.fixture(scope="module")
def warehouse(settings: Settings) -> Iterator[duckdb.DuckDBPyConnection]:
    with closing_connection(settings.warehouse, read_only=True) as connection:
        yield connection


@pytest.fixture(scope="module")
def realised(warehouse: duckdb.DuckDBPyConnection) -> pd.DataFrame:
    """Each row of the sheets, as pandas reads it, beside what the mart says of the benefit that it became."""
    mart = warehouse.execute(
        "select d.name as file, b._row as line, benefit_id, p.planned_value, p.actual_improvement, p.realisation_pct, "
        "p.progress_pct, p.rag from marts.benefit_period as p join core.benefit as b using (benefit_id) "
        "join meta.delivery as d on d.feed = b._feed and d.batch_id = b._batch_id"
    ).df()
    return results().merge(mart, on=["file", "line"], validate="one_to_one")


def results() -> pd.DataFrame:
    """Both years' results with the file and the line of each row; the columns' common prefix is left off."""
    frames = [(name, pd.read_excel(DATA / "unhcr" / name, engine="calamine")) for name in RESULTS]
    sheet = pd.concat([frame.assign(file=name, line=frame.index + 2) for name, frame in frames], ignore_index=True)
    return sheet.rename(columns=lambda name: str(name).removeprefix("result_indicator_"))


def realisation_by_script() -> pd.Series[float]:
    """Realisation straight from the sheets, by file and line: how much of the promised change has come."""
    sheet = results().set_index(["file", "line"])
    promised = sheet["target_value"] - sheet["baseline_value"]
    achieved = sheet["actual_value"] - sheet["baseline_value"]
    return (achieved / promised.where(promised != 0)).rename("by_script")


def lines_of(path: Path) -> list[int]:
    """The lines on which a file's records begin, without help from the pipeline."""
    if path.suffix == ".xlsx":
        return list(range(2, len(pd.read_excel(path, engine="calamine")) + 2))
    with path.open(encoding="utf-8", newline="") as stream:
        ends = [reader.line_num for reader in [csv.reader(stream)] for _ in reader]
    return [end + 1 for end in ends[:-1]]


def fetch(connection: duckdb.DuckDBPyConnection, query: str, *values: Any) -> list[tuple[Any, ...]]:
    return connection.execute(query, list(values)).fetchall()


def test_every_record_is_accepted_rejected_or_counted_as_filtered(warehouse: duckdb.DuckDBPyConnection) -> None:
    ledger = fetch(
        warehouse,
        "select d.name, c.contract, c.counted, c.accepted, c.rejected, c.filtered "
        "from meta.delivery as d join meta.delivery_contract as c using (delivery_id)",
    )
    records = {path.name: len(lines_of(path)) for paths in FILES.values() for path in paths}
    assert {name: counted for name, _, counted, *_ in ledger} == records
    assert all(counted == accepted + rejected + filtered for *_, counted, accepted, rejected, filtered in ledger)
    kept_back = {(name, contract): (rejected, filtered) for name, contract, _, _, rejected, filtered in ledger}
    assert {key: counts for key, counts in kept_back.items() if any(counts)} == {
        ("iati_result_2022.xlsx", "benefit"): (2, 0),
        ("projects.csv", "cost"): (0, 1919),
    }


def test_every_line_is_found_in_a_raw_table_or_among_the_rejects(warehouse: duckdb.DuckDBPyConnection) -> None:
    lines = {path.name: lines_of(path) for paths in FILES.values() for path in paths}
    delivered = "select d.name, c.contract, d.feed, d.batch_id, c.filtered from meta.delivery as d "
    for name, contract, feed, batch, filtered in fetch(
        warehouse, delivered + "join meta.delivery_contract as c using (delivery_id)"
    ):
        found = fetch(
            warehouse,
            f"select _row from raw.{contract} where _feed = $1 and _batch_id = $2 union all "
            "select _row from meta.rejected_row where feed = $1 and batch_id = $2 and contract = $3 order by all",
            *(feed, batch, contract),
        )
        if filtered == 0:
            assert [line for (line,) in found] == lines[name], (name, contract)
        else:
            assert {line for (line,) in found} < set(lines[name]), (name, contract)


def test_every_accepted_row_ends_in_a_core_table_and_every_benefit_in_the_marts(
    settings: Settings, warehouse: duckdb.DuckDBPyConnection
) -> None:
    contracts = load_contracts(settings.contracts)
    for (contract,) in fetch(warehouse, "select distinct contract from meta.delivery_contract"):
        keys = ", ".join(key.name for key in contracts[contract].keys)
        assert fetch(warehouse, f"from raw.{contract} anti join core.{contract} using ({keys})") == [], contract
    for mart in ("benefit_register", "benefit_period"):
        assert fetch(warehouse, f"from raw.benefit anti join marts.{mart} using (benefit_id)") == [], mart
    assert fetch(warehouse, "select distinct reading_status from core.kpi_reading") == [("used",)]
    counted = "select count(*) from marts.benefit_register"
    with closing_connection(settings.published, read_only=True) as published:
        assert fetch(published, counted) == fetch(warehouse, counted) == [(4419,)]


def test_two_rows_that_contradict_each_other_are_both_kept_back(warehouse: duckdb.DuckDBPyConnection) -> None:
    rejects = fetch(
        warehouse,
        "select d.name, r.contract, r._row, r.rule, r.key_text, r.raw ->> 'result_indicator_baseline_value' "
        "from meta.rejected_row as r join meta.delivery as d using (feed, batch_id) order by r._row",
    )
    key = "XM-DAC-41121-2022-SA-ZAFMCO / Impact 4.2a / South Africa / Refugees and Asylum-seekers"
    assert rejects == [
        ("iati_result_2022.xlsx", "benefit", 1552, "ambiguous", key, "0"),
        ("iati_result_2022.xlsx", "benefit", 1575, "ambiguous", key, "38"),
    ]


def test_realisation_equals_what_a_short_script_makes_of_the_same_sheets(realised: pd.DataFrame) -> None:
    compared = realised.join(realisation_by_script(), on=["file", "line"])
    assert len(compared) == 4419
    assert compared["by_script"].notna().sum() == 2039
    pd.testing.assert_series_equal(compared["realisation_pct"], compared["by_script"], check_names=False, rtol=1e-9)
    pd.testing.assert_series_equal(compared["progress_pct"], compared["by_script"], check_names=False, rtol=1e-9)


def test_a_fall_is_progress_where_the_indicator_should_fall(realised: pd.DataFrame) -> None:
    should_fall = realised[(realised["ascending"] == 0) & (realised["target_value"] < realised["baseline_value"])]
    fell = should_fall[should_fall["actual_value"] < should_fall["baseline_value"]]
    rose = should_fall[should_fall["actual_value"] > should_fall["baseline_value"]]
    assert (len(should_fall), len(fell), len(rose)) == (128, 66, 35)
    assert (fell["actual_improvement"] > 0).all() and (fell["realisation_pct"] > 0).all()
    assert (rose["actual_improvement"] < 0).all() and (rose["rag"] == "red").all()


def test_a_rise_is_progress_where_the_indicator_should_rise(realised: pd.DataFrame) -> None:
    should_rise = realised[(realised["ascending"] == 1) & (realised["target_value"] > realised["baseline_value"])]
    rose = should_rise[should_rise["actual_value"] > should_rise["baseline_value"]]
    fell = should_rise[should_rise["actual_value"] < should_rise["baseline_value"]]
    assert len(should_rise) == 1601
    assert (rose["actual_improvement"] > 0).all() and (rose["realisation_pct"] > 0).all()
    assert (fell["actual_improvement"] < 0).all() and (fell["rag"] == "red").all()


def test_where_target_and_baseline_agree_there_is_no_realisation(
    realised: pd.DataFrame, warehouse: duckdb.DuckDBPyConnection
) -> None:
    held = realised[realised["target_value"] == realised["baseline_value"]]
    assert len(held) == 519
    assert held[["planned_value", "realisation_pct", "progress_pct"]].isna().all(axis=None)
    assert (held["rag"] == "grey").all()
    this_year = held.loc[held["file"] == "iati_result_2023.xlsx", "benefit_id"]
    flagged = fetch(warehouse, "select benefit_id from marts.realisation_gap where gap_code = 'NO_AMBITION'")
    assert sorted(benefit for (benefit,) in flagged) == sorted(this_year)


def test_what_came_short_by_more_than_a_tenth_of_the_promise_is_flagged(
    realised: pd.DataFrame, warehouse: duckdb.DuckDBPyConnection
) -> None:
    this_year = realised[realised["file"] == "iati_result_2023.xlsx"]
    short = this_year[this_year["realisation_pct"] < 1 - TOLERANCE - 1e-9]
    flagged = fetch(warehouse, "select benefit_id from marts.realisation_gap where gap_code = 'DELIVERED_NOT_REALISED'")
    assert len(flagged) == 722
    assert sorted(benefit for (benefit,) in flagged) == sorted(short["benefit_id"])


VERDICT = """
    select
        d.name as file, b._row as line,
        case
            when p.actual_improvement is null then null
            when p.rag = 'green' then 'met'
            when p.progress_pct < -b.tolerance - 1e-9 then 'moved away'
            else 'partly met'
        end as by_mart
    from marts.benefit_period as p join core.benefit as b using (benefit_id)
    join meta.delivery as d on d.feed = b._feed and d.batch_id = b._batch_id
"""


def test_met_partly_met_and_moved_away_are_as_many_as_a_short_script_counts(
    warehouse: duckdb.DuckDBPyConnection,
) -> None:
    script = unhcr_verdicts.verdicts(unhcr_verdicts.read(DATA / "unhcr"))
    both = script.merge(warehouse.execute(VERDICT).df(), on=["file", "line"], validate="one_to_one")
    counts = both["by_mart"].value_counts().to_dict()
    assert counts == both["by_change"].value_counts().to_dict() == {"partly met": 905, "met": 617, "moved away": 517}
    assert (both["by_mart"].fillna("none") == both["by_change"].fillna("none")).all()


def test_the_live_ones_that_moved_away_are_flagged_and_no_others(warehouse: duckdb.DuckDBPyConnection) -> None:
    script = unhcr_verdicts.verdicts(unhcr_verdicts.read(DATA / "unhcr"))
    away = script[(script["by_change"] == "moved away") & (script["file"] == RESULTS[1])]
    flagged = fetch(
        warehouse,
        "select b._row from marts.realisation_gap as g join core.benefit as b using (benefit_id) "
        "where g.gap_code = 'MOVED_AWAY' order by 1",
    )
    assert [line for (line,) in flagged] == sorted(away["line"])
    assert len(flagged) == 309


def test_actual_by_target_gives_another_verdict_on_as_many_as_the_guide_says() -> None:
    table = unhcr_verdicts.compared(unhcr_verdicts.verdicts(unhcr_verdicts.read(DATA / "unhcr")))
    guide = (REPOSITORY / "docs" / "real-input.md").read_text("utf-8")
    for verdict, counts in table.iterrows():
        assert f"| {verdict} | " + " | ".join(f"{counts[name]:,}" for name in ("met", "partly met", "none")) in guide


def test_the_dashboard_s_exchanged_days_and_months_are_put_right(warehouse: duckdb.DuckDBPyConnection) -> None:
    outputs = warehouse.execute("from core.output where forecast_date is not null").df().set_index("project_id")
    source = pd.read_csv(PROJECTS, dtype={"Project ID": str}, index_col="Project ID")
    variance = source["Schedule Variance (days)"].reindex(outputs.index)
    counted_to_its_date = variance == (outputs["baseline_date"] - outputs["forecast_date"]).dt.days
    counted_to_the_dashboard_s_day = variance == (outputs["baseline_date"] - DASHBOARD_DAY).dt.days
    assert len(outputs) == 1546
    assert (counted_to_its_date | counted_to_the_dashboard_s_day).all()
    assert counted_to_its_date[outputs["delivered_date"].notna()].sum() == 531
    assert outputs["delivered_date"].notna().sum() == 531


def test_millions_of_dollars_become_dollars_without_loss(warehouse: duckdb.DuckDBPyConnection) -> None:
    source = pd.read_csv(PROJECTS, dtype=str, index_col="Project ID")
    dollars = {project: Decimal(millions) * 1_000_000 for project, millions in source["Planned Cost ($M)"].items()}
    assert dict(fetch(warehouse, "select project_id, budget from core.project where currency = 'USD'")) == dollars
    assert fetch(warehouse, "select count(*) from core.cost where currency = 'USD'") == [(531,)]
