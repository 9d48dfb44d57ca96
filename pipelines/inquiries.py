"""What people ask of the published warehouse and the lake."""

from __future__ import annotations

import csv
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import duckdb

from pipelines.errors import ConfigError
from pipelines.lake import Lake, Manifest
from pipelines.settings import Settings

Row = dict[str, Any]

SEVERITIES = ("critical", "high", "medium", "low")
REJECT_COLUMNS = {
    "feed": "$1 as feed",
    "file": "$2 as file",
    "batch_id": "$3 as batch_id",
    "status": "$4 as status",
    "contract": "contract",
    "line": "_row as line",
    "column": "column_name as column",
    "rule": "rule",
    "message": "message",
    "raw": "raw",
}
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
    """The open gaps of the published warehouse, gravest and dearest first; `ConfigError` where the filter names none."""
    _check_known("gap class", wanted.gap_class, _catalogued(settings, "gap_class"))
    _check_known("severity", wanted.severity, SEVERITIES)
    parameters = {"class": wanted.gap_class, "severity": wanted.severity, "project": wanted.project}
    return _rows(settings, OPEN_GAPS, parameters)


def gap_columns(settings: Settings) -> list[str]:
    """The columns of an open gap, in order."""
    return [row["column_name"] for row in _rows(settings, "describe marts.realisation_gap", {})]


def deliveries(settings: Settings, feed: str | None) -> list[Manifest]:
    """What came and how it ended, as the lake has it, in order of receipt; `ConfigError` where nobody knows the feed."""
    if (
        feed
        and not (settings.feeds / f"{feed}.yml").exists()
        and not Lake.of(settings).manifest_path(feed, "").parent.exists()
    ):
        raise ConfigError(f"There is no feed {feed}, and there never was a delivery of it.")
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
                f"select {', '.join(REJECT_COLUMNS.values())} from read_parquet($5) order by contract, _row",
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


def _catalogued(settings: Settings, column: str) -> list[str]:
    with (settings.dbt_project / "seeds" / "gap_catalogue.csv").open(encoding="utf-8") as file:
        return sorted({row[column] for row in csv.DictReader(file)})


def _check_known(what: str, wanted: str | None, known: Iterable[str]) -> None:
    if wanted is not None and wanted not in known:
        raise ConfigError(f"There is no {what} {wanted!r}; there are {', '.join(known)}.")


def _rows(settings: Settings, query: str, parameters: dict[str, Any]) -> list[Row]:
    if not settings.published.exists():
        raise ConfigError("Nothing is published yet: run `fruition run` first.")
    with duckdb.connect(str(settings.published), read_only=True) as connection:
        return _fetched(connection.execute(query, parameters))


def _fetched(cursor: duckdb.DuckDBPyConnection) -> list[Row]:
    names = [column[0] for column in cursor.description or ()]
    return [dict(zip(names, row, strict=True)) for row in cursor.fetchall()]
