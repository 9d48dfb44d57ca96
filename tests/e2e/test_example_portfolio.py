"""The example portfolio: what its files hold, and that the warehouse tells exactly the stories that are in them."""

from __future__ import annotations

import csv
import hashlib
from datetime import date
from pathlib import Path

import pytest

from examples.portfolio import write_example
from examples.portfolio.stories import STORIES, as_table
from pipelines.contracts import load_contracts
from pipelines.feeds import load_feeds
from pipelines.ingest import check_feed
from pipelines.settings import REPOSITORY, Settings
from tests.e2e.conftest import AS_OF, Night, spend_a_night

OTHER_DAYS = (date(2026, 8, 9), date(2026, 11, 23), date(2027, 1, 3), date(2027, 2, 28))
BAD_COSTS = 9


def told() -> set[tuple[str, str, str]]:
    return {(story.code, story.subject_type, story.subject_id) for story in STORIES}


def digests(folder: Path) -> dict[str, str]:
    files = (path for path in folder.rglob("*") if path.is_file())
    return {str(path.relative_to(folder)): hashlib.sha256(path.read_bytes()).hexdigest() for path in files}


def test_the_readme_tells_the_stories_in_the_words_of_the_code() -> None:
    assert as_table(STORIES) in (REPOSITORY / "examples" / "README.md").read_text("utf-8")


def test_every_code_of_the_catalogue_has_a_story() -> None:
    with (REPOSITORY / "warehouse" / "seeds" / "gap_catalogue.csv").open(encoding="utf-8") as file:
        implemented = {row["gap_code"] for row in csv.DictReader(file)}
    assert {story.code for story in STORIES} == implemented


def test_the_same_seed_and_day_write_the_same_bytes(tmp_path: Path) -> None:
    for name in ("once", "again"):
        write_example(tmp_path / name / "landing", tmp_path / name / "feeds", as_of=AS_OF)
    assert digests(tmp_path / "once") == digests(tmp_path / "again")


def test_another_seed_or_another_month_writes_other_bytes(tmp_path: Path) -> None:
    write_example(tmp_path / "a" / "landing", tmp_path / "feeds", as_of=AS_OF)
    write_example(tmp_path / "b" / "landing", tmp_path / "feeds", as_of=AS_OF, seed=7)
    write_example(tmp_path / "c" / "landing", tmp_path / "feeds", as_of=date(2026, 7, 31))
    one, other_seed, other_month = (digests(tmp_path / name) for name in "abc")
    assert one.keys() == other_seed.keys()
    assert one != other_seed
    assert one.keys() != other_month.keys()


def test_a_second_copy_adds_as_much_again_under_other_identifiers(tmp_path: Path) -> None:
    write_example(tmp_path / "landing", tmp_path / "feeds", size=2, as_of=AS_OF)
    catalogue = next((tmp_path / "landing" / "kpi_catalogue").iterdir())
    with catalogue.open(encoding="utf-8") as file:
        identifiers = [row["kpi"] for row in csv.DictReader(file)]
    assert len(identifiers) == len(set(identifiers))
    assert sorted(f"2-{name}" for name in identifiers if name[:2] != "2-") == sorted(
        name for name in identifiers if name[:2] == "2-"
    )


def test_a_size_below_one_is_no_size(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="size"):
        write_example(tmp_path / "landing", tmp_path / "feeds", size=0)


def test_its_feeds_deliver_all_nineteen_contracts() -> None:
    settings = Settings(home=Path("unused"), feeds=REPOSITORY / "examples" / "feeds" / "portfolio")
    delivered = {name for feed in load_feeds(settings.feeds).values() for name in check_feed(settings, feed)}
    assert delivered == set(load_contracts(settings.contracts))
    assert len(delivered) == 19


def test_exactly_the_gaps_of_the_stories_stand(night: Night) -> None:
    assert night.gaps() - told() == set()
    assert told() - night.gaps() == set()


@pytest.mark.soak
@pytest.mark.parametrize("day", OTHER_DAYS, ids=str)
def test_the_stories_hold_whatever_day_it_is(tmp_path: Path, day: date) -> None:
    assert spend_a_night(tmp_path, day).gaps() == told()


def test_every_contract_has_rows(night: Night) -> None:
    counts = {
        name: night.rows(f"select count(*) from raw.{name}")[0][0] for name in load_contracts(night.settings.contracts)
    }
    assert [name for name, count in counts.items() if not count] == []


def test_one_file_is_refused_because_a_column_has_another_name(night: Night) -> None:
    assert night.swept.failures == []
    assert [(outcome.feed, outcome.rule) for outcome in night.swept.refused] == [("agency_portal", "missing_column")]


def test_one_row_in_a_hundred_of_the_current_costs_is_rejected_and_no_other(night: Night) -> None:
    rejecting = [outcome for outcome in night.swept.outcomes if outcome.rejected]
    assert [(outcome.feed, outcome.rejected) for outcome in rejecting] == [("finance_costs", BAD_COSTS)]
    assert rejecting[0].counted // 100 == BAD_COSTS
    rules = night.rows("select distinct rule from meta.rejected_row order by rule")
    assert [rule for (rule,) in rules] == ["allowed_values", "expression", "precision"]


def test_a_project_that_left_the_register_is_closed_and_remembered(night: Night) -> None:
    assert night.rows("select 1 from core.project where project_id = 'P-706'") == []
    assert night.rows("select 1 from staging.project_version where project_id = 'P-706' and not is_closed") != []


def test_owners_come_from_their_own_list_and_everything_else_from_the_register(night: Night) -> None:
    [(owner, name, target)] = night.rows(
        "select owner, name, target_value from core.benefit where benefit_id = 'B-501'"
    )
    assert (owner, name, target) == ("Beatrix Holloway", "Less agency nursing at Merrowdale", 310)


def test_an_old_extract_that_arrives_last_fills_a_hole_and_corrects_nothing(night: Night) -> None:
    query = """
        select reading.kpi_id, delivery.name from core.kpi_reading as reading
        join meta.delivery as delivery on delivery.batch_id = reading._batch_id
        where (reading.kpi_id, reading.dimension) in (('ULCERS', ''), ('DNA', 'Kingsferry'))
        and delivery.name like '%sent_again%'
    """
    assert [kpi for kpi, _ in night.rows(query)] == ["ULCERS"]


def test_the_corrected_weeks_of_theatre_utilisation_stand(night: Night) -> None:
    query = """
        select max(value) from core.kpi_reading
        where kpi_id = 'TH-UTIL' and dimension = 'Kingsferry' and reading_status = 'used'
    """
    [(highest,)] = night.rows(query)
    assert highest < 80
    query = "select count(*) from raw.kpi_reading where kpi_id = 'TH-UTIL' and dimension = 'Kingsferry' and value > 82"
    assert night.rows(query)[0][0] > 20


def test_readings_that_cannot_count_are_kept_and_say_why(night: Night) -> None:
    counts = dict(night.rows("select reading_status, count(*) from core.kpi_reading group by 1"))
    assert {status: count for status, count in counts.items() if status != "used"} == {
        "superseded_in_period": 1,
        "unit_mismatch": 1,
        "unknown_kpi": 3,
    }


def test_most_of_the_portfolio_is_healthy(night: Night) -> None:
    [(untroubled, benefits)] = night.rows(
        "select count(*) filter (where open_gap_count = 0), count(*) from marts.benefit_register"
    )
    assert untroubled > 0.55 * benefits


def test_the_gravest_gap_is_worth_most_and_says_so_in_a_sentence(night: Night) -> None:
    [(subject, amount, message)] = night.rows(
        "select subject_id, amount_at_stake, message from marts.realisation_gap "
        "where severity = 'critical' order by amount_at_stake desc limit 1"
    )
    assert subject == "B-501"
    assert 65_000 < amount < 80_000
    assert "Less agency nursing at Merrowdale" in message
