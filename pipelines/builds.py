"""The builds that were published, as the lake remembers them: what was known, and which gaps stood open."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from datetime import date, datetime
from pathlib import Path
from typing import Any

import duckdb

from pipelines.errors import LakeDamaged
from pipelines.lake import TIMESTAMP, Lake, put_in_place, read_json, write_atomically

GAP_COLUMNS = (
    "gap_id",
    "severity",
    "amount_at_stake::double as amount_at_stake",
    "gap_code",
    "subject_type",
    "subject_id",
    "subject_name",
    "project_id",
    "benefit_id",
    "output_id",
)


@dataclass(frozen=True)
class RecordedBuild:
    """One forward build: its number, the moment it speaks of, and what made it."""

    seq: int
    as_of: date
    known_at: datetime
    recorded_at: datetime
    deliveries: tuple[str, ...]
    versions: dict[str, str]
    gap_catalogue: str
    seconds: dict[str, float]
    rows: dict[str, int]


def recorded_builds(lake: Lake) -> list[RecordedBuild]:
    """Every recorded build in order."""
    return [_read(path) for path in sorted(_folder(lake).glob("*.json")) if path.stem.isdecimal()]


def record(lake: Lake, build: RecordedBuild, connection: duckdb.DuckDBPyConnection) -> None:
    """Append a build and its open gaps to the lake; the JSON comes last and is the commit."""
    folder = _folder(lake)
    folder.mkdir(parents=True, exist_ok=True)
    part = folder / f".{build.seq:08d}.parquet.part"
    gaps = f"select {', '.join(GAP_COLUMNS)} from marts.realisation_gap order by gap_id"
    connection.execute(f"copy ({gaps}) to '{part}' (format parquet, compression zstd)")
    put_in_place(part, gaps_path(lake, build.seq))
    write_atomically(folder / f"{build.seq:08d}.json", json.dumps(_to_json(build), indent=1).encode())


def gaps_path(lake: Lake, seq: int) -> Path:
    """The open gaps of a recorded build: how grave each was, what was at stake, and whose it was."""
    return _folder(lake) / f"{seq:08d}.parquet"


def _folder(lake: Lake) -> Path:
    return lake.folder / "_builds"


def _to_json(build: RecordedBuild) -> dict[str, Any]:
    return asdict(build) | {
        "as_of": build.as_of.isoformat(),
        "known_at": build.known_at.strftime(TIMESTAMP),
        "recorded_at": build.recorded_at.strftime(TIMESTAMP),
    }


def _read(path: Path) -> RecordedBuild:
    """One recorded build; `LakeDamaged` where it cannot be read."""
    document = read_json(path)
    try:
        return RecordedBuild(
            **document
            | {
                "as_of": date.fromisoformat(document["as_of"]),
                "known_at": datetime.strptime(document["known_at"], TIMESTAMP),
                "recorded_at": datetime.strptime(document["recorded_at"], TIMESTAMP),
                "deliveries": tuple(document["deliveries"]),
            }
        )
    except (KeyError, TypeError, ValueError) as error:
        raise LakeDamaged(f"lake/_builds/{path.name} cannot be read: restore it from a backup.") from error
