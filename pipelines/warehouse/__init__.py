"""lake -> raw: the only opener of the DuckDB file. See `loading`, `ledger`, `schema` and `opening`."""

from __future__ import annotations

from pipelines.warehouse.ledger import settle, sync_builds
from pipelines.warehouse.loading import Loaded, load, verify
from pipelines.warehouse.opening import closing_connection, held, reading, writing
from pipelines.warehouse.schema import fingerprint, is_outdated, key_of, note_fingerprint, prepare

__all__ = [
    "Loaded",
    "closing_connection",
    "fingerprint",
    "held",
    "is_outdated",
    "key_of",
    "load",
    "note_fingerprint",
    "prepare",
    "reading",
    "settle",
    "sync_builds",
    "verify",
    "writing",
]
