"""The lake without a name: rows, rejected rows, recorded builds, manifests, reports, and events that wait."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import duckdb

from pipelines.erase.archived import holds
from pipelines.erase.names import Names
from pipelines.lake import Lake, Manifest, StoredFile, put_in_place, sha256_of, write_json
from pipelines.outbox import Entry, Outbox, event_name
from pipelines.settings import Settings
from pipelines.sql import literal, quoted
from pipelines.workspace import scratch

PARQUET = "format parquet, compression zstd, row_group_size 24576"
GAP_ID = "substr(sha256(gap_code || '|' || subject_type || '|' || subject_id), 1, 16)"
OWN_FOLDERS = {"_builds", "_work"}


def erase_rows(settings: Settings, lake: Lake, names: Names, dry_run: bool) -> Iterator[tuple[str, int]]:
    """Write every file of rows that holds the name anew, beside the old one; its path, and the rows changed.

    Every manifest that names the old file names the new one before the old one goes.
    """
    manifests = list(lake.manifests())
    for path in sorted(lake.folder.glob("*/*/*.parquet")):
        if path.parent.parent.name in OWN_FOLDERS:
            continue
        with scratch(path.parent) as connection:
            rows = _rows_with(connection, path, names)
            if not rows:
                continue
            if not dry_run:
                _write_anew(connection, lake, manifests, path, names)
        yield str(path.relative_to(settings.home)), rows


def _write_anew(
    connection: duckdb.DuckDBPyConnection, lake: Lake, manifests: list[Manifest], path: Path, names: Names
) -> None:
    old = str(path.relative_to(lake.folder))
    asserting = [manifest for manifest in manifests if any(stored.path == old for stored in manifest.files)]
    if asserting:
        new = path.with_name(f"{path.name.split('.')[0]}.{names.placeholder}.parquet")
        part = path.with_name(f".{new.name}.part")
        _copy_without(connection, path, part, names)
        put_in_place(part, new)
        sha256, name = sha256_of(new), str(new.relative_to(lake.folder))
        for manifest in asserting:
            current = lake.find_manifest(manifest.feed, manifest.delivery_id) or manifest
            lake.commit(_pointing(current, old, name, sha256))
    path.unlink()


def _pointing(manifest: Manifest, old: str, new: str, sha256: str) -> Manifest:
    def moved(stored: StoredFile) -> StoredFile:
        return replace(stored, path=new, sha256=sha256) if stored.path == old else stored

    contracts = tuple(replace(entry, rows=moved(entry.rows)) for entry in manifest.contracts)
    return manifest.changed(contracts=contracts, rejects=moved(manifest.rejects) if manifest.rejects else None)


def erase_builds(settings: Settings, lake: Lake, names: Names, dry_run: bool) -> Iterator[tuple[str, int]]:
    """Mend open gaps and forecasts of every recorded build; a gap whose subject's key held the name gets its new identifier."""
    for path in sorted((lake.folder / "_builds").glob("*.parquet")):
        with scratch(path.parent) as connection:
            rows = _rows_with(connection, path, names)
            if not rows:
                continue
            if not dry_run:
                part = path.with_name(f".{path.name}.part")
                _copy_without(connection, path, part, names, GAP_ID)
                put_in_place(part, path)
        yield str(path.relative_to(settings.home)), rows


def _rows_with(connection: duckdb.DuckDBPyConnection, path: Path, names: Names) -> int:
    """How many rows of a file hold the name in some column of text."""
    texts = [names.sql_within(quoted(column)) for column, type_ in _columns(connection, path) if type_ == "VARCHAR"]
    if not texts:
        return 0
    found = connection.execute(f"select count(*) from {_parquet(path)} where {' or '.join(texts)}").fetchone()
    return int(found[0]) if found else 0


def _copy_without(
    connection: duckdb.DuckDBPyConnection, path: Path, part: Path, names: Names, gap_id: str | None = None
) -> None:
    columns = [
        f"{names.sql_replaced(quoted(column))} as {quoted(column)}" if type_ == "VARCHAR" else quoted(column)
        for column, type_ in _columns(connection, path)
    ]
    query = f"select {', '.join(columns)} from {_parquet(path)}"
    if gap_id and "subject_id" in dict(_columns(connection, path)):
        query = f"select * replace (coalesce({gap_id}, gap_id) as gap_id) from ({query}) order by gap_id"
    connection.execute(f"copy ({query}) to {literal(str(part))} ({PARQUET})")


def _columns(connection: duckdb.DuckDBPyConnection, path: Path) -> list[tuple[str, str]]:
    described = connection.execute(f"describe select * from {_parquet(path)}").fetchall()
    return [(row[0], row[1]) for row in described]


def _parquet(path: Path) -> str:
    return f"read_parquet({literal(str(path))}, hive_partitioning = false)"


def erase_documents(settings: Settings, lake: Lake, names: Names, dry_run: bool) -> list[str]:
    """Mend what manifests and reports of refusals say in words: file names and messages."""
    changed = []
    for root in (lake.folder / "_manifests", settings.rejected):
        for path in sorted(root.rglob("*.json")):
            document = json.loads(path.read_text("utf-8"))
            mended = names.replaced_in(document)
            if mended != document:
                changed.append(names.replaced(str(path.relative_to(settings.home))))
                if not dry_run:
                    write_json(path, mended)
    return changed


def erase_outbox(settings: Settings, names: Names, dry_run: bool) -> list[str]:
    """Mend what waits for receivers of gap events; an event of a subject whose key held the name gets its new identifiers."""
    outbox = Outbox.of(settings)
    changed = []
    for entry in outbox.waiting():
        mended = replace(entry, content=_mended(entry.content, names))
        if mended == entry:
            continue
        changed.append(f"lake/_outbox/{entry.name}.json")
        if not dry_run:
            mended = _identified(mended) if entry.kind == "webhook" else mended
            outbox.write(mended)
            if mended.name != entry.name:
                outbox.remove(entry)
    return changed


def _mended(value: Any, names: Names) -> Any:
    """Every text in a document without the name."""
    if isinstance(value, dict):
        return {key: _mended(inner, names) for key, inner in value.items()}
    if isinstance(value, list):
        return [_mended(inner, names) for inner in value]
    return names.replaced(value) if isinstance(value, str) else value


def _identified(entry: Entry) -> Entry:
    """An event under the identifiers that its subject's key gives it, as `erase_builds` gives them to the builds."""
    event, gap = entry.content, entry.content["data"]
    if gap["gap_code"] is None:
        return entry
    gap_id = _digest(gap["gap_code"], gap["subject_type"], gap["subject_id"])
    event_id = _digest(gap_id, event["type"].rpartition(".")[2], str(entry.seq))
    content = {**event, "id": event_id, "subject": gap_id, "data": {**gap, "gap_id": gap_id}}
    return replace(entry, name=event_name(entry.seq, event_id), content=content)


def _digest(*parts: str) -> str:
    return hashlib.sha256("|".join(parts).encode()).hexdigest()[:16]


def waiting(settings: Settings, names: Names) -> Iterator[str]:
    """The files in landing folders that hold the name, in their bytes or their own names; they are left alone."""
    for path in sorted(settings.landing.rglob("*")):
        if path.is_file() and (names.within(path.name) or holds(path.read_bytes(), names)):
            yield names.replaced(str(path.relative_to(settings.home)))
