"""The trigger behind the landing assets, without a triggerer."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import pytest

from tests.dags.station import GOOD, Station


def test_a_trigger_says_what_waits_for_its_own_feed(station: Station) -> None:
    from fruition_airflow.landing import LandingTrigger

    async def first_event() -> object:
        async for event in LandingTrigger("crm_nps").run():
            return event.payload
        return None

    station.add_feed("crm_nps")
    station.add_feed("pmo_plan")
    station.drop("pmo_plan", "plan.csv", GOOD)
    with pytest.raises(TimeoutError):
        asyncio.run(asyncio.wait_for(first_event(), 1.5))
    station.drop("crm_nps", "nps.csv", GOOD)
    station.drop("crm_nps", "more.csv", GOOD)
    assert asyncio.run(asyncio.wait_for(first_event(), 5)) == {"waiting": 2}


def test_the_triggers_of_all_feeds_share_one_watch(station: Station, monkeypatch: pytest.MonkeyPatch) -> None:
    import structlog
    from airflow.triggers.shared_stream import SharedStreamManager

    from fruition_airflow import landing
    from pipelines.watch import Watch

    watches: list[Watch] = []

    def watch(settings: object) -> Watch:
        watches.append(Watch(settings))  # type: ignore[arg-type]
        return watches[-1]

    async def payloads() -> list[object]:
        manager = SharedStreamManager(log=structlog.get_logger())
        events: list[AsyncIterator[Any]] = []
        for number, feed in enumerate(("crm_nps", "pmo_plan")):
            trigger = landing.LandingTrigger(feed)
            stream = manager.subscribe(trigger_id=number, trigger=trigger, key=trigger.shared_stream_key())
            events.append(trigger.filter_shared_stream(stream))
        said = [(await anext(event)).payload for event in events]
        await manager.stop_all()
        return said

    monkeypatch.setattr(landing, "Watch", watch)
    for feed in ("crm_nps", "pmo_plan"):
        station.add_feed(feed)
        station.drop(feed, "some.csv", GOOD)
    assert asyncio.run(asyncio.wait_for(payloads(), 10)) == [{"waiting": 1}] * 2
    assert len(watches) == 1
