"""What Fruition remembers and says: the lake, the builds, the warehouse, the published file. Waits for nobody for long."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path

import duckdb

from pipelines import warehouse
from pipelines.doctor.findings import Check, counted, fault, ok, warning
from pipelines.errors import LakeDamaged, SourceUnavailable, WarehouseBusy
from pipelines.lake import Lake, Manifest, StoredFile, read_manifest
from pipelines.serve import published_build, served_build
from pipelines.settings import Settings

LOCK_SECONDS = 2.0
SHOWN = 10
RESTORE = "Restore it from a backup, then run `fruition audit`."
MAKE_ANEW = "Remove warehouse/benefits.duckdb and its .wal: the next run makes it anew from the lake."
PUBLISH_ANEW = "Run `fruition publish`, or `fruition run` where nothing was built yet."
PROCESS = re.compile(r"PID (\d+)")
GRACE = timedelta(days=1)


@dataclass
class Memory:
    """The manifests that can be read, and what is wrong with the others."""

    manifests: list[Manifest] = field(default_factory=list)
    damage: list[str] = field(default_factory=list)

    @property
    def last_received(self) -> datetime | None:
        """When the newest accepted delivery came."""
        return max((one.received_at for one in self.manifests if one.status == "accepted"), default=None)


def read_memory(settings: Settings) -> Memory:
    """Every manifest of the lake."""
    memory = Memory()
    for path in sorted((settings.lake / "_manifests").glob("*/*.json")):
        try:
            memory.manifests.append(read_manifest(path))
        except LakeDamaged as error:
            memory.damage.append(str(error))
    return memory


def lake_checks(settings: Settings, memory: Memory) -> Iterator[Check]:
    """Every manifest readable, and every file that one names there with the bytes it had."""
    lake = Lake.of(settings)
    stored = {file.path: file for manifest in memory.manifests for file in manifest.files}
    damage = memory.damage + [found for file in stored.values() for found in _damage(lake, file)]
    yield from _limited("Lake", damage, RESTORE)
    if not damage:
        yield ok("Lake", _lake_seen(len(memory.manifests), len(stored)))


def _lake_seen(manifests: int, files: int) -> str:
    if not manifests:
        return "empty: nothing was delivered yet"
    deliveries = "1 delivery" if manifests == 1 else f"{manifests:,} deliveries"
    return f"{deliveries}, {counted(files, 'file')} as their manifests say (rows and archive: `fruition audit`)"


def _damage(lake: Lake, stored: StoredFile) -> list[str]:
    try:
        warehouse.verify(lake, stored)
    except LakeDamaged as error:
        return [str(error)]
    except OSError as error:
        return [f"lake/{stored.path} cannot be read: {error.strerror}."]
    return []


def build_checks(settings: Settings) -> Iterator[Check]:
    """Every recorded build, its open gaps and its forecasts readable, and none missing in the row."""
    folder = settings.lake / "_builds"
    paths = [path for path in sorted(folder.glob("*.json")) if path.stem.isdecimal()]
    damage = [found for path in paths for found in _build_damage(path)]
    numbers = [int(path.stem) for path in paths if path.stem.isdecimal()]
    missing = sorted(set(range(1, max(numbers, default=0) + 1)) - set(numbers))
    damage += [f"lake/_builds/{number:08d}.json is missing, but later builds are there." for number in missing]
    yield from _limited("Recorded builds", damage, RESTORE)
    if not damage:
        yield ok("Recorded builds", f"{counted(len(paths), 'build')}" if paths else "none yet")


def _build_damage(path: Path) -> list[str]:
    try:
        document = json.loads(path.read_text("utf-8"))
    except (OSError, ValueError):
        return [f"lake/_builds/{path.name} cannot be read."]
    if not isinstance(document, dict) or path.stem != f"{document.get('seq'):0>8}":
        return [f"lake/_builds/{path.name} is not the build of its number."]
    needed = {path.with_suffix(".parquet"): "gap_id"}
    if document.get("forecasts") is not None:
        needed[path.with_suffix(".forecast.parquet")] = "benefit_id"
    return [
        f"lake/_builds/{file.name} is missing or cannot be read."
        for file, column in needed.items()
        if not _has_column(file, column)
    ]


def _has_column(file: Path, column: str) -> bool:
    """Whether a Parquet file can be read and has the column."""
    try:
        with duckdb.connect() as connection:
            connection.execute(f"select count({column}) from read_parquet($1, hive_partitioning = false)", [str(file)])
    except duckdb.Error:
        return False
    return True


def warehouse_check(settings: Settings, memory: Memory) -> Check:
    """Whether the warehouse opens, and is not behind the lake; who has it where somebody has."""
    name = "Warehouse"
    if not settings.warehouse.exists():
        return ok(name, "not there yet: the next run makes it from the lake")
    try:
        with (
            warehouse.held(settings, LOCK_SECONDS),
            duckdb.connect(str(settings.warehouse), read_only=True) as connection,
        ):
            loaded = _loaded(connection)
            succeeded = _succeeded(connection)
    except WarehouseBusy as error:
        return warning(
            name, f"is being written. {error}", "Nothing, unless that process hangs: then stop it and run again."
        )
    except OSError as error:
        return fault(name, f"its lock cannot be taken: {error.strerror}.", "Make warehouse/ writable for this user.")
    except duckdb.Error as error:
        return _unopened(settings.warehouse, error)
    waiting = len({manifest.delivery_id for manifest in memory.manifests} - loaded)
    if not succeeded:
        return warning(
            name, "the last build did not come through; what was published before stays.", "Run `fruition build`."
        )
    behind = f"; {waiting:,} deliveries wait for the next run" if waiting else ""
    return ok(name, f"opens, {len(loaded):,} deliveries loaded{behind}")


def _unopened(path: Path, error: duckdb.Error) -> Check:
    text = str(error)
    if "set lock on file" not in text:
        return fault("Warehouse", f"cannot be opened or read: {text.splitlines()[0][:200]}", MAKE_ANEW)
    process = PROCESS.search(text)
    holder = f"process {process[1]}" if process else "another program"
    todo = "Close it there before the next run; to look at the figures, open published/benefits.duckdb instead."
    return warning("Warehouse", f"{holder} has {path.name} open.", todo)


def _loaded(connection: duckdb.DuckDBPyConnection) -> set[str]:
    if not _has(connection, "meta", "delivery"):
        return set()
    return {row[0] for row in connection.execute("select delivery_id from meta.delivery").fetchall()}


def _succeeded(connection: duckdb.DuckDBPyConnection) -> bool:
    """Whether the last build came through; true where there was none."""
    if not _has(connection, "meta", "latest_build"):
        return True
    row = connection.execute("select succeeded from meta.latest_build").fetchone()
    return row is None or bool(row[0])


def _has(connection: duckdb.DuckDBPyConnection, schema: str, table: str) -> bool:
    found = "select 1 from duckdb_tables() where schema_name = $1 and table_name = $2"
    return connection.execute(found, [schema, table]).fetchone() is not None


def published_check(settings: Settings, memory: Memory) -> Check:
    """Whether the published file opens, and how old it is against what has come since."""
    name, last = "Published file", memory.last_received
    if not settings.published.exists():
        if last is None:
            return ok(name, "not there yet, as nothing was delivered yet")
        return warning(name, "is not there, though there are deliveries.", PUBLISH_ANEW)
    try:
        with duckdb.connect(str(settings.published), read_only=True) as connection:
            row = connection.execute("select seq, as_of, known_at from meta.build order by seq desc limit 1").fetchone()
    except duckdb.Error as error:
        return fault(name, f"cannot be opened or read: {str(error).splitlines()[0][:200]}", PUBLISH_ANEW)
    if row is None:
        return warning(name, "opens, but holds no build.", PUBLISH_ANEW)
    seen = f"build {row[0]} as of {row[1]}, made {row[2]:%Y-%m-%d %H:%M} UTC"
    if last is not None and last > row[2] + GRACE:
        return warning(
            name, f"{seen}; deliveries have come until {last:%Y-%m-%d %H:%M} UTC since.", "Run `fruition run`."
        )
    return ok(name, seen)


def serving_checks(settings: Settings) -> Iterator[Check]:
    """Where a PostgreSQL serves the marts too: whether it answers, and with what is published."""
    name, todo = "Serving PostgreSQL", "Run `fruition publish`, which serves again."
    if settings.serve_url is None or not settings.published.exists():
        return
    try:
        served, published = served_build(settings.serve_url), published_build(settings)
    except SourceUnavailable as error:
        yield fault(name, str(error), "Start it or mend FRUITION_SERVE_URL; then run `fruition publish`.")
        return
    if served == published:
        yield ok(name, f"serves {served}")
    else:
        yield warning(name, f"serves {served or 'nothing yet'}; published is {published}.", todo)


def _limited(name: str, damage: list[str], todo: str) -> Iterator[Check]:
    """A fault for each thing found; where there are very many, how many more."""
    for found in damage[:SHOWN]:
        yield fault(name, found, todo)
    if len(damage) > SHOWN:
        yield fault(name, f"and {len(damage) - SHOWN:,} more like these.", "`fruition audit` lists them all.")
