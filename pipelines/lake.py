"""The lake: what its files are called, how they are written so that a half-written one is never seen, and read back.

A manifest is written last and is the commit of its delivery. Everything else in the lake that no manifest names is
the rest of a run that was stopped, and harmless.
"""

from __future__ import annotations

import hashlib
import json
import os
import tempfile
from collections.abc import Container, Iterable, Iterator
from contextlib import AbstractContextManager
from dataclasses import asdict, dataclass, field, replace
from datetime import datetime
from pathlib import Path
from typing import Any, Literal

from pipelines.errors import DeliveryRefused, LakeDamaged
from pipelines.locks import hold
from pipelines.settings import Settings
from pipelines.sql import literal

Status = Literal["accepted", "refused", "repeat"]
TIMESTAMP = "%Y-%m-%dT%H:%M:%S.%f"
CHUNK = 1 << 20
READABLE = 0o644


@dataclass(frozen=True)
class StoredFile:
    """Rows in a file of the lake: its path below the lake's folder, its hash, and how many of its rows are meant.

    All of them, unless several batches share the file: then those whose `_batch_id` is `batch_id`.
    """

    path: str
    sha256: str
    rows: int
    batch_id: str | None = None


@dataclass(frozen=True)
class Removal:
    """Archived bytes that are gone on purpose: since when, and why, in words that end a sentence."""

    feed: str
    sha256: str
    removed_at: datetime
    why: str


@dataclass(frozen=True)
class Erasure:
    """One removal of a person's name: what it put in the name's place, and what it did; never the name.

    `hashes` are the SHA-256 of the archived files that it mended, by path below the home. `erased_at` is None until
    the lake and the archive are free of the name, `finished_at` until the warehouse is, too; until then `names_hash` tells
    whether the same names are meant when it is taken up again.
    """

    placeholder: str
    started_at: datetime
    erased_at: datetime | None = None
    finished_at: datetime | None = None
    files: tuple[str, ...] = ()
    removed: tuple[str, ...] = ()
    cells: int = 0
    rows: int = 0
    hashes: dict[str, str] = field(default_factory=dict)
    names_hash: str | None = None


@dataclass(frozen=True)
class ContractRows:
    """What one delivery brought to one contract; accepted + rejected + filtered = counted."""

    contract: str
    contract_version: str
    mapped_columns: tuple[str, ...]
    counted: int
    accepted: int
    rejected: int
    filtered: int
    unreadable_keys: int
    warnings: dict[str, int]
    rows: StoredFile


@dataclass(frozen=True)
class Manifest:
    """One delivery and how it ended: the ledger line, and the batch whose rows it asserts.

    `reading` is a fingerprint of how the bytes were read: by which feed and contracts. `replays` is, of a later attempt
    at bytes that came before, the delivery that first brought them, and whose place among all it takes.
    `override_reason` and `override_by` say why and by whom the feed's tolerance was not applied to this attempt, if so.
    """

    delivery_id: str
    feed: str
    name: str
    sha256: str
    size_bytes: int
    archived: str
    as_at: datetime | None
    received_at: datetime
    mode: Literal["delta", "snapshot"]
    status: Status
    batch_id: str
    rule: str | None = None
    message: str | None = None
    next_step: str | None = None
    contracts: tuple[ContractRows, ...] = ()
    rejects: StoredFile | None = None
    reading: str = ""
    replays: str | None = None
    override_reason: str | None = None
    override_by: str | None = None

    @property
    def root_id(self) -> str:
        """The delivery of which this is an attempt: itself, unless it is a replay."""
        return self.replays or self.delivery_id

    @property
    def files(self) -> tuple[StoredFile, ...]:
        """Every file of the lake that this delivery rests on."""
        return tuple(entry.rows for entry in self.contracts) + ((self.rejects,) if self.rejects else ())

    def changed(self, **values: Any) -> Manifest:
        """The same manifest with some values changed."""
        return replace(self, **values)

    def next_batch_id(self, earlier: list[Manifest]) -> str:
        """The first 16 digits of the hash; `-2` and so on for later attempts at the same bytes."""
        stem = self.sha256[:16]
        attempts = {m.batch_id for m in earlier if m.sha256.startswith(stem)}
        return stem if not attempts else f"{stem}-{len(attempts) + 1}"

    def refused(self, refusal: DeliveryRefused, earlier: list[Manifest]) -> Manifest:
        """The same delivery, refused: none of its rows count."""
        return replace(
            self,
            status="refused",
            batch_id=self.batch_id or self.next_batch_id(earlier),
            rule=refusal.rule,
            message=refusal.message,
            next_step=refusal.next_step,
            contracts=(),
        )

    @property
    def counted(self) -> int:
        return sum(entry.counted for entry in self.contracts)

    @property
    def accepted(self) -> int:
        return sum(entry.accepted for entry in self.contracts)

    @property
    def rejected(self) -> int:
        return sum(entry.rejected for entry in self.contracts)

    @property
    def filtered(self) -> int:
        return sum(entry.filtered for entry in self.contracts)


@dataclass(frozen=True)
class Lake:
    """The lake's folder and the names in it."""

    folder: Path
    lock_seconds: float = field(default=600.0)

    @classmethod
    def of(cls, settings: Settings) -> Lake:
        return cls(settings.lake)

    def batch_path(self, contract: str, feed: str, batch_id: str) -> Path:
        return self.folder / contract / feed / f"{batch_id}.parquet"

    def rejects_path(self, feed: str, batch_id: str) -> Path:
        return self.folder / "_rejects" / feed / f"{batch_id}.parquet"

    def manifest_path(self, feed: str, delivery_id: str) -> Path:
        return self.folder / "_manifests" / feed / f"{delivery_id}.json"

    def workspaces(self, feed: str) -> Path:
        """Where the feed's deliveries are worked on; what lies there while nobody holds the feed is of a stopped run."""
        return self.folder / "_work" / feed

    def batch_files(self, feed: str) -> Iterator[Path]:
        """Every file with rows of the feed, accepted or rejected, whether a manifest names it or not."""
        for path in sorted(self.folder.glob(f"*/{feed}/*.parquet")):
            if path.parent.parent.name == "_rejects" or not path.parent.parent.name.startswith(("_", ".")):
                yield path

    def manifests(self, feed: str | None = None, known: Container[str] = ()) -> Iterator[Manifest]:
        """Every committed delivery, in order of receipt within each feed, but those whose identifiers are known."""
        root = self.folder / "_manifests"
        for path in sorted(root.glob(f"{feed or '*'}/*.json")):
            if path.stem not in known:
                yield read_manifest(path)

    def find_manifest(self, feed: str, delivery_id: str) -> Manifest | None:
        """The manifest of a delivery, if it is committed."""
        path = self.manifest_path(feed, delivery_id)
        return read_manifest(path) if path.exists() else None

    def commit(self, manifest: Manifest) -> None:
        """Write the manifest, atomically and last: from here on the delivery is in the lake."""
        path = self.manifest_path(manifest.feed, manifest.delivery_id)
        write_json(path, _to_json(manifest))

    def relation(self, stored: StoredFile) -> str:
        """The SQL relation of the rows that are meant, in no order: the one way to read what a manifest names."""
        file = f"read_parquet({literal(str(self.folder / stored.path))}, hive_partitioning = false)"
        if stored.batch_id is None:
            return file
        return f"(select * exclude (_batch_id) from {file} where _batch_id = {literal(stored.batch_id)})"

    def removal(self, feed: str, sha256: str) -> Removal | None:
        """Why the archive has these bytes no more, where that was decided."""
        path = self._removal_path(feed, sha256)
        if not path.exists():
            return None
        document = read_json(path)
        return Removal(**{**document, "removed_at": datetime.strptime(document["removed_at"], TIMESTAMP)})

    def note_removal(self, removal: Removal) -> None:
        """Remember, before they go, that archived bytes are to be gone."""
        document = {**asdict(removal), "removed_at": removal.removed_at.strftime(TIMESTAMP)}
        write_json(self._removal_path(removal.feed, removal.sha256), document)

    def _removal_path(self, feed: str, sha256: str) -> Path:
        return self.folder / "_removed" / feed / f"{sha256}.json"

    def erasures(self) -> list[Erasure]:
        """Every erasure of a name, in order, the one that was stopped among them."""
        return [_erasure(read_json(path)) for path in sorted((self.folder / "_erasures").glob("*.json"))]

    def note_erasure(self, erasure: Erasure) -> None:
        """Keep the record of an erasure, as it is by now."""
        document = asdict(erasure)
        for moment in ("started_at", "erased_at", "finished_at"):
            document[moment] = document[moment].strftime(TIMESTAMP) if document[moment] else None
        write_json(self.folder / "_erasures" / f"{erasure.started_at:%Y%m%dT%H%M%S%f}Z.json", document)

    def hold_feed(self, feed: str) -> AbstractContextManager[None]:
        """One process at a time decides what a feed's next delivery is; `WarehouseBusy` after `lock_seconds`."""
        return hold(self.folder / "_manifests" / feed / ".lock", f"feed {feed}", self.lock_seconds)


def known_feeds(settings: Settings) -> list[str]:
    """Every feed that ever left anything in the home."""
    folders = [settings.archive, settings.landing, settings.rejected]
    folders += [
        path
        for path in settings.lake.glob("*")
        if path.name not in {"_builds", "_contracts", "_erasures", "_questions"}
    ]
    return sorted({path.name for folder in folders for path in folder.glob("*") if path.is_dir()})


def standing(manifests: Iterable[Manifest]) -> list[Manifest]:
    """Of each delivery the attempt that counts: the last accepted, else the last; in order of first receipt."""
    attempts: dict[str, Manifest] = {}
    for manifest in sorted(manifests, key=lambda manifest: manifest.delivery_id):
        before = attempts.get(manifest.root_id)
        if before is None or manifest.status == "accepted" or before.status != "accepted":
            attempts[manifest.root_id] = manifest
    return [attempts[root_id] for root_id in sorted(attempts)]


def read_manifest(path: Path) -> Manifest:
    """One manifest; `LakeDamaged` where it cannot be read."""
    try:
        return _from_json(json.loads(path.read_text("utf-8")))
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise LakeDamaged(
            f"manifest {path.parent.name}/{path.name} cannot be read: restore it from a backup."
        ) from error


def _erasure(document: dict[str, Any]) -> Erasure:
    moments = {
        name: datetime.strptime(document[name], TIMESTAMP) if document[name] else None
        for name in ("started_at", "erased_at", "finished_at")
    }
    return Erasure(**{**document, **moments, "files": tuple(document["files"]), "removed": tuple(document["removed"])})


def _to_json(manifest: Manifest) -> dict[str, Any]:
    document = asdict(manifest)
    document["as_at"] = manifest.as_at.isoformat(timespec="microseconds") if manifest.as_at else None
    document["received_at"] = manifest.received_at.isoformat(timespec="microseconds")
    return document


def _from_json(document: dict[str, Any]) -> Manifest:
    as_at = document["as_at"]
    return Manifest(
        **{
            **document,
            "as_at": datetime.strptime(as_at, TIMESTAMP) if as_at else None,
            "received_at": datetime.strptime(document["received_at"], TIMESTAMP),
            "contracts": tuple(
                ContractRows(
                    **{
                        **entry,
                        "mapped_columns": tuple(entry["mapped_columns"]),
                        "rows": StoredFile(**entry["rows"]),
                    }
                )
                for entry in document["contracts"]
            ),
            "rejects": StoredFile(**document["rejects"]) if document["rejects"] else None,
        }
    )


def file_exists(lake: Lake, stored: StoredFile) -> bool:
    """Whether a file that a manifest names is there at all."""
    return (lake.folder / stored.path).is_file()


def sha256_of(path: Path) -> str:
    """The SHA-256 of a file's bytes, in hexadecimal."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def write_atomically(path: Path, content: bytes, mode: int = READABLE) -> None:
    """Write a file that is seen whole or not at all, and survives a power cut once this returns."""
    path.parent.mkdir(parents=True, exist_ok=True)
    handle, name = tempfile.mkstemp(prefix=f".{path.name}.", suffix=".part", dir=path.parent)
    part = Path(name)
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(content)
        part.chmod(mode)
        put_in_place(part, path)
    finally:
        part.unlink(missing_ok=True)


def write_json(path: Path, document: dict[str, Any]) -> None:
    """Write a JSON document atomically."""
    write_atomically(path, json.dumps(document, indent=1).encode())


def read_json(path: Path) -> dict[str, Any]:
    """A JSON document of the lake; `LakeDamaged` where it cannot be read."""
    try:
        document: dict[str, Any] = json.loads(path.read_text("utf-8"))
        return document
    except (OSError, ValueError) as error:
        raise LakeDamaged(
            f"lake/{path.parent.parent.name}/{path.parent.name}/{path.name} cannot be read: restore it from a backup."
        ) from error


def read_if_sound(path: Path) -> dict[str, Any]:
    """A JSON document that costs no more than a repetition where it is lost; an empty one where it cannot be read."""
    try:
        return read_json(path) if path.exists() else {}
    except LakeDamaged:
        return {}


def put_in_place(part: Path, path: Path) -> None:
    """Rename a finished file into place, durably: its bytes first, then the name, then the folder."""
    path.parent.mkdir(parents=True, exist_ok=True)
    sync(part)
    part.replace(path)
    sync(path.parent)


def sync(path: Path) -> None:
    """Have the disk keep a file's bytes, or a folder's names, before going on."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
