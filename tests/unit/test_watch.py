from __future__ import annotations

import os
import time
from itertools import pairwise
from pathlib import Path

import pytest

from pipelines import landing, receive
from pipelines.landing import Claim
from pipelines.watch import CLAIMED_FOR, NOTHING, SAY_AGAIN_AFTER, SAY_AGAIN_WITHIN, Announcements, Waiting, Watch
from tests.door import HEADER, NAME, Door, reading

FILE = HEADER + reading()


@pytest.fixture
def watch(door: Door, monkeypatch: pytest.MonkeyPatch) -> Watch:
    monkeypatch.setattr(landing, "SETTLE_SECONDS", 5.0)
    return Watch(door.settings)


def names(watch: Watch, moment: float = 0.0, feed: str = NAME) -> set[str]:
    return {name for name, *_ in watch.waiting(moment).get(feed, NOTHING)}


def test_an_atomic_feed_s_file_waits_at_once_and_until_it_is_taken(door: Door, watch: Watch) -> None:
    feed = door.feed()
    assert watch.waiting(0.0) == {}
    door.drop(FILE)
    assert names(watch, 0.5) == names(watch, 1.0) == {"readings.csv"}
    receive.receive(door.settings, feed)
    assert watch.waiting(1.5) == {}


def test_a_file_whose_claim_was_put_back_is_no_news(door: Door, watch: Watch) -> None:
    door.feed()
    path = door.drop(FILE)
    said, before = Announcements(), watch.waiting(0.0)[NAME]
    assert said.due(before, 0.0)
    path.rename(path.with_name(".claimed")).rename(path)  # its entry has changed, itself it has not
    assert watch.waiting(0.5)[NAME] == before
    assert not said.due(before, 0.5)


def test_an_atomic_feed_s_file_that_grows_all_the_same_is_said_once_and_again_when_it_rests(
    door: Door, watch: Watch
) -> None:
    door.feed()
    path, said, moments = door.drop(FILE), Announcements(), []
    for step in range(40):
        moment = step / 2
        if 0 < step <= 20:
            path.write_bytes(path.read_bytes() + reading(f"K{step}").encode())
            if step == 10:  # a run takes it, and puts it back since it changes
                claim = Claim.new(path.parent, path.name)
                path.rename(claim.path)
                assert names(watch, moment - 0.1) == set()
                claim.put_back(path.parent)
        if said.due(watch.waiting(moment).get(NAME, NOTHING), moment):
            moments.append(moment)
    assert moments == [0.0, 15.0]


def test_another_file_of_the_same_name_is_news_at_once(door: Door, watch: Watch) -> None:
    door.feed()
    path, said = door.drop(FILE), Announcements()
    assert said.due(watch.waiting(0.0)[NAME], 0.0)
    door.drop(FILE + reading("K2"), "readings.csv.part").rename(path)
    assert said.due(watch.waiting(0.5)[NAME], 0.5)


def test_a_settled_feed_s_file_waits_once_it_was_seen_unchanged_for_long_enough(door: Door, watch: Watch) -> None:
    door.feed(arrival="settled")
    path = door.drop(FILE)
    assert names(watch, 0.0) == names(watch, 4.9) == set()
    path.write_text(FILE + reading("K2"))
    assert names(watch, 5.1) == names(watch, 10.0) == set()
    assert names(watch, 10.2) == {"readings.csv"}


def test_a_settled_feed_s_file_that_is_old_by_the_clock_waits_at_first_sight(
    door: Door, watch: Watch, monkeypatch: pytest.MonkeyPatch
) -> None:
    door.feed(arrival="settled")
    door.drop(FILE)
    monkeypatch.setattr(landing, "SETTLE_SECONDS", 0.05)
    time.sleep(0.1)
    assert names(watch) == {"readings.csv"}


def test_a_file_dated_in_the_future_waits_once_it_rests(door: Door, watch: Watch) -> None:
    door.feed(arrival="settled")
    os.utime(door.drop(FILE), (time.time() + 86400,) * 2)
    assert names(watch, 0.0) == set()
    assert names(watch, 5.0) == {"readings.csv"}


def test_what_is_unfinished_or_not_the_feed_s_does_not_wait(door: Door, watch: Watch) -> None:
    door.feed(source={"kind": "landing", "pattern": "*.csv"})
    for name in (".hidden.csv", "x.csv.part", "x.csv.tmp", "other.txt"):
        door.drop(FILE, name)
    (door.landing() / "link.csv").symlink_to("/etc/hostname")
    (door.landing() / "folder.csv").mkdir()
    assert watch.waiting(0.0) == {}
    (door.landing() / "x.csv.part").rename(door.landing() / "x.csv")
    assert names(watch) == {"x.csv"}


def test_what_a_stopped_run_had_claimed_waits_after_a_while(door: Door, watch: Watch) -> None:
    door.feed()
    path = door.drop(FILE)
    path.rename(Claim.new(path.parent, path.name).path)
    assert names(watch, 0.0) == names(watch, CLAIMED_FOR - 1) == set()
    assert names(watch, CLAIMED_FOR) == {"readings.csv"}


def test_one_watch_sees_every_feed_and_those_that_are_added_changed_or_broken_meanwhile(
    door: Door, watch: Watch
) -> None:
    door.feed("one")
    door.feed("two")
    for feed in ("one", "two", "three"):
        door.drop(FILE, feed=feed)
    assert set(watch.waiting(0.0)) == {"one", "two"}
    door.feed("three")
    door.feed("one", source={"kind": "landing", "pattern": "*.nothing"})
    (door.settings.feeds / "two.yml").write_text("sorce: nowhere")
    assert set(watch.waiting(0.5)) == {"three"}


def test_a_folder_that_cannot_be_read_is_said_once_and_stops_no_other_feed(
    door: Door, watch: Watch, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    door.feed("one")
    door.feed("two")
    for feed in ("one", "two"):
        door.drop(FILE, feed=feed)
    really = Path.iterdir

    def gone(path: Path) -> object:
        if path.name == "one":
            raise OSError(116, "Stale file handle")
        return really(path)

    with monkeypatch.context() as share:
        share.setattr(Path, "iterdir", gone)
        assert set(watch.waiting(0.0)) == set(watch.waiting(0.5)) == {"two"}
    assert [record.getMessage().partition(":")[0] for record in caplog.records] == [
        "landing/one cannot be read (Stale file handle)"
    ]
    assert set(watch.waiting(1.0)) == {"one", "two"}


def waits(*names: str) -> Waiting:
    return frozenset((name, 1, 1) for name in names)


def test_what_is_new_is_said_at_once_and_nothing_is_said_of_nothing() -> None:
    said = Announcements()
    assert not said.due(NOTHING, 0.0)
    assert said.due(waits("a"), 0.5)
    assert not said.due(waits("a"), 1.0)
    assert said.due(waits("a", "b"), 1.5)
    assert not said.due(waits("b"), 2.0)
    assert not said.due(NOTHING, 1e6)
    assert said.due(frozenset({("b", 2, 2)}), 1e6)


def test_what_is_not_taken_is_said_again_ever_more_rarely_but_for_ever() -> None:
    said = Announcements()
    moments = [moment for moment in range(5 * 3600) if said.due(waits("a"), moment)]
    pauses = [later - earlier for earlier, later in pairwise(moments)]
    assert pauses[:4] == [SAY_AGAIN_AFTER * factor for factor in (1, 2, 4, 8)]
    assert pauses[-1] == SAY_AGAIN_WITHIN
    assert len(moments) < 15
    assert said.due(waits("a", "b"), moments[-1] + 1)
    assert said.due(waits("a", "b"), moments[-1] + 1 + SAY_AGAIN_AFTER)
