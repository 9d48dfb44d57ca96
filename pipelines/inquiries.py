"""What people ask of the published warehouse and the lake."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import duckdb

from pipelines.errors import ConfigError
from pipelines.lake import Lake, Manifest
from pipelines.settings import Settings

Row = dict[str, Any]

OPEN_GAPS = """
select * from marts.realisation_gap
where ($class is null or gap_class = $class) and ($severity is null or severity = $severity)
  and ($project is null or project_id = $project)
order by
    case severity when 'critical' then 1 when 'high' then 2 when 'medium' then 3 else 4 end,
    abs(amount_at_stake) desc nulls last, gap_code, subject_id
"""


@dataclass(frozen=True)
class GapFilter:
    """Which open gaps are asked for; none of them means all."""

    gap_class: str | None = None
    severity: str | None = None
    project: str | None = None


def open_gaps(settings: Settings, wanted: GapFilter) -> list[Row]:
    """The open gaps of the published warehouse, gravest and dearest first."""
    parameters = {"class": wanted.gap_class, "severity": wanted.severity, "project": wanted.project}
    return _rows(settings, OPEN_GAPS, parameters)


def deliveries(settings: Settings, feed: str | None) -> list[Manifest]:
    """What came and how it ended, as the lake has it, in order of receipt."""
    return sorted(Lake.of(settings).manifests(feed), key=lambda manifest: manifest.delivery_id)


def rejected_rows(settings: Settings, feed: str | None) -> list[Row]:
    """The rejected rows of every batch, refused ones among them, with the source's text."""
    lake = Lake.of(settings)
    batches = {(m.feed, m.batch_id): m for m in deliveries(settings, feed) if m.rejects and m.rejects.rows}
    found: list[Row] = []
    with duckdb.connect() as connection:
        for manifest in batches.values():
            if manifest.rejects is None:
                continue
            cursor = connection.execute(
                "select $1 as feed, $2 as file, $3 as batch_id, $4 as status, contract, _row as line, column_name as column, "
                "rule, message, raw from read_parquet($5) order by contract, _row",
                [
                    manifest.feed,
                    manifest.name,
                    manifest.batch_id,
                    manifest.status,
                    str(lake.folder / manifest.rejects.path),
                ],
            )
            found += _fetched(cursor)
    return found


def _rows(settings: Settings, query: str, parameters: dict[str, Any]) -> list[Row]:
    if not settings.published.exists():
        raise ConfigError("Nothing is published yet: run `fruition run` first.")
    with duckdb.connect(str(settings.published), read_only=True) as connection:
        return _fetched(connection.execute(query, parameters))


def _fetched(cursor: duckdb.DuckDBPyConnection) -> list[Row]:
    names = [column[0] for column in cursor.description or ()]
    return [dict(zip(names, row, strict=True)) for row in cursor.fetchall()]
