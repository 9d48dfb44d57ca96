from __future__ import annotations

import os
import threading
import time
from pathlib import Path

import pytest

from pipelines import archive, landing, receive
from pipelines.errors import ConfigError, SourceUnavailable
from pipelines.landing import Claim, claims
from tests.door import HEADER, NAME, Door, reading

FILE = HEADER + reading()


def reasons(door: Door) -> dict[str, str]:
    return {left.name: left.reason for left in door.sweep().left}


def test_only_regular_files_of_the_feed_s_pattern_are_taken(door: Door) -> None:
    door.feed(source={"kind": "landing", "pattern": "*.csv"})
    door.drop(FILE, "good.csv")
    door.drop(FILE, "other.txt")
    folder = door.landing()
    (folder / "link.csv").symlink_to("/etc/hostname")
    (folder / "folder.csv").mkdir()
    os.mkfifo(folder / "pipe.csv")
    (folder / "a=b").mkdir()
    assert reasons(door) == {
        "other.txt": "does not match the feed's pattern *.csv",
        "link.csv": "is a symbolic link; only regular files are taken",
        "folder.csv": "is no regular file",
        "pipe.csv": "is no regular file",
        "a=b": "is no regular file",
    }
    assert [manifest.name for manifest in door.manifests()] == ["good.csv"]
    assert not (folder / "good.csv").exists()


def test_dotfiles_and_unfinished_files_are_left_alone_without_a_word(door: Door) -> None:
    door.feed()
    for name in (".hidden.csv", "x.csv.part", "x.tmp"):
        door.drop(FILE, name)
    swept = door.sweep()
    assert (swept.outcomes, swept.left) == ([], [])
    assert len(list(door.landing().iterdir())) == 3


@pytest.mark.parametrize(
    "name", ["x[ab]*?.csv", "a b'\"{}%.csv", "$(rm -rf).csv", "é\u00a0日本.csv", "n" * 251 + ".csv"]
)
def test_a_file_s_name_may_be_anything_that_is_text(door: Door, name: str) -> None:
    assert (door.deliver(FILE, name).status, door.deliver(FILE, name).name) == ("accepted", name)


@pytest.mark.parametrize(
    ("name", "shown"), [("a\nb.csv", "a\\nb.csv"), ("\x1b[31m.csv", "\\x1b[31m.csv"), ("\udcff.csv", "\\udcff.csv")]
)
def test_a_name_that_would_break_a_log_or_is_no_text_is_left_alone_and_shown_escaped(
    door: Door, name: str, shown: str
) -> None:
    door.feed()
    door.drop(FILE, name)
    assert reasons(door) == {shown: "has control characters or bytes that are no UTF-8 in its name"}


def test_a_file_that_is_still_being_written_is_left_alone_until_it_rests(
    door: Door, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(landing, "SETTLE_SECONDS", 0.4)
    door.feed(arrival="settled")
    path = door.drop(FILE)
    door.drop(FILE.replace("K1", "K2"), "resting.csv")

    def write_on() -> None:
        time.sleep(0.2)
        with path.open("a") as file:
            file.write(reading("K3"))

    writer = threading.Thread(target=write_on)
    writer.start()
    swept = door.sweep()
    writer.join()
    assert [(left.name, left.reason) for left in swept.left] == [("readings.csv", "is still being written")]
    assert [one.name for one in swept.outcomes] == ["resting.csv"]
    assert [one.accepted for one in door.sweep().outcomes] == [2]


def test_who_is_not_patient_takes_what_has_rested_and_waits_only_where_nothing_has(
    door: Door, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(landing, "SETTLE_SECONDS", 0.3)
    feed = door.feed(arrival="settled")
    door.drop(FILE, "old.csv")
    time.sleep(0.4)
    door.drop(FILE.replace("K1", "K2"), "young.csv")
    received = receive.receive(door.settings, feed, patient=False)
    assert received.claimed == ("old.csv",)
    assert [left.name for left in received.left] == ["young.csv"]
    assert receive.receive(door.settings, feed, patient=False).claimed == ("young.csv",)


def test_an_atomic_feed_s_files_are_taken_at_once(door: Door, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(landing, "SETTLE_SECONDS", 60.0)
    assert door.deliver(FILE).status == "accepted"


def test_files_are_taken_in_the_order_in_which_they_were_written(door: Door) -> None:
    door.feed()
    for age, name in ((30, "b.csv"), (20, "a.csv"), (10, "c.csv")):
        path = door.drop(HEADER + reading(name), name)
        os.utime(path, (time.time() - age,) * 2)
    assert [one.name for one in door.sweep().outcomes] == ["b.csv", "a.csv", "c.csv"]


def test_a_file_that_changes_while_it_is_copied_is_put_back(door: Door, monkeypatch: pytest.MonkeyPatch) -> None:
    feed = door.feed()
    path = door.drop(FILE)
    monkeypatch.setattr(archive, "keep", lambda settings, feed, source: None)
    received = receive.receive(door.settings, feed)
    assert [left.reason for left in received.left] == ["changed while it was being copied"]
    assert path.read_text() == FILE


def test_putting_back_never_overwrites_a_newer_file_of_the_same_name(door: Door) -> None:
    path = door.drop("old")
    claim = Claim.new(path.parent, path.name)
    path.rename(claim.path)
    door.drop("new")
    claim.put_back(path.parent)
    assert (path.read_text(), claim.path.read_text()) == ("new", "old")


def test_a_file_that_may_not_be_read_is_put_back_and_stops_no_other(
    door: Door, monkeypatch: pytest.MonkeyPatch
) -> None:
    keep = archive.keep

    def forbidden(settings: object, feed: str, source: Path) -> archive.Archived | None:
        if source.name == "secret.csv":
            raise SourceUnavailable(f"{feed}/{source.name}: may not be read; change its permissions.")
        return keep(door.settings, feed, source)

    monkeypatch.setattr(archive, "keep", forbidden)
    door.feed()
    door.drop(FILE, "secret.csv")
    door.drop(FILE, "open.csv")
    swept = door.sweep()
    assert [one.name for one in swept.outcomes] == ["open.csv"]
    assert [left.name for left in swept.left] == ["secret.csv"]


def test_a_claim_that_another_run_has_finished_meanwhile_is_nobody_s_fault(
    door: Door, monkeypatch: pytest.MonkeyPatch
) -> None:
    keep = archive.keep

    def finished(settings: object, feed: str, source: Path) -> archive.Archived | None:
        source.unlink()
        return keep(door.settings, feed, source)

    monkeypatch.setattr(archive, "keep", finished)
    feed = door.feed()
    door.drop(FILE)
    assert receive.receive(door.settings, feed).left == ()


def test_given_files_are_copied_and_stay_where_they_are(door: Door, tmp_path: Path) -> None:
    feed = door.feed()
    path = tmp_path / "mine.csv"
    path.write_text(FILE)
    assert receive.receive(door.settings, feed, (path,)).claimed == ("mine.csv",)
    assert path.exists()


def test_of_given_files_all_are_taken_or_none(door: Door, tmp_path: Path) -> None:
    feed = door.feed()
    path = tmp_path / "mine.csv"
    path.write_text(FILE)
    for other, error in ((tmp_path / "gone.csv", SourceUnavailable), (tmp_path / ".dot.csv", ConfigError)):
        with pytest.raises(error):
            receive.receive(door.settings, feed, (path, other))
    assert claims(door.settings, NAME) == []


def test_the_archive_keeps_the_bytes_once_under_their_hash_and_read_only(door: Door) -> None:
    door.feed()
    for name in ("one.csv", "two.txt"):
        door.deliver(FILE, name)
    (kept,) = (door.settings.archive / NAME).iterdir()
    assert kept.name == f"{door.manifests()[0].sha256}.csv"
    assert (kept.read_text(), kept.stat().st_mode & 0o777) == (FILE, 0o444)
