"""What receivers of gap events get from a real night."""

from __future__ import annotations

import json
import shutil
from dataclasses import replace
from pathlib import Path

import pytest

from pipelines.feeds import load_feeds
from pipelines.night import run_night
from pipelines.notify import notify, webhook
from pipelines.outbox import Marker, Outbox
from tests.e2e.conftest import AS_OF, Night
from tests.receivers import Receiver


def test_a_receiver_that_is_down_fails_nothing_else_of_the_night_and_then_gets_every_event_once(
    night: Night, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(webhook, "FIRST_WAIT_SECONDS", 0.0)
    shutil.copytree(night.settings.home, tmp_path / "home")
    settings = replace(night.settings, home=tmp_path / "home", feeds=tmp_path / "home" / "feeds")
    receiver = Receiver()
    with receiver.listening():
        settings = replace(settings, webhook_url=f"http://{receiver.host}/hook", webhook_secret="s")
        settings = replace(settings, notify_urls=(f"json://{receiver.host}/people",))
    Outbox.of(settings).begin(Marker())  # as if receivers had been set before the first night

    spent = run_night(settings, load_feeds(settings.feeds), AS_OF)
    assert spent.published is not None
    assert (spent.sweep.exit_code, spent.exit_code) == (0, 3)

    with receiver.listening():
        notified = notify(settings, at_once=True)
    assert (notified.exit_code, notified.waiting) == (0, [])
    events = [document for document in receiver.accepted if "specversion" in document]
    expected = night.rows("select event_id, gap_id from marts.gap_event where not is_muted")
    assert sorted((event["id"], event["subject"]) for event in events) == sorted(expected)
    columns = {row[0] for row in night.rows("describe marts.realisation_gap")}
    assert all(columns <= event["data"].keys() for event in events)
    [message] = [document for document in receiver.accepted if "specversion" not in document]
    assert message["title"] == f"Gaps: {len(expected)} opened (as of {AS_OF})"


def test_evidence_reaches_the_receiver_as_json(night: Night, tmp_path: Path) -> None:
    with Receiver().listening() as receiver:
        settings = replace(
            night.settings,
            home=tmp_path,
            webhook_url=f"http://{receiver.host}/hook",
            webhook_secret="s",
        )
        (tmp_path / "published").mkdir()
        shutil.copy2(night.settings.published, settings.published)
        Outbox.of(settings).begin(Marker())
        notify(settings)
    evidence = dict(night.rows("select gap_id, evidence from marts.realisation_gap"))
    assert receiver.accepted
    for event in receiver.accepted:
        told = event["data"]["evidence"]
        assert told == json.loads(evidence[event["subject"]])
        assert told["rows"]
