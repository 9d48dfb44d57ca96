"""The trigger behind every feed's landing asset: one watch over all folders, run by the triggerer."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Hashable
from typing import Any

from airflow.triggers.base import BaseEventTrigger, TriggerEvent

from pipelines.settings import Settings
from pipelines.watch import NOTHING, Announcements, Waiting, Watch

LOOK_EVERY = 0.5  # seconds
LEAST_REST = 10  # times as long as a look took: many feeds or a slow share make it look more rarely


class LandingTrigger(BaseEventTrigger):
    """Says that something waits in the landing folder of one feed, until it is taken.

    All of them share one watch. It remembers nothing that counts: a triggerer that is started anew looks into the folders
    and says what waits there.
    """

    def __init__(self, feed: str) -> None:
        super().__init__()  # type: ignore[no-untyped-call]  # Airflow's, and untyped there
        self.feed = feed

    def serialize(self) -> tuple[str, dict[str, Any]]:
        return "fruition_airflow.landing.LandingTrigger", {"feed": self.feed}

    def shared_stream_key(self) -> Hashable:
        return "fruition.landing"

    @classmethod
    async def open_shared_stream(cls, kwargs: dict[str, Any]) -> AsyncIterator[dict[str, Waiting]]:  # noqa: ARG003
        """What waits, by feed, as often as anything does; looked for in a thread, as a share may take its time."""
        watch = Watch(Settings.from_environment())
        while True:
            started = time.monotonic()
            if waiting := await asyncio.to_thread(watch.waiting, started):
                yield waiting
            await asyncio.sleep(max(LOOK_EVERY, LEAST_REST * (time.monotonic() - started)))

    async def filter_shared_stream(
        self, shared_stream: AsyncIterator[dict[str, Waiting]]
    ) -> AsyncIterator[TriggerEvent]:
        announcements = Announcements()
        async for waiting in shared_stream:
            ours = waiting.get(self.feed, NOTHING)
            if announcements.due(ours, time.monotonic()):
                yield TriggerEvent({"waiting": len(ours)})  # type: ignore[no-untyped-call]  # as above

    async def run(self) -> AsyncIterator[TriggerEvent]:
        """Without the triggerer's sharing: a watch of its own."""
        async for event in self.filter_shared_stream(self.open_shared_stream({})):
            yield event
