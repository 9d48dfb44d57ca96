"""Many small batches of a feed become one file, in which a column says whose each row is.

The merged file comes first, then each manifest that names one of the old files names it instead; only then may `tidy`
remove the old ones. Stopped in between, the next compaction goes on where this one stood.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

from pipelines import warehouse
from pipelines.errors import LakeDamaged
from pipelines.lake import ContractRows, Lake, Manifest, StoredFile, file_exists, put_in_place, sha256_of
from pipelines.sql import literal
from pipelines.workspace import scratch

SMALL_BYTES = 1_000_000  # below it, opening a file costs more than reading it
ENOUGH_FILES = 20  # fewer are not worth a new file; with a delivery a night that is three weeks
MERGED_BYTES = 128_000_000  # above it, one batch's load would read through too much of a file that it shares
ROWS_A_GROUP = 24_576  # small, so that reading one batch of a merged file reads little else
PARQUET = f"format parquet, compression zstd, row_group_size {ROWS_A_GROUP}"
MERGED = "merged-"
REJECTS = "_rejects"

Kind = tuple[str, ...]
Batches = dict[str, StoredFile]


@dataclass(frozen=True)
class Merged:
    """Small files of a feed that became one: how many, of how many batches, and their size together in bytes."""

    feed: str
    contract: str
    files: int
    batches: int
    size_bytes: int


def compact(lake: Lake, feed: str, dry_run: bool = False) -> list[Merged]:
    """Put the feed's small batches together, while it is held; `LakeDamaged` where one is not as its manifest says."""
    if not dry_run:
        _resume(lake, feed)
    manifests = list(lake.manifests(feed))
    merged = []
    for kind, batches in _groups(lake, manifests):
        files = {stored.path for stored in batches.values()}
        size = sum((lake.folder / path).stat().st_size for path in files)
        merged.append(Merged(feed, kind[0], len(files), len(batches), size))
        if not dry_run:
            _point(lake, feed, kind, _merge(lake, feed, batches))
    return merged


def batches_in(path: Path) -> dict[str, int]:
    """The batches whose rows a merged file holds, and how many rows of each."""
    with scratch(path.parent) as connection:
        counts = connection.execute(f"select _batch_id, count(*) from {_parquet(path)} group by all").fetchall()
    return {str(batch): int(rows) for batch, rows in counts}


def _resume(lake: Lake, feed: str) -> None:
    """Let manifests name the merged files that a stopped compaction had already written."""
    entries = [
        (manifest.batch_id, kind, stored)
        for manifest in lake.manifests(feed)
        for kind, stored in _stored(manifest)
        if stored.batch_id is None
    ]
    for path in sorted(lake.folder.glob(f"*/{feed}/{MERGED}*.parquet")):
        folder = path.parent.parent.name
        alone = [(batch, kind, stored) for batch, kind, stored in entries if kind[0] == folder]
        held = batches_in(path) if alone else {}
        found = [(batch, kind, stored.rows) for batch, kind, stored in alone if _holds(held, batch, kind, stored.rows)]
        for kind in {kind for _, kind, _ in found}:
            name, sha256 = str(path.relative_to(lake.folder)), sha256_of(path)
            merged = {batch: StoredFile(name, sha256, rows, batch) for batch, same, rows in found if same == kind}
            _point(lake, feed, kind, merged)


def _holds(held: dict[str, int], batch: str, kind: Kind, rows: int) -> bool:
    """Whether a merged file has a batch's rows; where there are no rejects, any file of rejects has them all."""
    return held.get(batch) == rows or (kind == (REJECTS,) and rows == 0 and bool(held))


def _groups(lake: Lake, manifests: list[Manifest]) -> Iterator[tuple[Kind, Batches]]:
    """What is small and has the same columns: enough files at a time, and never too many bytes."""
    alike: dict[Kind, Batches] = {}
    for manifest in manifests:
        for kind, stored in _stored(manifest):
            alike.setdefault(kind, {})[manifest.batch_id] = stored
    for kind, batches in sorted(alike.items()):
        for portion in _portions(lake, batches):
            if len({stored.path for stored in portion.values()}) >= ENOUGH_FILES:
                yield kind, portion


def _stored(manifest: Manifest) -> Iterator[tuple[Kind, StoredFile]]:
    """A delivery's rows and rejects, with what rows must have in common to share a file."""
    for entry in manifest.contracts:
        yield _kind(entry), entry.rows
    if manifest.rejects:
        yield (REJECTS,), manifest.rejects


def _kind(entry: ContractRows) -> Kind:
    return entry.contract, entry.contract_version, *entry.mapped_columns


def _portions(lake: Lake, batches: Batches) -> Iterator[Batches]:
    portion: Batches = {}
    sizes: dict[str, int] = {}
    for batch, stored in sorted(batches.items()):
        size = (lake.folder / stored.path).stat().st_size if file_exists(lake, stored) else 0
        if size >= SMALL_BYTES:
            continue
        if sum(sizes.values()) + (0 if stored.path in sizes else size) > MERGED_BYTES:
            yield portion
            portion, sizes = {}, {}
        portion[batch] = stored
        sizes[stored.path] = size
    yield portion


def _merge(lake: Lake, feed: str, batches: Batches) -> Batches:
    """One file with the rows of all the batches, in place: where each batch's rows now are."""
    for stored in {stored.path: stored for stored in batches.values()}.values():
        warehouse.verify(lake, stored)
    folder = (lake.folder / next(iter(batches.values())).path).parent
    work = lake.workspaces(feed)
    work.mkdir(parents=True, exist_ok=True)
    part = work / "merged.parquet"
    with scratch(work) as connection:
        connection.execute(
            "create table batch as select unnest($1) as path, unnest($2) as batch_id",
            [[str(lake.folder / stored.path) for stored in batches.values()], list(batches)],
        )
        queries = [
            query.format(files=_parquet_files(lake, [stored for stored in batches.values() if is_meant(stored)]))
            for query, is_meant in ((OWN, _is_alone), (SHARED, _is_shared))
            if any(map(is_meant, batches.values()))
        ]
        rows = f"{' union all by name '.join(queries)} order by _batch_id, _row"
        connection.execute(f"copy ({rows}) to {literal(str(part))} ({PARQUET})")
    if batches_in(part) != {batch: stored.rows for batch, stored in batches.items() if stored.rows}:
        raise LakeDamaged(f"lake/{folder.relative_to(lake.folder)}: a batch does not hold the rows of its manifest.")
    sha256 = sha256_of(part)
    path = folder / f"{MERGED}{sha256[:16]}.parquet"
    put_in_place(part, path)
    name = str(path.relative_to(lake.folder))
    return {batch: StoredFile(name, sha256, stored.rows, batch) for batch, stored in batches.items()}


OWN = "(select batch.batch_id as _batch_id, r.* exclude (filename) from {files} as r join batch on r.filename = batch.path)"
SHARED = (
    "(select r.* exclude (filename) from {files} as r join batch on r.filename = batch.path "
    "and r._batch_id = batch.batch_id)"
)


def _is_alone(stored: StoredFile) -> bool:
    return stored.batch_id is None


def _is_shared(stored: StoredFile) -> bool:
    return stored.batch_id is not None


def _parquet_files(lake: Lake, files: list[StoredFile]) -> str:
    paths = sorted({str(lake.folder / stored.path) for stored in files})
    return f"read_parquet([{', '.join(map(literal, paths))}], filename = true, hive_partitioning = false)"


def _parquet(path: Path) -> str:
    return f"read_parquet({literal(str(path))}, hive_partitioning = false)"


def _point(lake: Lake, feed: str, kind: Kind, merged: Batches) -> None:
    """Let every manifest that asserts one of the batches name the merged file, each in one step."""
    for manifest in list(lake.manifests(feed)):
        stored = merged.get(manifest.batch_id)
        if stored is None:
            continue
        contracts = tuple(
            replace(entry, rows=stored) if _kind(entry) == kind else entry for entry in manifest.contracts
        )
        rejects = stored if manifest.rejects and kind == (REJECTS,) else manifest.rejects
        changed = manifest.changed(contracts=contracts, rejects=rejects)
        if changed != manifest:
            lake.commit(changed)
