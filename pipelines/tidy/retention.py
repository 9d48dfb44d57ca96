"""Archived bytes are kept as long as their feed's `retention` says after they were last delivered; their rows for ever."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

from pipelines import warehouse
from pipelines.feeds import Feed
from pipelines.lake import Lake, Manifest, Removal, standing
from pipelines.settings import Settings, now


def expired(settings: Settings, lake: Lake, feed: Feed | None) -> Iterator[tuple[Path, Removal]]:
    """What is past its time, and safe in the lake. `LakeDamaged` where rows that should be there are not as they were."""
    if feed is None or feed.retention is None:
        return
    by_bytes: dict[str, list[Manifest]] = {}
    for manifest in lake.manifests(feed.name):
        by_bytes.setdefault(manifest.sha256, []).append(manifest)
    for sha256, deliveries in sorted(by_bytes.items()):
        path = settings.archive / feed.name / deliveries[0].archived
        last = max(manifest.received_at for manifest in deliveries)
        if now() - last > feed.retention and path.is_file() and _is_safe(lake, deliveries):
            why = f"last delivered on {last:%Y-%m-%d}, and {feed.name} keeps its files for {_spoken(feed.retention)}"
            yield path, Removal(feed.name, sha256, now(), why)


def _is_safe(lake: Lake, deliveries: list[Manifest]) -> bool:
    """Whether everything in these bytes is in the lake: no delivery of them stands refused, and their rows are there."""
    if any(manifest.status == "refused" for manifest in standing(deliveries)):
        return False
    for stored in {stored for manifest in deliveries for stored in manifest.files}:
        warehouse.verify(lake, stored)
    return True


def _spoken(duration: timedelta) -> str:
    hours = duration.total_seconds() / 3600
    return f"{hours / 24:.0f} days" if hours % 24 == 0 else f"{hours:.0f} hours"
