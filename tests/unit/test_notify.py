"""Gap events out: what is put into the outbox, what receivers get, and what happens when they or a run fall over."""

from __future__ import annotations

import hashlib
import hmac
import json
import logging
import multiprocessing
import os
import shutil
import time
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from cloudevents.core.bindings.http import HTTPMessage, from_structured
from cloudevents.core.formats.json import JSONFormat
from cloudevents.core.v1.event import CloudEvent
from typer.testing import CliRunner

from pipelines import notify as stage
from pipelines import outbox as outbox_module
from pipelines.cli import app
from pipelines.errors import LakeDamaged, WarehouseBusy
from pipelines.notify import MOST_TROUBLE, Notified, notify, webhook
from pipelines.outbox import Entry, Outbox
from pipelines.settings import Settings, now
from tests.dying import KILLED, die_at
from tests.history import Event, History, day
from tests.receivers import Receiver

SECRET = "hush-secret"


@pytest.fixture(autouse=True)
def hurry(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(webhook, "FIRST_WAIT_SECONDS", 0.01)


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    with Receiver().listening() as listening:
        yield listening


@pytest.fixture
def history(tmp_path: Path, receiver: Receiver) -> History:
    """A home whose webhook is the receiver; nothing was built yet."""
    settings = Settings(tmp_path / "home", tmp_path / "feeds", warehouse_name="fruition-test")
    return History(to_webhook(settings, receiver))


def to_webhook(settings: Settings, receiver: Receiver) -> Settings:
    return replace(settings, webhook_url=f"http://{receiver.host}/hook?token=hush-token", webhook_secret=SECRET)


def to_messages(history: History, *urls: str) -> History:
    history.settings = replace(history.settings, webhook_url=None, webhook_secret=None, notify_urls=urls)
    return history


def waiting(settings: Settings) -> list[str]:
    return [entry.name for entry in Outbox.of(settings).waiting()]


def files(settings: Settings) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in Outbox.of(settings).folder.glob("*.json")}


# What is told


def test_the_first_build_of_a_new_installation_tells_its_open_gaps(history: History, receiver: Receiver) -> None:
    history.build(("opened", "B1"), ("opened", "B2"))
    done = notify(history.settings)
    assert {event["subject"] for event in receiver.accepted} == {event.gap_id for event in history.events}
    assert (done.queued, len(done.sent), done.waiting, done.exit_code) == (2, 2, [], 0)
    assert waiting(history.settings) == []


def test_an_event_is_a_valid_cloud_event_with_the_gap_as_its_data(history: History, receiver: Receiver) -> None:
    history.build(("opened", "B1"))
    notify(history.settings)
    [request] = receiver.requests
    event = from_structured(HTTPMessage(request.headers, request.body), JSONFormat(), CloudEvent)
    [told] = history.events
    assert (event.get_id(), event.get_subject()) == (told.event_id, told.gap_id)
    assert (event.get_source(), event.get_type()) == ("fruition-test", "org.fruition.gap.opened")
    assert request.headers["Content-Type"] == "application/cloudevents+json"
    assert request.document["time"] == "2026-01-02T04:00:00.123456Z"
    gap = request.document["data"]
    assert (gap["gap_code"], gap["as_of"], gap["amount_at_stake"]) == ("MISSING_OWNER", "2026-01-02", 1200.5)
    assert gap["evidence"] == {"planned": 12.5, "odd": None, "rows": [{"contract": "benefit", "row": 3}]}
    assert (gap["lessons"], gap["closed_on"], gap["seq"], gap["currency"]) == (None, None, 1, "GBP")


def test_the_signature_is_of_exactly_the_bytes_that_were_sent(history: History, receiver: Receiver) -> None:
    history.build(("opened", "B1"))
    notify(history.settings)
    [request] = receiver.requests
    expected = "sha256=" + hmac.new(SECRET.encode(), request.body, hashlib.sha256).hexdigest()
    assert hmac.compare_digest(expected, request.headers["X-Fruition-Signature"])


def test_a_closed_gap_is_told_as_it_was_last_recorded(history: History, receiver: Receiver) -> None:
    history.build(("opened", "B1", "critical", 70.0))
    history.build()
    history.build(("closed", "B1", "critical", 70.0))
    notify(history.settings)
    gap = receiver.accepted[-1]["data"]
    assert (gap["severity"], gap["amount_at_stake"], gap["subject_name"]) == ("critical", 70.0, "Benefit B1")
    assert (gap["as_of"], gap["closed_on"]) == (day(2).isoformat(), day(3).isoformat())
    assert gap["opened_on"] == day(1).isoformat()
    assert gap["message"] is None


def test_what_is_no_number_is_null(history: History, receiver: Receiver) -> None:
    history.build(("opened", "B1", "high", float("nan")))
    notify(history.settings)
    assert receiver.accepted[0]["data"]["amount_at_stake"] is None


def test_an_event_that_a_decision_mutes_is_told_nobody(history: History, receiver: Receiver) -> None:
    history.build(Event(1, "opened", "B1", muted=True), ("opened", "B2"))
    notify(history.settings)
    assert [event["data"]["subject_id"] for event in receiver.accepted] == ["B2"]
    assert waiting(history.settings) == []


def test_run_again_it_tells_nothing_again(history: History, receiver: Receiver) -> None:
    history.build(("opened", "B1"))
    notify(history.settings)
    before = files(history.settings)
    again = notify(history.settings)
    history.publish()  # as a rebuild does: the same history, made anew
    notify(history.settings)
    assert (again.queued, again.sent, again.waiting) == (0, [], [])
    assert len(receiver.requests) == 1
    assert files(history.settings) == before


def test_a_rebuild_after_which_nothing_was_sent_yet_changes_nothing_in_what_waits(
    history: History, receiver: Receiver
) -> None:
    receiver.status = 500
    history.build(("opened", "B1"))
    notify(history.settings)
    before = files(history.settings)
    Outbox.of(history.settings).folder.joinpath("told.json").write_text(
        '{"seq": 0, "known_at": "1970-01-01T00:00:00.0"}'
    )
    notify(history.settings)  # puts everything in once more, and leaves alone what is not due
    assert files(history.settings) == before


# From when on


def test_without_a_receiver_nothing_piles_up(history: History, receiver: Receiver) -> None:
    history.settings = replace(history.settings, webhook_url=None)
    for _ in range(3):
        history.build(("opened", f"B{history.builds}"))
        assert notify(history.settings) == Notified(())
    assert not Outbox.of(history.settings).folder.exists()


def test_whoever_comes_late_is_told_from_the_next_build_on(history: History, receiver: Receiver) -> None:
    configured, history.settings = history.settings, replace(history.settings, webhook_url=None)
    for number in range(40):
        history.build(("opened", f"B{number}"))
    history.settings = configured
    assert notify(configured).sent == []
    history.build(("opened", "B99"))
    notify(configured)
    assert [event["data"]["subject_id"] for event in receiver.accepted] == ["B99"]


def test_whoever_was_left_out_for_a_while_is_told_from_then_on(history: History, receiver: Receiver) -> None:
    configured = history.settings
    history.build(("opened", "B1"))
    notify(configured)
    history.settings = replace(configured, webhook_url=None)
    history.build(("opened", "B2"))
    notify(history.settings)
    history.settings = configured
    history.build(("opened", "B3"))
    notify(configured)
    assert [event["data"]["subject_id"] for event in receiver.accepted] == ["B1", "B3"]


def test_builds_after_which_nobody_was_told_are_made_up_for(history: History, receiver: Receiver) -> None:
    history.build(("opened", "B1"))
    history.build(("worsened", "B1"), ("opened", "B2"))
    history.build(("closed", "B1"))
    notify(history.settings)
    of_first = [event["type"] for event in receiver.accepted if event["data"]["subject_id"] == "B1"]
    assert of_first == ["org.fruition.gap.opened", "org.fruition.gap.worsened", "org.fruition.gap.closed"]
    assert len(receiver.accepted) == 4


def test_after_an_older_backup_was_restored_new_builds_are_told_though_their_numbers_were_used(
    history: History, receiver: Receiver
) -> None:
    for number in range(3):
        history.build(("opened", f"B{number}"))
    notify(history.settings)
    marker = Outbox.of(history.settings).marker()
    assert marker is not None
    outbox = Outbox.of(history.settings)
    outbox.advance(replace(marker, seq=9))  # told up to a build 9 that the backup does not have
    history.build(("opened", "B9"))
    notify(history.settings)
    assert receiver.accepted[-1]["data"]["subject_id"] == "B9"


# When the receiver is in trouble


def test_trouble_that_passes_at_once_is_waited_for(history: History, receiver: Receiver) -> None:
    receiver.answers = [500, 429]
    history.build(("opened", "B1"))
    assert notify(history.settings).exit_code == 0
    assert [request.status for request in receiver.requests] == [500, 429, 200]
    assert len({request.body for request in receiver.requests}) == 1


def test_while_the_receiver_is_down_nothing_is_lost_and_then_everything_comes_in_order(history: History) -> None:
    receiver = Receiver()
    with receiver.listening():
        history.settings = to_webhook(history.settings, receiver)
    for event_type in ("opened", "worsened", "closed"):
        history.build(*[(event_type, f"B{number}") for number in range(4)])
        started = time.monotonic()
        done = notify(history.settings)
        assert time.monotonic() - started < 10
        assert done.exit_code == 3
        assert len(done.waiting) == 4 * history.builds
    with receiver.listening():
        done = notify(history.settings, at_once=True)
    assert (done.exit_code, len(done.sent)) == (0, 12)
    for number in range(4):
        types = [event["type"] for event in receiver.accepted if event["data"]["subject_id"] == f"B{number}"]
        assert [name.rpartition(".")[2] for name in types] == ["opened", "worsened", "closed"]
    assert sorted(receiver.accepted_ids) == sorted(event.event_id for event in history.events)


def test_a_silent_receiver_is_tried_with_one_event_and_the_rest_is_left(
    history: History, monkeypatch: pytest.MonkeyPatch
) -> None:
    history.settings = replace(history.settings, webhook_url="http://127.0.0.1:9/hook")
    tried: list[object] = []
    post_once = webhook._post_once

    def counting(*given: Any) -> webhook.Posted:
        tried.append(given)
        return post_once(*given)

    monkeypatch.setattr(webhook, "_post_once", counting)
    history.build(*[("opened", f"B{number}") for number in range(50)])
    done = notify(history.settings)
    assert len(tried) == webhook.TRIES
    assert len(done.waiting) == 50
    assert {one.tries for one in done.waiting} == {0, 1}


def test_what_the_receiver_refuses_waits_and_keeps_back_only_its_own_gap(history: History, receiver: Receiver) -> None:
    history.build(("opened", "B1"), ("opened", "B2"))
    history.build(("closed", "B1"), ("closed", "B2"))
    refused = Event(1, "opened", "B1").gap_id
    receiver.refusing = {refused}
    done = notify(history.settings)
    assert {event["data"]["subject_id"] for event in receiver.accepted} == {"B2"}
    assert len(receiver.accepted) == 2
    assert done.exit_code == 3
    assert any("400" in one.why and "mend the receiver" in one.why for one in done.waiting)
    receiver.refusing = set()
    notify(history.settings, at_once=True)
    assert [e["type"].rpartition(".")[2] for e in receiver.accepted if e["subject"] == refused] == ["opened", "closed"]


def test_events_that_the_receiver_always_stumbles_over_keep_no_other_gap_back(
    history: History, receiver: Receiver
) -> None:
    bad = [f"BAD{number}" for number in range(5)]
    receiver.refusal, receiver.refusing = 500, {Event(1, "opened", name).gap_id for name in bad}
    history.build(*[("opened", name) for name in bad])
    history.build(("opened", "B1"), ("closed", "BAD0"))
    assert len(notify(history.settings).waiting) == 7  # three failed, and the rest was left
    done = notify(history.settings, at_once=True)
    assert [event["data"]["subject_id"] for event in receiver.accepted] == ["B1"]
    receiver.refusing = set()
    assert len(done.waiting) == 6
    notify(history.settings, at_once=True)
    types = [event["type"] for event in receiver.accepted if event["data"]["subject_id"] == "BAD0"]
    assert [name.rpartition(".")[2] for name in types] == ["opened", "closed"]


def test_a_redirect_is_not_followed(history: History, receiver: Receiver) -> None:
    receiver.status, receiver.headers = 307, {"Location": f"http://{receiver.host}/elsewhere"}
    history.build(("opened", "B1"))
    done = notify(history.settings)
    assert [request.path.partition("?")[0] for request in receiver.requests] == ["/hook"]
    assert "redirects are not followed" in done.waiting[0].why


def test_the_pauses_between_runs_double_up_to_ten_minutes(
    history: History, receiver: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    receiver.status = 503
    history.build(("opened", "B1"))
    clock = now()
    for module in (stage, outbox_module):
        monkeypatch.setattr(module, "now", lambda: clock)
    pauses = []
    for _ in range(8):
        [one] = notify(history.settings).waiting
        assert one.next_try_at is not None
        pauses.append((one.next_try_at - clock).total_seconds())
        asked = len(receiver.requests)
        clock = one.next_try_at - timedelta(seconds=1)
        notify(history.settings)
        assert len(receiver.requests) == asked  # not due
        clock = one.next_try_at
    assert pauses == [30, 60, 120, 240, 480, 600, 600, 600]


def test_what_waits_for_a_webhook_that_is_set_no_more_is_kept_and_told(history: History, receiver: Receiver) -> None:
    receiver.status = 500
    history.build(("opened", "B1"))
    notify(history.settings)
    done = notify(replace(history.settings, webhook_url=None))
    assert (done.exit_code, [one.why for one in done.waiting]) == (0, ["no webhook is set"])
    receiver.status = 200
    notify(history.settings, at_once=True)
    assert len(receiver.accepted) == 1


# When a run is stopped


def _die_while_telling(call: int, settings: Settings) -> None:
    """In a process of its own: the n-th durable call ends it before it is made."""
    die_at(call, ("fsync", "replace", "rename", "unlink"))
    notify(settings, at_once=True)
    os._exit(0)


def run_until(call: int, settings: Settings) -> int | None:
    process = multiprocessing.get_context("fork").Process(target=_die_while_telling, args=(call, settings))
    process.start()
    process.join(60)
    return process.exitcode


def test_killed_between_sending_and_removing_it_is_sent_again_under_the_same_id(
    history: History, receiver: Receiver
) -> None:
    history.build(("opened", "B1"), ("opened", "B2"))
    notify(replace(history.settings, webhook_url="http://127.0.0.1:9/"))
    assert len(waiting(history.settings)) == 2
    killed = multiprocessing.get_context("fork").Process(target=_die_when_removing, args=(history.settings,))
    killed.start()
    killed.join(60)
    assert killed.exitcode == KILLED
    assert len(receiver.accepted_ids) == 1
    notify(history.settings, at_once=True)
    assert len(receiver.accepted_ids) == 3
    assert set(receiver.accepted_ids) == {event.event_id for event in history.events}
    assert receiver.accepted[0] == receiver.accepted[1]


def _die_when_removing(settings: Settings) -> None:
    Outbox.remove = lambda self, entry: os._exit(KILLED)  # type: ignore[method-assign]
    notify(settings, at_once=True)


def test_killed_at_any_durable_call_no_event_is_lost_and_none_is_put_in_twice(
    history: History, receiver: Receiver
) -> None:
    history.build(("opened", "B1"), ("opened", "B2"))
    history.build(("closed", "B1"))
    ids = sorted(event.event_id for event in history.events)
    ended: int | None = KILLED
    call = 0
    while ended == KILLED:
        call += 1
        receiver.requests.clear()
        settings = replace(history.settings, home=history.settings.home.with_name(f"home-{call}"))
        shutil.copytree(history.settings.home, settings.home)
        ended = run_until(call, settings)
        notify(settings, at_once=True)
        assert waiting(settings) == []
        assert sorted(set(receiver.accepted_ids)) == ids
        assert len(receiver.accepted_ids) <= len(ids) + 1  # the one that was being sent may come again
        shutil.rmtree(settings.home)
    assert ended == 0
    assert call > 15
    assert len(receiver.accepted_ids) == len(ids)


def test_an_event_that_was_sent_never_comes_back_though_every_run_is_stopped_before_it_ends(
    history: History, receiver: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    history.build(("opened", "B1"))
    with monkeypatch.context() as stopped:
        stopped.setattr(Outbox, "advance", lambda self, to: (_ for _ in ()).throw(KeyboardInterrupt()))
        with pytest.raises(KeyboardInterrupt):
            notify(history.settings)
    assert receiver.requests == []  # nothing is sent before the marker has moved on
    notify(history.settings)
    notify(history.settings)
    assert len(receiver.accepted_ids) == 1


def test_two_runs_at_once_do_not_send_the_same_twice(history: History, receiver: Receiver) -> None:
    history.build(*[("opened", f"B{number}") for number in range(10)])
    context = multiprocessing.get_context("fork")
    runs = [context.Process(target=notify, args=(history.settings,)) for _ in range(3)]
    for run in runs:
        run.start()
    for run in runs:
        run.join(60)
    assert sorted(receiver.accepted_ids) == sorted(event.event_id for event in history.events)


def test_while_one_run_sends_another_gives_up_after_a_bounded_wait(
    history: History, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(outbox_module, "LOCK_SECONDS", 0.3)
    context = multiprocessing.get_context("fork")
    ready, done = context.Event(), context.Event()

    def hold() -> None:
        with Outbox.of(history.settings).hold():
            ready.set()
            done.wait(60)

    holder = context.Process(target=hold)
    holder.start()
    ready.wait(60)
    with pytest.raises(WarehouseBusy, match="notify"):
        notify(history.settings)
    done.set()
    holder.join(60)


def test_a_damaged_file_of_the_outbox_is_named(history: History) -> None:
    history.build(("opened", "B1"))
    folder = Outbox.of(history.settings).folder
    (folder / "00000001-abc.webhook.json").write_text("{")
    with pytest.raises(LakeDamaged, match=r"00000001-abc\.webhook\.json"):
        notify(history.settings)


def test_a_marker_that_cannot_be_read_gives_way_to_the_one_before_and_nothing_is_lost(
    history: History, receiver: Receiver
) -> None:
    marker = Outbox.of(history.settings).folder / "told.json"
    for number in range(3):
        history.build(("opened", f"B{number}"))
        notify(history.settings)
    history.build(("opened", "B3"))
    marker.write_text("{")
    assert notify(history.settings).exit_code == 0
    told = [event["data"]["subject_id"] for event in receiver.accepted]
    assert told == ["B0", "B1", "B2", "B2", "B3"]
    assert receiver.accepted_ids[2] == receiver.accepted_ids[3]
    before = len(receiver.requests)
    assert notify(history.settings).exit_code == 0
    assert len(receiver.requests) == before


@pytest.mark.parametrize("content", ["{", '{"seq": 1}', "[]"])
def test_where_no_marker_can_be_read_what_waits_is_sent_and_the_next_step_is_said(
    history: History, receiver: Receiver, content: str
) -> None:
    receiver.status = 500
    history.build(("opened", "B1"))
    notify(history.settings)
    for name in ("told.json", "told.json.before"):
        (Outbox.of(history.settings).folder / name).write_text(content)
    receiver.status = 200
    with pytest.raises(LakeDamaged, match=r"told\.json cannot be read: restore it from a backup, or remove it"):
        notify(history.settings, at_once=True)
    assert len(receiver.accepted) == 1


# Messages


def test_a_few_gaps_are_told_in_full(history: History, receiver: Receiver) -> None:
    to_messages(history, f"json://{receiver.host}/people")
    history.build(("opened", "B1", "critical", 12345.6), ("opened", "B2", "low", None))
    notify(history.settings)
    [message] = receiver.accepted
    assert message["title"] == "Gaps: 2 opened (as of 2026-01-02)"
    assert message["message"] == (
        "Opened [critical] MISSING_OWNER: benefit Benefit B1 (B1)\nBenefit B1 has no owner.\n"
        "Accountable: benefit owner: A. Cole\nAt stake: 12,346 GBP\nNext step: Name an owner.\n"
        f"Why: fruition explain {history.events[0].gap_id}\n\n"
        "Opened [low] MISSING_OWNER: benefit Benefit B2 (B2)\nBenefit B2 has no owner.\n"
        "Accountable: benefit owner: A. Cole\nNext step: Name an owner.\n"
        f"Why: fruition explain {history.events[1].gap_id}"
    )


def test_many_gaps_are_told_in_one_message_with_the_gravest_by_name(history: History, receiver: Receiver) -> None:
    to_messages(history, f"json://{receiver.host}/people")
    history.build(*[("opened", f"B{n}", "critical" if n % 2 else "low", float(n)) for n in range(300)])
    notify(history.settings)
    [message] = receiver.accepted
    lines = message["message"].splitlines()
    assert message["title"] == "Gaps: 300 opened (as of 2026-01-02)"
    assert lines[:2] == ["Opened: 150 critical, 150 low", "Most often: MISSING_OWNER 300"]
    named = [line for line in lines if line.startswith("- ")]
    assert len(named) == 10
    assert "(B299), 299 GBP" in named[0] and "(B281), 281 GBP" in named[9]
    assert lines[-1].endswith("where seq = 1")


def test_a_name_from_the_data_is_only_ever_text(history: History, receiver: Receiver) -> None:
    to_messages(history, f"json://{receiver.host}/people?format=html")
    history.names["B1"] = "<script>alert(1)</script>\nClosed [low] fake @everyone"
    history.build(("opened", "B1"))
    notify(history.settings)
    text = receiver.accepted[0]["message"]
    assert "<script" not in text and "&lt;script" in text
    assert "@everyone" not in text
    [entry_line] = [line for line in text.replace("<br", "\n<br").splitlines() if "fake" in line and "Opened" in line]
    assert "Closed [low] fake" in entry_line.replace("&nbsp;", " ")


def test_who_has_accepted_a_message_does_not_get_it_again_while_another_is_down(
    history: History, receiver: Receiver
) -> None:
    down = Receiver()
    with down.listening():
        to_messages(history, f"json://{receiver.host}/a", f"json://user:hush@{down.host}/b")
    history.build(("opened", "B1"))
    first = notify(history.settings)
    history.build(("opened", "B2"))
    second = notify(history.settings)
    assert (first.exit_code, second.exit_code) == (3, 3)
    assert len(receiver.accepted) == 2
    with down.listening():
        assert notify(history.settings, at_once=True).exit_code == 0
    assert len(receiver.accepted) == 2
    assert [one["title"] for one in down.accepted] == [one["title"] for one in receiver.accepted]
    assert waiting(history.settings) == []


def test_a_message_that_its_receiver_always_refuses_keeps_no_other_back(history: History, receiver: Receiver) -> None:
    outbox = Outbox.of(to_messages(history, f"json://{receiver.host}/people").settings)
    receiver.refusing = {f"Message {number}" for number in range(4)}
    for number in range(4):
        outbox.put(Entry(f"a{number}", "message", 0, {"title": f"Message {number}", "body": "-"}, now()))
    assert len(notify(history.settings, at_once=True).waiting) == 4
    assert len(receiver.requests) == MOST_TROUBLE  # then it is left alone
    for number in range(4, 6):
        outbox.put(Entry(f"b{number}", "message", 0, {"title": f"Message {number}", "body": "-"}, now()))
    done = notify(history.settings, at_once=True)
    assert [one.what for one in done.sent] == ["Message 4", "Message 5"]
    assert waiting(history.settings) == ["a0", "a1", "a2", "a3"]


def test_a_receiver_of_messages_that_hangs_costs_a_run_one_try(
    history: History, receiver: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    outbox = Outbox.of(to_messages(history, "json://127.0.0.1:9/people", f"json://{receiver.host}/people").settings)
    for number in range(3):
        outbox.put(Entry(f"a{number}", "message", 0, {"title": f"Message {number}", "body": "-"}, now()))
    tried: list[str] = []

    def send_to(url: str, title: str, body: str) -> bool:
        tried.append(url)
        return ":9/" not in url

    monkeypatch.setattr(stage, "send_to", send_to)
    monkeypatch.setattr(stage, "LONGEST", 0.0)
    assert len(notify(history.settings, at_once=True).sent) == 3
    assert len(tried) == 4


def test_webhook_and_messages_do_not_wait_for_each_other(history: History, receiver: Receiver) -> None:
    history.settings = replace(history.settings, notify_urls=("json://127.0.0.1:9/people",))
    history.build(("opened", "B1"))
    done = notify(history.settings)
    assert len(receiver.accepted) == 1
    assert waiting(history.settings) == ["00000001.message"]
    assert done.exit_code == 3


# What is shown


def test_no_secret_is_in_any_output_or_file(
    history: History, receiver: Receiver, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    receiver.status = 500
    history.settings = replace(history.settings, notify_urls=(f"json://me:hush-password@{receiver.host}/hush-path",))
    history.build(("opened", "B1"))
    monkeypatch.setattr(Settings, "from_environment", classmethod(lambda cls, given=None: history.settings))
    outputs = [CliRunner().invoke(app, ["notify", *options]) for options in ([], ["--json"])]
    assert [one.exit_code for one in outputs] == [3, 3]
    texts = (
        [one.output for one in outputs] + [caplog.text] + [text.decode() for text in files(history.settings).values()]
    )
    assert all("hush" not in text and receiver.host not in text for text in texts)
    assert "answered 500" in outputs[0].output
    assert json.loads(outputs[1].stdout)["waiting"][0]["tries"] == 2


def test_the_command_says_what_was_sent_and_what_to_tell_nobody(
    history: History, receiver: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Settings, "from_environment", classmethod(lambda cls, given=None: history.settings))
    history.build(("opened", "B1"))
    first, second = (CliRunner().invoke(app, ["notify"]) for _ in range(2))
    assert (first.exit_code, second.exit_code) == (0, 0)
    assert "Told webhook: 1 event" in first.output
    assert "Nothing to tell webhook" in second.output
    history.settings = replace(history.settings, webhook_url=None)
    assert "no receiver is set" in CliRunner().invoke(app, ["notify"]).output


def test_a_process_that_knows_no_receiver_loses_no_build_s_events(history: History, receiver: Receiver) -> None:
    history.build(("opened", "B1"))
    known, history.settings = history.settings, replace(history.settings, webhook_url=None)
    notify(history.settings)
    history.settings = known
    notify(known)
    assert len(receiver.accepted) == 1


def test_what_cannot_be_read_in_the_outbox_keeps_nothing_else_back(history: History, receiver: Receiver) -> None:
    history.build(("opened", "B1"), ("opened", "B2"))
    Outbox.of(history.settings).folder.mkdir(parents=True, exist_ok=True)
    (Outbox.of(history.settings).folder / "00000000-torn.webhook.json").write_text("{")
    with pytest.raises(LakeDamaged, match="torn"):
        notify(history.settings)
    assert len(receiver.accepted) == 2


def test_a_build_waits_no_longer_for_a_slow_receiver_than_some_seconds(
    history: History, receiver: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    history.build(*(("opened", f"B{number}") for number in range(20)))
    monkeypatch.setattr("pipelines.notify.LONGEST", 0.0)
    done = notify(history.settings)
    assert len(done.sent) < 20 and len(done.sent) + len(done.waiting) == 20
    assert done.exit_code == 3
    assert len(done.sent) + len(notify(history.settings, at_once=True).sent) == 20
