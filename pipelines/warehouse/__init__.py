"""lake -> raw: the only opener of the DuckDB file. See `loading`, `ledger`, `schema`, `opening`, `lanes` and `transactions`."""

from __future__ import annotations

from pipelines.warehouse.lanes import side_by_side
from pipelines.warehouse.ledger import settle, sync_builds, sync_questions
from pipelines.warehouse.loading import Loaded, load, load_into, verify
from pipelines.warehouse.opening import THREADS, closing_connection, held, reading, remove_database, writing
from pipelines.warehouse.schema import fingerprint, is_outdated, key_of, note_fingerprint, prepare
from pipelines.warehouse.transactions import transaction

__all__ = [
    "THREADS",
    "Loaded",
    "closing_connection",
    "fingerprint",
    "held",
    "is_outdated",
    "key_of",
    "load",
    "load_into",
    "note_fingerprint",
    "prepare",
    "reading",
    "remove_database",
    "settle",
    "side_by_side",
    "sync_builds",
    "sync_questions",
    "transaction",
    "verify",
    "writing",
]
