from __future__ import annotations

from datetime import datetime
from pathlib import Path

import pytest

from pipelines import ingest
from pipelines.lake import Lake
from pipelines.landing import claims
from pipelines.receive import receive
from tests.door import HEADER, NAME, Door, reading, readings

A, B = HEADER + reading(value=1), HEADER + reading(value=2)


class Killed(BaseException):
    """A process that ends at once: nobody catches it."""


def kill(*arguments: object, **named: object) -> None:
    raise Killed


def test_the_same_bytes_again_are_a_repeat_under_whatever_name(door: Door) -> None:
    first, second = door.deliver(A), door.deliver(A, "another.csv")
    assert (first.status, second.status, second.batch_id) == ("accepted", "repeat", first.batch_id)
    assert len(door.rows()) == 1


def test_other_bytes_under_the_same_name_are_a_new_delivery(door: Door) -> None:
    first, second = door.deliver(A), door.deliver(B)
    assert (second.status, second.batch_id == first.batch_id) == ("accepted", False)


def test_the_bytes_of_an_earlier_delivery_again_assert_them_anew_without_storing_them_twice(door: Door) -> None:
    first, _, third = door.deliver(A), door.deliver(B), door.deliver(A)
    assert (third.status, third.batch_id, third.accepted) == ("accepted", first.batch_id, 1)
    assert len(door.rows()) == 2
    assert door.deliver(A).status == "repeat"


def test_the_same_bytes_with_another_as_at_are_no_repeat(door: Door) -> None:
    door.feed(as_at={"pattern": r"(\d{4}-\d\d-\d\d)"})
    outcomes = [door.deliver(A, f"r_{day}.csv").status for day in ("2026-01-01", "2026-01-02", "2026-01-02")]
    assert outcomes == ["accepted", "accepted", "repeat"]
    assert [m.as_at for m in door.manifests()][:2] == [datetime(2026, 1, 1), datetime(2026, 1, 2)]


@pytest.mark.parametrize("name", ["readings.csv", "r_2026-13-45.csv", "r_.csv"])
def test_a_name_that_does_not_say_its_date_is_refused(door: Door, name: str) -> None:
    door.feed(as_at={"pattern": r"r_(\d{4}-\d\d-\d\d)?"})
    outcome = door.deliver(A, name)
    assert (outcome.status, outcome.rule) == ("refused", "as_at")


def test_an_ancient_date_in_a_name_can_be_read_back(door: Door) -> None:
    door.feed(as_at={"pattern": r"(\d{4}-\d\d-\d\d)"})
    door.deliver(A, "r_0206-01-05.csv")
    assert [m.as_at for m in door.manifests()] == [datetime(206, 1, 5)]


def test_a_moment_with_an_offset_in_a_name_becomes_utc(door: Door) -> None:
    door.feed(as_at={"pattern": r"_(.+)\.csv", "format": "%Y%m%dT%H%M%z"})
    door.deliver(A, "r_20260105T2300+0100.csv")
    assert [m.as_at for m in door.manifests()] == [datetime(2026, 1, 5, 22)]


def test_refused_bytes_sent_again_are_a_new_attempt_under_a_mended_feed(door: Door) -> None:
    door.mapped({"kpi_id": "kpi_id", "period_start": "day", "value": "wert"})
    first = door.deliver(A)
    door.feed()
    second = door.deliver(A)
    assert (first.status, first.rule, second.status) == ("refused", "missing_column", "accepted")
    assert second.batch_id == f"{first.batch_id}-2"


def test_a_refused_delivery_leaves_the_landing_folder_and_keeps_its_bytes_and_a_report(door: Door) -> None:
    outcome = door.deliver(HEADER)
    assert (outcome.status, outcome.rule) == ("refused", "empty")
    assert [path.name for path in door.landing().iterdir()] == [".claimed"]
    (kept,) = (door.settings.archive / NAME).iterdir()
    report = door.report(outcome)
    assert report["archived"] == f"archive/{NAME}/{kept.name}"
    assert (report["rule"], report["message"], report["next_step"]) == ("empty", outcome.message, outcome.next_step)
    assert kept.read_text() == HEADER


def test_a_delivery_over_its_tolerance_is_refused_with_a_summary_and_its_rejects_are_kept(door: Door) -> None:
    outcome = door.deliver(readings(9) + reading("K10", value="x"))
    assert (outcome.status, outcome.rule) == ("refused", "tolerance")
    assert door.rejects() == [(11, "value", "type")]
    (summary,) = door.report(outcome)["rejected_rows"]
    assert list(summary.values())[-1] == [11]
    assert not (door.settings.lake / "kpi_reading").exists()


def test_as_many_rejects_as_the_tolerance_allows_are_tolerated_and_not_one_more(door: Door) -> None:
    door.feed(tolerance={"rejected_rows": "10%"})
    at_the_bound = readings(9) + reading("X", value="x")
    beyond = readings(8) + reading("X", value="x")
    assert [door.deliver(at_the_bound).status, door.deliver(beyond).status] == ["accepted", "refused"]


def test_one_bad_row_in_a_hundred_is_rejected_at_its_line_and_the_others_are_loaded(door: Door) -> None:
    lines = [reading(f"K{n}", unit='"two\nlines"', value="bad" if n % 100 == 50 else n) for n in range(500)]
    outcome = door.deliver(HEADER + "".join(lines))
    assert (outcome.counted, outcome.accepted, outcome.rejected) == (500, 495, 5)
    assert door.rejects() == [(2 + 2 * n, "value", "type") for n in range(50, 500, 100)]
    assert [row[-1] for row in door.rows()] == [2 + 2 * n for n in range(500) if n % 100 != 50]


def test_an_empty_snapshot_is_refused_unless_the_feed_says_it_may_be(door: Door) -> None:
    columns = {"kpi_id": "kpi_id", "period_start": "day", "value": "value"}
    door.mapped(columns, where="kpi_id = 'none'", mode="snapshot")
    assert door.deliver(A).rule == "empty"
    door.mapped(columns, where="kpi_id = 'none'", mode="snapshot", allow_empty=True)
    assert (door.deliver(B).status, door.deliver(HEADER).status) == ("accepted", "accepted")


def test_conservation_that_does_not_hold_refuses_the_delivery(door: Door, monkeypatch: pytest.MonkeyPatch) -> None:
    from pipelines.readers import csv as csv_reader
    from pipelines.readers.framing import frame

    def counted_one_more(*arguments: object) -> object:
        framing = frame(*arguments)  # type: ignore[arg-type]
        framing.counted += 1
        return framing

    monkeypatch.setattr(csv_reader, "frame", counted_one_more)
    outcome = door.deliver(A)
    assert (outcome.status, outcome.rule) == ("refused", "conservation")


@pytest.mark.parametrize("contract", ["kpi_reading"])
@pytest.mark.parametrize("stage", ["claimed", "archived", "batch written", "committed"])
def test_a_run_that_is_killed_anywhere_is_finished_by_the_next(
    door: Door, monkeypatch: pytest.MonkeyPatch, stage: str, contract: str
) -> None:
    feed = door.feed()
    door.drop(A)
    with monkeypatch.context() as patch, pytest.raises(Killed):
        if stage == "claimed":
            patch.setattr("pipelines.archive.keep", kill)
        if stage == "batch written":
            patch.setattr(Lake, "commit", kill)
        if stage == "committed":
            patch.setattr("pipelines.landing.Claim.release", kill)
        receive(door.settings, feed)
        if stage == "archived":
            kill()
        ingest.ingest(door.settings, feed)
    assert len(claims(door.settings, NAME)) == 1
    assert [one.status for one in ingest.ingest(door.settings, feed)] == ["accepted"]
    assert claims(door.settings, NAME) == []
    assert [(m.status, m.accepted) for m in door.manifests()] == [("accepted", 1)]
    assert len(door.rows(contract=contract)) == 1
    assert ingest.ingest(door.settings, feed) == []


def test_what_a_killed_run_left_in_its_workspace_is_cleared_away(door: Door) -> None:
    left = Lake.of(door.settings).workspaces(NAME) / ".work-x" / "framed.csv"
    left.parent.mkdir(parents=True)
    left.write_text("x")
    door.deliver(A)
    assert not left.parent.exists()
    assert not list(Lake.of(door.settings).workspaces(NAME).glob("*"))


def test_two_hashes_with_the_same_beginning_get_batches_of_their_own(door: Door) -> None:
    door.deliver(A)
    (manifest,) = door.manifests()
    other = manifest.changed(sha256=manifest.sha256[:16] + "0" * 48)
    assert other.next_batch_id([manifest]) == f"{manifest.batch_id}-2"


def test_the_bytes_are_framed_from_the_archive_and_not_from_the_landing_folder(door: Door, tmp_path: Path) -> None:
    feed = door.feed()
    path = door.drop(A)
    receive(door.settings, feed)
    path.write_text(B)
    ingest.ingest(door.settings, feed)
    assert [row[3] for row in door.rows()] == [1.0]


def test_the_bytes_of_an_earlier_delivery_are_read_anew_where_the_feed_was_mended_since(door: Door) -> None:
    first, _ = door.deliver(A), door.deliver(B)
    door.mapped({"kpi_id": "kpi_id", "period_start": "day", "value": "2 * value::double"})
    third = door.deliver(A)
    assert (third.status, third.batch_id) == ("accepted", f"{first.batch_id}-2")
    assert sorted(row[3] for row in door.rows()) == [1, 2, 2]


def test_a_repeat_says_that_the_feed_has_changed_since(door: Door) -> None:
    door.deliver(A)
    assert "changed" not in (door.deliver(A).message or "")
    door.mapped({"kpi_id": "kpi_id", "period_start": "day", "value": "2 * value::double"})
    assert "changed since" in (door.deliver(A).message or "")


def test_accepted_rows_that_a_rule_finds_odd_are_counted_as_warnings(door: Door) -> None:
    outcome = door.deliver(HEADER + reading(kpi=" K1") + reading(kpi="K2"))
    assert (outcome.accepted, outcome.warnings) == (2, {"kpi_reading.padded_id": 1})
