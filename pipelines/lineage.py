"""Which data each stage reads and writes, as paths: the landing folder, the lake, raw tables, published marts.

A table is named like a file within its database's file.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from pipelines.settings import Settings


@dataclass(frozen=True)
class Lineage:
    """What one stage reads, and what it writes."""

    inputs: tuple[Path, ...]
    outputs: tuple[Path, ...]


def of_ingest(settings: Settings, feed: str, contracts: Iterable[str]) -> Lineage:
    """A feed's landing folder -> its rows in the lake."""
    return Lineage((settings.landing / feed,), tuple(settings.lake / contract for contract in contracts))


def of_build(settings: Settings, tables: Iterable[str]) -> Lineage:
    """The lake -> the warehouse's raw tables and the published marts; `tables` are named with their schema."""
    contracts = _contracts(settings)
    raw = (settings.warehouse / "raw" / contract for contract in contracts)
    marts = (table.removeprefix("marts.") for table in tables if table.startswith("marts."))
    published = (settings.published.with_name(f"{mart}.parquet") for mart in marts)
    return Lineage(tuple(settings.lake / contract for contract in contracts), (*raw, *published))


def _contracts(settings: Settings) -> list[str]:
    return sorted(path.stem for path in settings.contracts.glob("*.yml"))
