"""An attempt at a delivery's bytes: the rows that they hold, read as the feed and its contracts say today."""

from __future__ import annotations

import hashlib
import json
import re
from dataclasses import asdict, dataclass
from datetime import UTC, datetime

from pipelines.archive import Archived
from pipelines.contracts import Contract
from pipelines.errors import DeliveryRefused
from pipelines.feeds import AsAt, Feed
from pipelines.lake import Lake, Manifest, file_exists, standing
from pipelines.landing import sender_name
from pipelines.settings import Settings


@dataclass(frozen=True)
class Override:
    """Why, and by whom, the feed's tolerance is not applied to a delivery this once."""

    reason: str
    by: str


@dataclass(frozen=True)
class Delivered:
    """Bytes that came: under which name, when, of which delivery they are a later attempt (`replays`), if any, and
    whether its tolerance is overridden.
    """

    delivery_id: str
    name: str
    received_at: datetime
    archived: Archived
    replays: str | None = None
    override: Override | None = None


def attempt(
    settings: Settings,
    lake: Lake,
    feed: Feed,
    contracts: dict[str, Contract],
    delivered: Delivered,
    earlier: list[Manifest],
) -> Manifest:
    """The manifest of a delivery whose rows are now in the lake, accepted, refused or a repeat, ready to be committed."""
    # Great Expectations takes seconds to import: a sweep that finds nothing does without.
    from pipelines.ingest.delivery import process, report_refusal

    manifest = _unread(feed, contracts, delivered)
    try:
        manifest = _with_as_at(manifest, feed.as_at)
        known = _repeated(manifest, earlier) or _reasserted(lake, manifest, earlier)
        return known or process(settings, lake, feed, contracts, manifest, delivered.archived, earlier)
    except DeliveryRefused as refusal:
        return report_refusal(settings, manifest.refused(refusal, earlier), [])


def _unread(feed: Feed, contracts: dict[str, Contract], delivered: Delivered) -> Manifest:
    return Manifest(
        delivery_id=delivered.delivery_id,
        feed=feed.name,
        name=delivered.name,
        sha256=delivered.archived.sha256,
        size_bytes=delivered.archived.size_bytes,
        archived=delivered.archived.path.name,
        as_at=None,
        received_at=delivered.received_at,
        mode=feed.mode,
        status="accepted",
        batch_id="",
        reading=fingerprint(feed, contracts),
        replays=delivered.replays,
        override_reason=delivered.override.reason if delivered.override else None,
        override_by=delivered.override.by if delivered.override else None,
    )


def fingerprint(feed: Feed, contracts: dict[str, Contract]) -> str:
    """A fingerprint of how the feed's bytes are read now."""
    text = feed.model_dump_json(include={"format", "delivers", "mode", "as_at", "tolerance", "allow_empty"})
    text += json.dumps([asdict(contract) for _, contract in sorted(contracts.items())], default=str)
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def _with_as_at(manifest: Manifest, as_at: AsAt | None) -> Manifest:
    if as_at is None:
        return manifest
    match = re.search(as_at.pattern, sender_name(manifest.name))
    try:
        moment = datetime.strptime(match[1] or "", as_at.format) if match else None
    except ValueError:
        moment = None
    if moment is None:
        raise DeliveryRefused(
            "as_at",
            "The file's name does not say which date it speaks of, as the feed's as_at pattern asks.",
            "Rename the file, or mend as_at in the feed.",
        )
    return manifest.changed(as_at=moment.astimezone(UTC).replace(tzinfo=None) if moment.tzinfo else moment)


def _repeated(manifest: Manifest, earlier: list[Manifest]) -> Manifest | None:
    """The same bytes as the feed's latest delivery, with the same as-at: recorded, and without effect."""
    if manifest.replays:
        return None
    latest = next((m for m in reversed(standing(earlier)) if m.status != "repeat"), None)
    if latest is None or latest.status != "accepted":
        return None
    if (latest.sha256, latest.as_at) != (manifest.sha256, manifest.as_at):
        return None
    message = f"The same bytes as {latest.delivery_id}."
    if latest.reading != manifest.reading:
        message += " They stand as they were read then; the feed or a contract has changed since."
    return manifest.changed(status="repeat", batch_id=latest.batch_id, message=message)


def _reasserted(lake: Lake, manifest: Manifest, earlier: list[Manifest]) -> Manifest | None:
    """Bytes that were read before: their rows count anew, without being stored anew.

    Not where they would be read otherwise today: that is a new attempt. Nor where it was for an override that they were
    accepted: that held once.
    """
    same = (manifest.sha256, manifest.reading)
    accepted = (
        m
        for m in reversed(earlier)
        if m.status == "accepted" and (m.sha256, m.reading) == same and m.override_reason is None
    )
    batch = next((m for m in accepted if all(file_exists(lake, stored) for stored in m.files)), None)
    if batch is None:
        return None
    return manifest.changed(
        batch_id=batch.batch_id,
        contracts=batch.contracts,
        rejects=batch.rejects,
        message=None if manifest.replays else f"The bytes of {batch.delivery_id} again: they count from now on.",
    )
