"""One delivery after another into the lake: frame, map, expect, commit.

What a stopped run had claimed is finished first. A delivery's manifest is its commit: until that is written nothing
has happened, and once it is, only the claimed file is left to be removed.
"""

from __future__ import annotations

import shutil
from bisect import insort
from collections.abc import Callable
from dataclasses import asdict, dataclass
from typing import Any

from pipelines import alerts, archive, compatibility, landing
from pipelines.contracts import Contract, load_contracts
from pipelines.feeds import Feed
from pipelines.ingest.attempts import Delivered, attempt
from pipelines.ingest.mapping import check_mapping
from pipelines.lake import Lake, Manifest, Status
from pipelines.landing import Claim
from pipelines.settings import Settings

__all__ = ["Outcome", "check_feed", "check_rules", "figures", "ingest"]


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


def figures(outcomes: list[Outcome]) -> dict[str, int]:
    """What a run brought, in figures: deliveries by how they ended, and rows."""
    ended = [outcome.status for outcome in outcomes]
    return {
        "deliveries_accepted": ended.count("accepted"),
        "deliveries_refused": ended.count("refused"),
        "repeats": ended.count("repeat"),
        "rows_in": sum(outcome.counted for outcome in outcomes),
        "rows_accepted": sum(outcome.accepted for outcome in outcomes),
        "rows_rejected": sum(outcome.rejected for outcome in outcomes),
    }


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
        check_rules(contracts)
        compatibility.check(lake, contracts.values())
        earlier = list(lake.manifests(feed.name))
        for claim in claims:
            on_file(claim.name)
            manifest = lake.find_manifest(feed.name, claim.delivery_id)
            if manifest is None:
                manifest = _deliver(settings, lake, feed, contracts, claim, earlier)
                if manifest:
                    insort(earlier, manifest, key=lambda delivered: delivered.delivery_id)
            if manifest:
                if manifest.status == "refused":
                    _tell_refused(settings, manifest, sum(one.status == "refused" for one in outcomes))
                claim.release()
                outcomes.append(_outcome(manifest))
    return outcomes


def check_feed(settings: Settings, feed: Feed) -> dict[str, Contract]:
    """The contracts a feed delivers, if its mapping fits them; `ConfigError` names the feed and the key."""
    contracts = load_contracts(settings.contracts)
    return {delivers.contract: check_mapping(feed, delivers, contracts) for delivers in feed.delivers}


def check_rules(contracts: dict[str, Contract]) -> None:
    """Build every rule before any file is read; `ConfigError` names the contract and the rule that cannot be built."""
    # Great Expectations takes seconds to import: a sweep that finds nothing does without.
    from pipelines.expectations import build_checks

    for contract in contracts.values():
        build_checks(contract)


def _tell_refused(settings: Settings, manifest: Manifest, before: int) -> None:
    """Put the alert in the outbox, before the claim goes: stopped in between, it is put in again.

    Where many were refused before it in the same run, one alert stands for the rest.
    """
    if before < alerts.MOST_REFUSED:
        alerts.put_refused(settings, manifest)
    elif before == alerts.MOST_REFUSED:
        alerts.put_more_refused(settings, manifest)


def _deliver(
    settings: Settings,
    lake: Lake,
    feed: Feed,
    contracts: dict[str, Contract],
    claim: Claim,
    earlier: list[Manifest],
) -> Manifest | None:
    """Commit a claimed file that is not in the lake yet; None where the file is still changing."""
    archived = archive.keep(settings, feed.name, claim.path)
    if archived is None:
        return None
    delivered = Delivered(claim.delivery_id, claim.name, claim.received_at, archived)
    manifest = attempt(settings, lake, feed, contracts, delivered, earlier)
    if manifest.contracts:
        compatibility.remember(lake, contracts.values())
    lake.commit(manifest)
    return manifest


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
