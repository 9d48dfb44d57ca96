"""One delivery's bytes -> one immutable batch in the lake, or a refusal that says what to mend."""

from __future__ import annotations

import json
from pathlib import Path

from pipelines.archive import Archived
from pipelines.contracts import Contract
from pipelines.errors import DeliveryRefused
from pipelines.expectations import find_failures
from pipelines.feeds import Delivers, Feed
from pipelines.ingest.checking import Checked, reject_failing, reject_unsound
from pipelines.ingest.mapping import map_rows
from pipelines.lake import ContractRows, Lake, Manifest, StoredFile, put_in_place, sha256_of, write_atomically
from pipelines.readers import READERS
from pipelines.readers.tables import Table
from pipelines.settings import Settings
from pipelines.sql import quoted
from pipelines.workspace import Workspace

PARQUET = "format parquet, compression zstd, row_group_size 122880"
EXAMPLES_A_RULE = 20
TOLERANCE = "tolerance"  # the one rule that can be overridden


def process(
    settings: Settings,
    lake: Lake,
    feed: Feed,
    contracts: dict[str, Contract],
    manifest: Manifest,
    archived: Archived,
    earlier: list[Manifest],
) -> Manifest:
    """The manifest of a delivery whose rows are now in the lake, accepted or refused, ready to be committed."""
    manifest = manifest.changed(batch_id=manifest.next_batch_id(earlier))
    with Workspace(lake.workspaces(feed.name)) as workspace:
        try:
            return _batch(lake, feed, contracts, manifest, archived, workspace)
        except DeliveryRefused as refusal:
            refused = manifest.refused(refusal, earlier)
            if not _has_rejects(workspace):
                return report_refusal(settings, refused, [])
            refused = refused.changed(rejects=_keep_rejects(lake, refused, workspace))
            return report_refusal(settings, refused, _summary(workspace))


def _batch(
    lake: Lake, feed: Feed, contracts: dict[str, Contract], manifest: Manifest, archived: Archived, workspace: Workspace
) -> Manifest:
    tables = {table.name: table for table in READERS[feed.format.reader](archived.path, feed.format, workspace)}
    candidates = []
    for delivers in feed.delivers:
        contract = contracts[delivers.contract]
        candidates.append(map_rows(workspace, feed, delivers, contract, _table(feed, delivers, tables)))
    sound = {reject_unsound(workspace, candidate): candidate for candidate in candidates}
    failures = find_failures(workspace, {view: (c.contract, c.mapped) for view, c in sound.items()})
    checked = [reject_failing(workspace, candidate, view, failures[view]) for view, candidate in sound.items()]
    rows = [_written(lake, feed, manifest, entry, workspace) for entry in checked]
    for entry in rows:
        _guard(feed, entry, is_overridden=manifest.override_reason is not None)
    for entry in rows:
        put_in_place(_part(workspace, entry.contract), lake.folder / entry.rows.path)
    return manifest.changed(contracts=tuple(rows), rejects=_keep_rejects(lake, manifest, workspace))


def _table(feed: Feed, delivers: Delivers, tables: dict[str, Table]) -> Table:
    if delivers.table not in tables:
        raise DeliveryRefused(
            "missing_table",
            f"The file has no table {delivers.table}, from which {delivers.contract} is read.",
            "Send the file with that table (a sheet, in a workbook), or mend `from` in the feed.",
        )
    table = tables[delivers.table]
    if table.fault:
        raise table.fault
    if table.counted == 0 and not feed.allow_empty:
        raise DeliveryRefused(
            "empty",
            f"{delivers.table} holds no records.",
            "Send the records, or say allow_empty in the feed if none is a fact.",
        )
    return table


def _written(lake: Lake, feed: Feed, manifest: Manifest, checked: Checked, workspace: Workspace) -> ContractRows:
    contract = checked.candidate.contract
    columns = ", ".join(quoted(column.name) for column in contract.columns if column.name in checked.candidate.mapped)
    path = lake.batch_path(contract.name, feed.name, manifest.batch_id)
    query = f"select {columns}, _row from {checked.accepted}"
    stored = _write(lake, workspace, query, _part(workspace, contract.name), path)
    return ContractRows(
        contract=contract.name,
        contract_version=contract.version,
        mapped_columns=checked.candidate.mapped,
        counted=checked.candidate.table.counted,
        accepted=stored.rows,
        rejected=checked.rejected,
        filtered=checked.candidate.filtered,
        unreadable_keys=checked.unreadable_keys,
        warnings=checked.warnings,
        rows=stored,
    )


def _guard(feed: Feed, rows: ContractRows, is_overridden: bool) -> None:
    """Refuse the delivery where rows went missing, where too many were rejected, or where a snapshot came out empty.

    How many are too many is not asked where the feed's tolerance is overridden.
    """
    where = f"{rows.contract}: of {rows.counted} records"
    if rows.accepted + rows.rejected + rows.filtered != rows.counted:
        raise DeliveryRefused(
            "conservation",
            f"{where} counted, {rows.accepted} were accepted, {rows.rejected} rejected and {rows.filtered} filtered.",
            "Check the dialect that the feed declares against the file; if it is right, report this as a fault of Fruition.",
        )
    if not is_overridden and rows.rejected > feed.tolerance.rejected_rows * rows.counted:
        raise DeliveryRefused(
            TOLERANCE,
            f"{where}, {rows.rejected} are rejected, more than the feed tolerates ({float(feed.tolerance.rejected_rows):.1%}).",
            f"See the reasons with `fruition rejects {feed.name}`; mend the file, or tolerance.rejected_rows in the feed.",
        )
    if feed.mode == "snapshot" and not rows.accepted + rows.rejected and not feed.allow_empty:
        raise DeliveryRefused(
            "empty",
            f"{where}, the feed's where leaves none: this snapshot would close every key.",
            "Send the whole register, or say allow_empty in the feed.",
        )


def _keep_rejects(lake: Lake, manifest: Manifest, workspace: Workspace) -> StoredFile:
    path = lake.rejects_path(manifest.feed, manifest.batch_id)
    part = _part(workspace, "rejects")
    stored = _write(lake, workspace, "select * from rejects order by contract, _row", part, path)
    put_in_place(part, path)
    return stored


def _has_rejects(workspace: Workspace) -> bool:
    return workspace.has("rejects") and workspace.count("rejects") > 0


def _part(workspace: Workspace, name: str) -> Path:
    return workspace.folder / f"{name}.parquet"


def _write(lake: Lake, workspace: Workspace, query: str, part: Path, path: Path) -> StoredFile:
    """Write a query's rows as Parquet in the workspace, described as the file of the lake that it will be."""
    workspace.connection.execute(f"copy ({query}) to '{part}' ({PARQUET})")
    rows = workspace.count(f"read_parquet('{part}')")
    return StoredFile(str(path.relative_to(lake.folder)), sha256_of(part), rows)


def report_refusal(settings: Settings, manifest: Manifest, rejected_rows: list[dict[str, object]]) -> Manifest:
    """Write `rejected/<feed>/<batch_id>.json`, what a person looks at first, and return the manifest as it is."""
    report = {
        "feed": manifest.feed,
        "file": manifest.name,
        "delivery_id": manifest.delivery_id,
        "sha256": manifest.sha256,
        "archived": f"archive/{manifest.feed}/{manifest.archived}",
        "rule": manifest.rule,
        "message": manifest.message,
        "next_step": manifest.next_step,
        "rejected_rows": rejected_rows,
    }
    path = settings.rejected / manifest.feed / f"{manifest.batch_id}.json"
    write_atomically(path, json.dumps(report, indent=1).encode())
    return manifest


def _summary(workspace: Workspace) -> list[dict[str, object]]:
    """The rules that rejected rows, how often, and the first lines of each; no values."""
    rows = workspace.connection.execute(
        "select contract, column_name, rule, any_value(message), count(*), list(_row order by _row)[:$1] "
        "from rejects group by all order by all",
        [EXAMPLES_A_RULE],
    ).fetchall()
    names = ("contract", "column", "rule", "message", "rows", "first_lines")
    return [dict(zip(names, row, strict=True)) for row in rows]
