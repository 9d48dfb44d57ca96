from __future__ import annotations

import json
import os
import pwd
import sys
from pathlib import Path
from typing import Any

import pytest

from pipelines import warehouse
from pipelines.audit import audit
from pipelines.cli import main
from pipelines.errors import ConfigError, LakeDamaged
from pipelines.lake import standing
from pipelines.replay import Replayed, overriding, replay
from tests.door import HEADER, MAPPING, Door, reading, readings

WRONG = {**MAPPING, "value": "value::double * 10"}


def files(folder: Path) -> dict[str, bytes]:
    """Every file below a folder with its bytes, but locks."""
    return {
        str(path.relative_to(folder)): path.read_bytes()
        for path in sorted(folder.rglob("*"))
        if path.is_file() and not path.name.startswith(".lock")
    }


def deliver_wrongly(door: Door) -> str:
    """A file read under a wrong mapping, which is then mended; its batch."""
    door.mapped(WRONG)
    batch = door.deliver(HEADER + reading("A", value=1) + reading("B", value=2)).batch_id
    door.mapped(MAPPING)
    return batch


def only(results: list[Replayed]) -> Replayed:
    (result,) = results
    return result


def test_a_replay_is_a_new_attempt_and_leaves_the_first_as_it_was(door: Door) -> None:
    batch = deliver_wrongly(door)
    before = files(door.settings.lake)
    result = only(replay(door.settings, [batch]))
    assert (result.status_before, result.status, result.batch_id) == ("accepted", "accepted", f"{batch}-2")
    after = files(door.settings.lake)
    assert {name: after[name] for name in before} == before
    first, second = door.manifests()
    assert (second.replays, second.root_id, second.name) == (first.delivery_id, first.delivery_id, first.name)
    assert second.received_at > first.received_at


def test_a_replay_says_what_it_changes(door: Door) -> None:
    batch = deliver_wrongly(door)
    door.mapped({**MAPPING, "kpi_id": "case kpi_id when 'B' then 'C' else kpi_id end"})
    (change,) = only(replay(door.settings, [batch])).changes
    assert (change.contract, change.accepted_before, change.accepted) == ("kpi_reading", 2, 2)
    assert (change.keys_added, change.keys_removed, change.keys_changed, change.columns) == (1, 1, 1, {"value": 1})


def test_a_dry_run_says_the_same_and_does_nothing(door: Door) -> None:
    batch = deliver_wrongly(door)
    before = files(door.settings.home)
    tried = only(replay(door.settings, [batch], dry_run=True))
    assert files(door.settings.home) == before
    done = only(replay(door.settings, [batch]))
    assert (tried.status, tried.changes) == (done.status, done.changes)


def test_an_accepted_batch_that_is_read_today_as_it_was_is_left_alone(door: Door) -> None:
    batch = deliver_wrongly(door)
    replay(door.settings, [batch])
    before = files(door.settings.home)
    for name in (batch, f"{batch}-2"):
        assert only(replay(door.settings, [name])).unchanged
    assert files(door.settings.home) == before


def test_a_refused_delivery_is_accepted_once_it_can_be_read(door: Door) -> None:
    door.feed()
    content = HEADER + reading("A") + reading("B", value="?")
    refused = door.deliver(content)
    assert refused.rule == "tolerance"
    still = only(replay(door.settings, [refused.batch_id]))
    assert (still.status, still.rule) == ("refused", "tolerance")
    door.feed(tolerance={"rejected_rows": "50%"})
    result = only(replay(door.settings, [refused.batch_id]))
    assert (result.status_before, result.status) == ("refused", "accepted")
    assert [m.status for m in standing(door.manifests())] == ["accepted"]
    assert door.deliver(content).status == "repeat"


def test_a_replay_that_is_refused_leaves_the_earlier_attempt_standing(door: Door) -> None:
    batch = deliver_wrongly(door)
    door.mapped({**MAPPING, "value": "no_such_column"})
    result = only(replay(door.settings, [batch]))
    assert (result.status_before, result.status) == ("accepted", "refused")
    assert [m.batch_id for m in standing(door.manifests())] == [batch]


def test_every_delivery_that_asserts_the_batch_is_replayed_in_its_own_place(door: Door) -> None:
    batch = deliver_wrongly(door)
    door.mapped(WRONG)
    other = door.deliver(HEADER + reading("A", value=9)).batch_id
    door.deliver(HEADER + reading("A", value=1) + reading("B", value=2))
    door.mapped(MAPPING)
    assert [result.batch_id for result in replay(door.settings, [batch])] == [f"{batch}-2"] * 2
    assert [m.batch_id for m in standing(door.manifests())] == [f"{batch}-2", other, f"{batch}-2"]


def test_a_correction_that_came_later_stays_in_force(door: Door) -> None:
    batch = deliver_wrongly(door)
    door.deliver(HEADER + reading("A", value=7))
    replay(door.settings, [batch])
    warehouse.load(door.settings)
    places = door.warehouse("select batch_id from meta.delivery where withdrawn_at is null order by placed_at, root_id")
    assert [place[0].removesuffix("-2") == batch for place in places] == [True, False]


def test_the_ledger_knows_until_when_an_attempt_stood(door: Door) -> None:
    batch = deliver_wrongly(door)
    replay(door.settings, [batch])
    warehouse.load(door.settings)
    (first, second) = door.warehouse(
        "select batch_id, known_from, withdrawn_at, placed_at, received_at from meta.delivery order by delivery_id"
    )
    assert (first[0], second[0]) == (batch, f"{batch}-2")
    assert first[2] == second[1] == second[4]
    assert (second[2], second[3]) == (None, first[4])


def test_the_same_bytes_after_a_replay_are_a_repeat_and_earlier_bytes_a_new_delivery(door: Door) -> None:
    one, two = HEADER + reading("A", value=1), HEADER + reading("A", value=2)
    door.mapped(WRONG)
    first = door.deliver(one).batch_id
    door.deliver(two)
    door.mapped(MAPPING)
    replay(door.settings, [first])
    assert door.deliver(two).status == "repeat"
    again = door.deliver(one)
    assert (again.status, again.batch_id) == ("accepted", f"{first}-2")


def test_a_batch_that_nobody_knows_or_that_two_feeds_have_is_asked_back(door: Door) -> None:
    with pytest.raises(ConfigError, match="There is no batch 0123: `fruition deliveries` lists them"):
        replay(door.settings, ["0123"])
    batch = door.deliver(readings(1)).batch_id
    door.feed("others")
    door.deliver(readings(1), feed="others")
    with pytest.raises(ConfigError, match=f"give one of others/{batch}, readings/{batch}"):
        replay(door.settings, [batch])
    assert only(replay(door.settings, [f"others/{batch}"])).feed == "others"


def test_bytes_that_are_gone_or_altered_are_not_replayed(door: Door) -> None:
    batch = deliver_wrongly(door)
    (path,) = (door.settings.archive / "readings").glob("*.csv")
    path.chmod(0o644)
    path.write_bytes(b"something else")
    with pytest.raises(LakeDamaged, match="was altered"):
        replay(door.settings, [batch])
    path.unlink()
    with pytest.raises(LakeDamaged, match="is missing"):
        replay(door.settings, [batch])


def test_a_feed_that_is_gone_says_so(door: Door) -> None:
    batch = deliver_wrongly(door)
    (door.settings.feeds / "readings.yml").unlink()
    with pytest.raises(ConfigError, match=r"The feed readings is gone: put readings\.yml back"):
        replay(door.settings, [batch])


def test_manifests_of_before_replays_are_read(door: Door) -> None:
    door.deliver(readings(1))
    (path,) = (door.settings.lake / "_manifests" / "readings").glob("*.json")
    document: dict[str, Any] = json.loads(path.read_text())
    del document["replays"]
    path.write_text(json.dumps(document))
    assert door.manifests()[0].replays is None


HALF_SOUND = HEADER + reading("A") + reading("B", value="?")
OVERRIDE = overriding("  The second line\n is a test. ", "ada")


def test_a_tolerance_is_overridden_once_and_the_ledger_says_why_and_by_whom(door: Door) -> None:
    door.feed()
    refused = door.deliver(HALF_SOUND)
    assert refused.rule == "tolerance"
    result = only(replay(door.settings, [refused.batch_id], override=OVERRIDE))
    assert (result.status_before, result.status) == ("refused", "accepted")
    (change,) = result.changes
    assert (change.accepted, change.rejected) == (1, 1)
    warehouse.load(door.settings)
    columns = "status, accepted, rejected, override_reason, override_by"
    assert door.warehouse(f"select {columns} from meta.delivery order by delivery_id") == [
        ("refused", 0, 0, None, None),
        ("accepted", 1, 1, "The second line is a test.", "ada"),
    ]
    assert door.warehouse("select kpi_id from raw.kpi_reading") == [("A",)]
    assert not audit(door.settings).findings


def test_what_was_overridden_comes_out_the_same_from_the_lake_alone(door: Door) -> None:
    door.feed()
    replay(door.settings, [door.deliver(HALF_SOUND).batch_id], override=OVERRIDE)
    ledger = "select * from meta.delivery order by delivery_id"
    warehouse.load(door.settings)
    before = door.warehouse(ledger), door.warehouse("from raw.kpi_reading")
    door.settings.warehouse.unlink()
    warehouse.load(door.settings)
    assert (door.warehouse(ledger), door.warehouse("from raw.kpi_reading")) == before


def test_an_override_holds_for_that_delivery_alone(door: Door) -> None:
    door.feed()
    replay(door.settings, [door.deliver(HALF_SOUND).batch_id], override=OVERRIDE)
    assert door.deliver(HALF_SOUND).status == "repeat"
    door.deliver(readings(1))
    again = door.deliver(HALF_SOUND)
    assert (again.status, again.rule) == ("refused", "tolerance")


def test_an_override_lets_no_other_rule_go(door: Door) -> None:
    door.feed()
    refused = door.deliver(HALF_SOUND)
    door.mapped({**MAPPING, "value": "no_such_column"}, tolerance={"rejected_rows": "5%"})
    result = only(replay(door.settings, [refused.batch_id], override=OVERRIDE))
    assert (result.status, result.rule) == ("refused", "missing_column")
    with pytest.raises(ConfigError, match="refused for missing_column, which cannot be overridden"):
        replay(door.settings, [refused.batch_id], override=OVERRIDE)


def test_an_override_of_what_is_not_refused_is_refused_and_changes_nothing(door: Door) -> None:
    door.feed()
    refused = door.deliver(HALF_SOUND)
    accepted = door.deliver(readings(1))
    replay(door.settings, [refused.batch_id], override=OVERRIDE)
    before = files(door.settings.home)
    for batch in (accepted.batch_id, refused.batch_id, f"{refused.batch_id}-2"):
        with pytest.raises(ConfigError, match="is not refused"):
            replay(door.settings, [batch], override=OVERRIDE)
    assert files(door.settings.home) == before


def test_a_dry_run_of_an_override_does_nothing(door: Door) -> None:
    door.feed()
    refused = door.deliver(HALF_SOUND)
    before = files(door.settings.home)
    assert only(replay(door.settings, [refused.batch_id], dry_run=True, override=OVERRIDE)).status == "accepted"
    assert files(door.settings.home) == before


@pytest.mark.parametrize("reason", ["", " \n\t", "x" * 501])
def test_an_override_without_a_reason_or_with_a_novel_is_refused(reason: str) -> None:
    with pytest.raises(ConfigError, match="reason"):
        overriding(reason, "ada")


@pytest.mark.parametrize(
    ("options", "code"),
    [
        (["--override-tolerance"], 2),
        (["--override-tolerance", "--reason", "  "], 2),
        (["--reason", "for nothing"], 2),
        ([], 1),
        (["--override-tolerance", "--reason", "A test line."], 0),
    ],
)
def test_the_command_line_wants_a_reason_and_keeps_the_callers_name(
    door: Door, monkeypatch: pytest.MonkeyPatch, options: list[str], code: int
) -> None:
    door.feed()
    batch = door.deliver(HALF_SOUND).batch_id
    monkeypatch.setenv("FRUITION_HOME", str(door.settings.home))
    monkeypatch.setenv("FRUITION_FEEDS", str(door.settings.feeds))
    monkeypatch.setattr(sys, "argv", ["fruition", "replay", batch, *options])
    with pytest.raises(SystemExit) as ended:
        main()
    assert ended.value.code == code
    last = door.manifests()[-1]
    overridden = (last.override_reason, last.override_by)
    assert overridden == (("A test line.", pwd.getpwuid(os.getuid()).pw_name) if code == 0 else (None, None))
