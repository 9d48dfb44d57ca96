"""The builds that were published, as the lake remembers them: what was known, which gaps stood open, what was forecast."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, replace
from datetime import date, datetime
from pathlib import Path
from typing import Any

import duckdb

from pipelines.errors import LakeDamaged
from pipelines.lake import TIMESTAMP, Lake, put_in_place, read_json, write_atomically
from pipelines.sql import literal

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
    "decision",
)

HAS_FORECASTS = """
select 1 from information_schema.tables
where table_catalog = current_database() and table_schema = 'core' and table_name = 'forecast_to_record'
"""
FORECASTS = """
select benefit_id, period_start, period_end, p10_improvement, p50_improvement, p90_improvement
from core.forecast_to_record order by benefit_id, period_start
"""


@dataclass(frozen=True)
class RecordedBuild:
    """One forward build: its number, the moment it speaks of, and what made it.

    `forecasts` counts those recorded with it; None where none were, as by early versions of Fruition.
    """

    seq: int
    as_of: date
    known_at: datetime
    recorded_at: datetime
    deliveries: tuple[str, ...]
    versions: dict[str, str]
    gap_catalogue: str
    seconds: dict[str, float]
    rows: dict[str, int]
    forecasts: int | None = None


def recorded_builds(lake: Lake) -> list[RecordedBuild]:
    """Every recorded build in order."""
    return [_read(path) for path in sorted(_folder(lake).glob("*.json")) if path.stem.isdecimal()]


def record(lake: Lake, build: RecordedBuild, connection: duckdb.DuckDBPyConnection) -> RecordedBuild:
    """Append a build, its open gaps and its forecasts to the lake; the JSON comes last and is the commit.

    `connection` is to the warehouse that the build made. One without forecasts to record has none recorded.
    """
    folder = _folder(lake)
    folder.mkdir(parents=True, exist_ok=True)
    gaps = f"select {', '.join(GAP_COLUMNS)} from core.open_gap order by gap_id"
    _copy(connection, gaps, gaps_path(lake, build.seq))
    has_forecasts = connection.execute(HAS_FORECASTS).fetchone() is not None
    forecasts = _copy(connection, FORECASTS, forecasts_path(lake, build.seq)) if has_forecasts else None
    build = replace(build, forecasts=forecasts)
    write_atomically(folder / f"{build.seq:08d}.json", json.dumps(_to_json(build), indent=1).encode())
    return build


def _copy(connection: duckdb.DuckDBPyConnection, query: str, to: Path) -> int:
    """Write the rows of a query to a Parquet file, seen whole or not at all; how many they are."""
    part = to.with_name(f".{to.name}.part")
    counted = connection.execute(
        f"copy ({query}) to {literal(str(part))} (format parquet, compression zstd)"
    ).fetchone()
    put_in_place(part, to)
    return int(counted[0]) if counted else 0


def gaps_path(lake: Lake, seq: int) -> Path:
    """The open gaps of a recorded build: how grave each was, what was at stake, and whose it was."""
    return _folder(lake) / f"{seq:08d}.parquet"


def forecasts_path(lake: Lake, seq: int) -> Path:
    """What a recorded build forecast for the year after it, where a build of the same month had not."""
    return _folder(lake) / f"{seq:08d}.forecast.parquet"


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
