"""archive -> lake, once more: archived bytes read anew, as a mended feed or contract says today.

A replay is a new attempt at a delivery. It takes that delivery's place among all, so that what was corrected since
stays corrected; it is known from now on, so that what was reported before can still be shown as it was.
"""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from pathlib import Path

import duckdb

from pipelines import archive, compatibility
from pipelines.archive import Archived
from pipelines.contracts import Contract
from pipelines.errors import ConfigError, LakeDamaged
from pipelines.feeds import Feed, load_feed
from pipelines.ingest import check_feed, check_rules
from pipelines.ingest.attempts import Delivered, Override, attempt, fingerprint
from pipelines.ingest.delivery import TOLERANCE
from pipelines.lake import ContractRows, Lake, Manifest, standing
from pipelines.landing import new_delivery_id, receipt_of
from pipelines.settings import Settings, now
from pipelines.sql import quoted

LONGEST_REASON = 500  # characters
NOTHING = "select * from (select 1) where false"


@dataclass(frozen=True)
class Changed:
    """What a replay changes in one contract: rows, and business keys that come, go or say something else.

    `columns` counts, of the keys that say something else, those whose value differs in each column.
    """

    contract: str
    accepted_before: int
    accepted: int
    rejected_before: int
    rejected: int
    keys_added: int
    keys_removed: int
    keys_changed: int
    columns: dict[str, int]


@dataclass(frozen=True)
class Replayed:
    """How the replay of one delivery ended; `unchanged` where its bytes are read today as they were."""

    feed: str
    name: str
    root_id: str
    delivery_id: str | None
    batch_before: str
    batch_id: str
    status_before: str
    status: str
    mode_before: str
    mode: str
    as_at_before: datetime | None
    as_at: datetime | None
    unchanged: bool
    rule: str | None = None
    message: str | None = None
    next_step: str | None = None
    override_reason: str | None = None
    override_by: str | None = None
    changes: tuple[Changed, ...] = field(default=())


def overriding(reason: str, by: str) -> Override:
    """The override of a feed's tolerance; `ConfigError` where no reason is given, or one too long for a ledger."""
    words = " ".join("".join(letter if letter.isprintable() else " " for letter in reason).split())
    if not words:
        raise ConfigError("Overriding a tolerance needs a reason: it is kept with the delivery. Say why in --reason.")
    if len(words) > LONGEST_REASON:
        raise ConfigError(f"The reason for an override is longer than {LONGEST_REASON} characters: say it in fewer.")
    return Override(words, by)


def replay(
    settings: Settings,
    batches: Iterable[str],
    dry_run: bool = False,
    tell: Callable[[str], None] = lambda text: None,
    override: Override | None = None,
) -> list[Replayed]:
    """Read the archived bytes of batches anew, in order of their first receipt; `dry_run` only says what would change.

    A batch is named by its identifier or any of its attempts', `<feed>/` before it where several feeds have one of that
    name. Every delivery that asserts it is replayed. With `override`, the feed's tolerance is not applied, this once.
    Raises `ConfigError` where there is no such batch, the feed is wrong, or an override is asked for a delivery that
    does not stand refused for its tolerance, `LakeDamaged` where the archive has not the bytes any more,
    `WarehouseBusy` where the feed is being ingested.
    """
    lake = Lake.of(settings)
    wanted = _wanted(lake, batches)
    results: list[Replayed] = []
    for name, batch_ids in sorted(wanted.items()):
        feed = _feed(settings, name)
        contracts = check_feed(settings, feed)
        check_rules(contracts)
        compatibility.check(lake, contracts.values())
        with lake.hold_feed(name):
            roots = _roots(lake, name, batch_ids)
            for root in roots:
                _archived(settings, root)  # before any of them is read anew
                if override:
                    _check_overridable(lake, root)
            for root in roots:
                tell(f"replay {name}: {root.name}")
                results.append(_replay(settings, lake, feed, contracts, root, dry_run, override))
    return results


def _check_overridable(lake: Lake, root: Manifest) -> None:
    """`ConfigError` unless the delivery stands refused, and for its tolerance alone."""
    stands = _stands(list(lake.manifests(root.feed)), root)
    if stands.status != "refused":
        raise ConfigError(f"{root.feed}/{root.name} is not refused (any more): there is no tolerance to override.")
    if stands.rule != TOLERANCE:
        raise ConfigError(
            f"{root.feed}/{root.name} is refused for {stands.rule}, which cannot be overridden, not for its tolerance: "
            f"{stands.next_step}"
        )


def _stands(manifests: list[Manifest], root: Manifest) -> Manifest:
    """The attempt at a delivery that counts."""
    return next(manifest for manifest in standing(manifests) if manifest.root_id == root.delivery_id)


def _wanted(lake: Lake, batches: Iterable[str]) -> dict[str, set[str]]:
    """The batches named, by feed."""
    known = {(manifest.feed, manifest.batch_id) for manifest in lake.manifests() if manifest.batch_id}
    wanted: dict[str, set[str]] = {}
    for text in batches:
        feed, _, batch_id = text.rpartition("/")
        found = {(f, b) for f, b in known if b == batch_id and feed in {"", f}}
        if not found:
            raise ConfigError(f"There is no batch {text}: `fruition deliveries` lists them.")
        if len(found) > 1:
            names = ", ".join(sorted(f"{f}/{b}" for f, b in found))
            raise ConfigError(f"Several feeds have a batch {text}: give one of {names}.")
        wanted.setdefault(found.pop()[0], set()).add(batch_id)
    return wanted


def _feed(settings: Settings, name: str) -> Feed:
    path = settings.feeds / f"{name}.yml"
    if not path.is_file():
        raise ConfigError(f"The feed {name} is gone: put {name}.yml back, so that its deliveries can be read.")
    return load_feed(path)


def _roots(lake: Lake, feed: str, batch_ids: set[str]) -> list[Manifest]:
    """The deliveries of which some attempt asserts one of the batches, in order of their first receipt."""
    manifests = [manifest for manifest in lake.manifests(feed) if manifest.status != "repeat"]
    roots = {manifest.root_id for manifest in manifests if manifest.batch_id in batch_ids}
    return sorted((m for m in manifests if m.delivery_id in roots), key=lambda manifest: manifest.delivery_id)


def _replay(
    settings: Settings,
    lake: Lake,
    feed: Feed,
    contracts: dict[str, Contract],
    root: Manifest,
    dry_run: bool,
    override: Override | None,
) -> Replayed:
    """One delivery anew. A refused one is always tried again; an accepted one only where it would be read otherwise."""
    earlier = list(lake.manifests(feed.name))
    before = _stands(earlier, root)
    if before.status == "accepted" and before.reading == fingerprint(feed, contracts):
        return _result(before, before, unchanged=True)
    latest = max(manifest.delivery_id for manifest in earlier if manifest.root_id == root.delivery_id)
    received_at = max(now(), receipt_of(latest) + timedelta(microseconds=1))
    archived = _archived(settings, root)
    delivered = Delivered(new_delivery_id(received_at), root.name, received_at, archived, root.delivery_id, override)
    if dry_run:
        work = lake.workspaces(feed.name)  # where what a stopped run leaves is swept away
        work.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(prefix=".replay-", dir=work) as folder:
            elsewhere = replace(settings, home=Path(folder))
            tried = Lake.of(elsewhere)
            after = attempt(elsewhere, tried, feed, contracts, delivered, earlier)
            return _result(before, after, _changes(contracts, (lake, before), (tried, after)))
    after = attempt(settings, lake, feed, contracts, delivered, earlier)
    changes = _changes(contracts, (lake, before), (lake, after))
    if after.contracts:
        compatibility.remember(lake, contracts.values())
    lake.commit(after)
    return _result(before, after, changes)


def _archived(settings: Settings, root: Manifest) -> Archived:
    if fault := archive.fault(settings, root):
        raise LakeDamaged(fault)
    path = settings.archive / root.feed / root.archived
    return Archived(path, root.sha256, root.size_bytes)


def _result(before: Manifest, after: Manifest, changes: tuple[Changed, ...] = (), unchanged: bool = False) -> Replayed:
    return Replayed(
        feed=after.feed,
        name=after.name,
        root_id=after.root_id,
        delivery_id=None if unchanged else after.delivery_id,
        batch_before=before.batch_id,
        batch_id=after.batch_id,
        status_before=before.status,
        status=after.status,
        mode_before=before.mode,
        mode=after.mode,
        as_at_before=before.as_at,
        as_at=after.as_at,
        unchanged=unchanged,
        rule=after.rule,
        message=after.message,
        next_step=after.next_step,
        override_reason=after.override_reason,
        override_by=after.override_by,
        changes=changes,
    )


Attempt = tuple[Lake, Manifest]


def _changes(contracts: dict[str, Contract], before: Attempt, after: Attempt) -> tuple[Changed, ...]:
    """What differs between two attempts at the same bytes; nothing where the later one was refused."""
    if after[1].status != "accepted":
        return ()
    names = {entry.contract for attempt in (before, after) for entry in attempt[1].contracts}
    with duckdb.connect() as connection:
        return tuple(
            _changed(connection, contracts[name], before, after) for name in sorted(names) if name in contracts
        )


def _changed(connection: duckdb.DuckDBPyConnection, contract: Contract, before: Attempt, after: Attempt) -> Changed:
    for table, (lake, manifest) in (("before", before), ("after", after)):
        entry = _entry(manifest, contract.name)
        relation = lake.relation(entry.rows) if entry else f"({NOTHING})"
        columns = ", ".join(_column_of(entry, column.name, column.type) for column in contract.columns)
        connection.execute(f"create or replace temp table {table} as select distinct {columns} from {relation}")
    keys = ", ".join(quoted(column.name) for column in contract.keys)
    counts = [_count(connection, query.format(keys=keys)) for query in (KEYS_ADDED, KEYS_REMOVED, KEYS_CHANGED)]
    was, is_ = _entry(before[1], contract.name), _entry(after[1], contract.name)
    return Changed(
        contract=contract.name,
        accepted_before=was.accepted if was else 0,
        accepted=is_.accepted if is_ else 0,
        rejected_before=was.rejected if was else 0,
        rejected=is_.rejected if is_ else 0,
        keys_added=counts[0],
        keys_removed=counts[1],
        keys_changed=counts[2],
        columns=dict(_columns_changed(connection, contract)),
    )


KEYS_ADDED = "select {keys} from after except select {keys} from before"
KEYS_REMOVED = "select {keys} from before except select {keys} from after"
KEYS_CHANGED = """
select distinct {keys} from ((from before except from after) union all (from after except from before))
where ({keys}) in (select ({keys}) from before) and ({keys}) in (select ({keys}) from after)
"""


def _columns_changed(connection: duckdb.DuckDBPyConnection, contract: Contract) -> Iterator[tuple[str, int]]:
    same = " and ".join(f"before.{quoted(key.name)} = after.{quoted(key.name)}" for key in contract.keys)
    for column in contract.columns:
        name = quoted(column.name)
        query = f"select 1 from before join after on {same} where before.{name} is distinct from after.{name}"
        if changed := _count(connection, query):
            yield column.name, changed


def _entry(manifest: Manifest, contract: str) -> ContractRows | None:
    return next((entry for entry in manifest.contracts if entry.contract == contract), None)


def _column_of(entry: ContractRows | None, name: str, type_: str) -> str:
    """A column of a batch; null where its feed did not map it."""
    known = entry is not None and name in entry.mapped_columns
    return f"{quoted(name) if known else 'null'}::{type_} as {quoted(name)}"


def _count(connection: duckdb.DuckDBPyConnection, query: str) -> int:
    row = connection.execute(f"select count(*) from ({query})").fetchone()
    return int(row[0]) if row else 0
