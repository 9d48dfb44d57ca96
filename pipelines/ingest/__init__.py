"""One delivery after another into the lake: frame, map, expect, commit.

What a stopped run had claimed is finished first. A delivery's manifest is its commit: until that is written nothing
has happened, and once it is, only the claimed file is left to be removed.
"""

from __future__ import annotations

import hashlib
import json
import re
import shutil
from bisect import insort
from collections.abc import Callable
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from typing import Any

from pipelines import archive, landing
from pipelines.archive import Archived
from pipelines.contracts import Contract, load_contracts
from pipelines.errors import DeliveryRefused
from pipelines.feeds import AsAt, Feed
from pipelines.ingest.mapping import check_mapping
from pipelines.lake import Lake, Manifest, Status, file_exists, standing
from pipelines.landing import Claim
from pipelines.settings import Settings

__all__ = ["Outcome", "check_feed", "ingest"]


@dataclass(frozen=True)
class Outcome:
    """How one delivery ended; counts are summed over the contracts that the feed delivers.

    `warnings` counts, by contract and rule, the accepted rows that a rule of severity warning finds odd.
    """

    feed: str
    name: str
    delivery_id: str
    batch_id: str
    status: Status
    counted: int
    accepted: int
    rejected: int
    filtered: int
    rule: str | None
    message: str | None
    next_step: str | None
    warnings: dict[str, int]

    def to_json(self) -> dict[str, Any]:
        """The outcome as plain values; no cell of the delivery is among them."""
        return asdict(self)


def ingest(settings: Settings, feed: Feed, on_file: Callable[[str], None] = lambda name: None) -> list[Outcome]:
    """Bring every claimed file of a feed into the lake, in order of receipt.

    Raises `ConfigError` where the feed does not fit its contracts (the files stay claimed, and are taken up again once
    it is mended) and `WarehouseBusy` where another process keeps ingesting the same feed.
    """
    contracts = check_feed(settings, feed)
    lake = Lake.of(settings)
    outcomes: list[Outcome] = []
    with lake.hold_feed(feed.name):
        shutil.rmtree(lake.workspaces(feed.name), ignore_errors=True)
        claims = landing.claims(settings, feed.name)
        if not claims:
            return outcomes
        _check_rules(contracts)
        earlier = list(lake.manifests(feed.name))
        for claim in claims:
            on_file(claim.name)
            manifest = lake.find_manifest(feed.name, claim.delivery_id)
            if manifest is None:
                manifest = _deliver(settings, lake, feed, contracts, claim, earlier)
                if manifest:
                    insort(earlier, manifest, key=lambda delivered: delivered.delivery_id)
            if manifest:
                claim.release()
                outcomes.append(_outcome(manifest))
    return outcomes


def check_feed(settings: Settings, feed: Feed) -> dict[str, Contract]:
    """The contracts a feed delivers, if its mapping fits them; `ConfigError` names the feed and the key."""
    contracts = load_contracts(settings.contracts)
    return {delivers.contract: check_mapping(feed, delivers, contracts) for delivers in feed.delivers}


def _check_rules(contracts: dict[str, Contract]) -> None:
    """Build every rule before any file is read; `ConfigError` names the contract and the rule that cannot be built."""
    # Great Expectations takes seconds to import: a sweep that finds nothing does without.
    from pipelines.expectations import build_checks

    for contract in contracts.values():
        build_checks(contract)


def _deliver(
    settings: Settings,
    lake: Lake,
    feed: Feed,
    contracts: dict[str, Contract],
    claim: Claim,
    earlier: list[Manifest],
) -> Manifest | None:
    """Commit a claimed file that is not in the lake yet; None where the file is still changing."""
    from pipelines.ingest.delivery import process, report_refusal

    archived = archive.keep(settings, feed.name, claim.path)
    if archived is None:
        return None
    manifest = _received(feed, contracts, claim, archived)
    try:
        manifest = _with_as_at(manifest, feed.as_at)
        repeated = _repeated(manifest, earlier) or _reasserted(lake, manifest, earlier)
        manifest = repeated or process(settings, lake, feed, contracts, manifest, archived, earlier)
    except DeliveryRefused as refusal:
        manifest = report_refusal(settings, manifest.refused(refusal, earlier), [])
    lake.commit(manifest)
    return manifest


def _received(feed: Feed, contracts: dict[str, Contract], claim: Claim, archived: Archived) -> Manifest:
    return Manifest(
        delivery_id=claim.delivery_id,
        feed=feed.name,
        name=claim.name,
        sha256=archived.sha256,
        size_bytes=archived.size_bytes,
        archived=archived.path.name,
        as_at=None,
        received_at=claim.received_at,
        mode=feed.mode,
        status="accepted",
        batch_id="",
        reading=_reading(feed, contracts),
    )


def _reading(feed: Feed, contracts: dict[str, Contract]) -> str:
    """A fingerprint of how the feed's bytes are read now."""
    text = feed.model_dump_json(include={"format", "delivers", "mode", "as_at", "tolerance", "allow_empty"})
    text += json.dumps([asdict(contract) for _, contract in sorted(contracts.items())], default=str)
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def _with_as_at(manifest: Manifest, as_at: AsAt | None) -> Manifest:
    if as_at is None:
        return manifest
    match = re.search(as_at.pattern, manifest.name)
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
    """The bytes of an earlier delivery again: its rows count anew, without being stored anew.

    Not where they would be read otherwise today: that is a new attempt.
    """
    same = (manifest.sha256, manifest.reading)
    accepted = (m for m in reversed(earlier) if m.status == "accepted" and (m.sha256, m.reading) == same)
    batch = next((m for m in accepted if all(file_exists(lake, stored) for stored in m.files)), None)
    if batch is None:
        return None
    return manifest.changed(
        batch_id=batch.batch_id,
        contracts=batch.contracts,
        rejects=batch.rejects,
        message=f"The bytes of {batch.delivery_id} again: they count from now on.",
    )


def _outcome(manifest: Manifest) -> Outcome:
    return Outcome(
        feed=manifest.feed,
        name=manifest.name,
        delivery_id=manifest.delivery_id,
        batch_id=manifest.batch_id,
        status=manifest.status,
        counted=manifest.counted,
        accepted=manifest.accepted,
        rejected=manifest.rejected,
        filtered=manifest.filtered,
        rule=manifest.rule,
        message=manifest.message,
        next_step=manifest.next_step,
        warnings={
            f"{entry.contract}.{rule}": count
            for entry in manifest.contracts
            for rule, count in entry.warnings.items()
            if count
        },
    )
