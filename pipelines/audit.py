"""Conservation, proved: every archived delivery is accounted for in the lake and the warehouse, row for row."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

import duckdb

from pipelines import archive, landing, warehouse
from pipelines.errors import LakeDamaged
from pipelines.lake import Lake, Manifest, StoredFile, file_exists, read_manifest, sha256_of
from pipelines.settings import Settings

REJECTS = "meta.rejected_row"

MAKE_ANEW = "remove warehouse/benefits.duckdb: the next run makes it anew from the lake."


@dataclass(frozen=True)
class Finding:
    """Something that does not add up: where, what, and what to do."""

    feed: str
    delivery_id: str
    message: str


@dataclass(frozen=True)
class Audit:
    """What was looked at, and what was found; no findings means that nothing is missing."""

    deliveries: int
    batches: int
    counted: int
    accepted: int
    rejected: int
    filtered: int
    findings: tuple[Finding, ...]


def audit(settings: Settings) -> Audit:
    """Check archive, lake and warehouse against each other and against the manifests' counts."""
    lake = _Lake(Lake.of(settings))
    manifests: list[Manifest] = []
    findings: list[Finding] = []
    for path in sorted((settings.lake / "_manifests").glob("*/*.json")):
        try:
            manifests.append(read_manifest(path))
        except LakeDamaged as error:
            findings.append(Finding(path.parent.name, path.stem, str(error)))
    checked: set[tuple[str, str]] = set()
    for manifest in manifests:
        first = (manifest.feed, manifest.batch_id) not in checked
        checked.add((manifest.feed, manifest.batch_id))
        findings += lake.findings(manifest) if first else []
        findings += _count_findings(manifest)
    for manifest in {(m.feed, m.sha256): m for m in sorted(manifests, key=lambda m: m.received_at)}.values():
        findings += _archive_findings(settings, manifest)
    findings += _unaccounted(settings, manifests)
    findings += _warehouse_findings(settings, manifests)
    batches = {(m.feed, m.batch_id): m for m in manifests if m.status == "accepted"}.values()
    return Audit(
        deliveries=len(manifests),
        batches=len(batches),
        counted=sum(batch.counted for batch in batches),
        accepted=sum(batch.accepted for batch in batches),
        rejected=sum(batch.rejected for batch in batches),
        filtered=sum(batch.filtered for batch in batches),
        findings=tuple(findings),
    )


def _archive_findings(settings: Settings, manifest: Manifest) -> Iterator[Finding]:
    fault = archive.fault(settings, manifest)
    if fault and not archive.removed_since(settings, manifest):
        yield _finding(manifest, fault)


@dataclass
class _Lake:
    """The lake's files as the audit has found them, each read through once, however many batches share it."""

    lake: Lake
    faults: dict[tuple[str, str], str | None] = field(default_factory=dict)

    def findings(self, manifest: Manifest) -> Iterator[Finding]:
        for stored in self._as_named_now(manifest).files:
            fault = self._fault(stored)
            if fault is None and self._rows(stored) != stored.rows:
                fault = f"lake/{stored.path} does not hold the {stored.rows} rows of its manifest."
            if fault:
                yield _finding(manifest, fault)

    def _as_named_now(self, manifest: Manifest) -> Manifest:
        """The manifest as it is by now where a file of it is gone: it may have been put together with others."""
        if all(file_exists(self.lake, stored) for stored in manifest.files):
            return manifest
        return self.lake.find_manifest(manifest.feed, manifest.delivery_id) or manifest

    def _fault(self, stored: StoredFile) -> str | None:
        file = (stored.path, stored.sha256)
        if file not in self.faults:
            try:
                warehouse.verify(self.lake, stored)
                self.faults[file] = None
            except LakeDamaged as error:
                self.faults[file] = str(error)
        return self.faults[file]

    def _rows(self, stored: StoredFile) -> int:
        with duckdb.connect() as connection:
            row = connection.execute(f"select count(*) from {self.lake.relation(stored)}").fetchone()
        return int(row[0]) if row else 0


def _count_findings(manifest: Manifest) -> Iterator[Finding]:
    for entry in manifest.contracts:
        if entry.accepted + entry.rejected + entry.filtered != entry.counted or entry.accepted != entry.rows.rows:
            yield _finding(manifest, f"{entry.contract}: accepted, rejected and filtered do not make {entry.counted}.")


def _unaccounted(settings: Settings, manifests: list[Manifest]) -> Iterator[Finding]:
    """Archived bytes that no delivery answers for, but those of a delivery that waits to be taken up again."""
    known = {(manifest.feed, manifest.sha256) for manifest in manifests}
    for path in sorted(settings.archive.glob("*/*")):
        sha256 = path.name.partition(".")[0]
        if path.name.startswith(".") or (path.parent.name, sha256) in known:
            continue
        waiting = any(sha256_of(claim.path) == sha256 for claim in landing.claims(settings, path.parent.name))
        if not waiting:
            message = f"archive/{path.parent.name}/{path.name} belongs to no delivery; put it into landing/ again."
            yield Finding(path.parent.name, "", message)


def _warehouse_findings(settings: Settings, manifests: list[Manifest]) -> Iterator[Finding]:
    """Where there is a warehouse: its ledger and rows against the manifests. Deliveries yet to be loaded are no fault."""
    if not settings.warehouse.exists():
        return
    by_id = {manifest.delivery_id: manifest for manifest in manifests}
    with warehouse.reading(settings) as connection:
        ledger = connection.execute(
            "select delivery_id, feed, status, accepted, rejected from meta.delivery"
        ).fetchall()
        for delivery_id, feed, status, accepted, rejected in ledger:
            manifest = by_id.get(delivery_id)
            if manifest is None:
                yield Finding(feed, delivery_id, "is in the warehouse, but its manifest is gone from the lake.")
            elif (manifest.status, manifest.accepted, manifest.rejected) != (status, accepted, rejected):
                yield _finding(manifest, f"the warehouse's ledger differs from its manifest; {MAKE_ANEW}")
        loaded = {row[0] for row in ledger}
        expected = _expected_rows(manifests, loaded)
        tables = connection.execute("select table_name from duckdb_tables() where schema_name = 'raw'").fetchall()
        for table in sorted(set(expected) | {f"raw.{name}" for (name,) in tables}):
            yield from _row_findings(connection, table, expected.get(table, {}))


def _expected_rows(manifests: list[Manifest], loaded: set[str]) -> dict[str, dict[tuple[str, str], int]]:
    """By table of the warehouse, the rows that it must have of each batch."""
    expected: dict[str, dict[tuple[str, str], int]] = {REJECTS: {}}
    for manifest in manifests:
        if manifest.delivery_id not in loaded:
            continue
        batch = (manifest.feed, manifest.batch_id)
        for entry in manifest.contracts:
            expected.setdefault(f"raw.{entry.contract}", {})[batch] = entry.accepted
        if manifest.rejects:
            expected[REJECTS][batch] = manifest.rejects.rows
    return expected


def _row_findings(
    connection: duckdb.DuckDBPyConnection, table: str, expected: dict[tuple[str, str], int]
) -> Iterator[Finding]:
    batch_key = "feed, batch_id" if table == REJECTS else "_feed, _batch_id"
    counts = connection.execute(f"select {batch_key}, count(*) from {table} group by all").fetchall()
    found = {(feed, batch): rows for feed, batch, rows in counts}
    for feed, batch in sorted(set(found) | set(expected)):
        if found.get((feed, batch), 0) != expected.get((feed, batch), 0):
            message = (
                f"{table} holds {found.get((feed, batch), 0)} rows of batch {batch}, "
                f"its manifest {expected.get((feed, batch), 0)}; {MAKE_ANEW}"
            )
            yield Finding(feed, "", message)


def _finding(manifest: Manifest, message: str) -> Finding:
    return Finding(manifest.feed, manifest.delivery_id, message)
