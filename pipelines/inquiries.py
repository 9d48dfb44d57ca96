"""What people ask of the published warehouse and the lake."""

from __future__ import annotations

import csv
import dataclasses
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, Literal, get_args

import duckdb

from pipelines.errors import ConfigError
from pipelines.lake import Lake, Manifest, Status, StoredFile
from pipelines.lake import standing as standing_attempts
from pipelines.published import Row, fetched, published
from pipelines.settings import Settings
from pipelines.warehouse import verify

Standing = Literal["stands", "refused", "replaced", "without_effect"]

COUNTING: dict[Status, Standing] = {"accepted": "stands", "refused": "refused", "repeat": "without_effect"}
STATUSES = get_args(Status)
STANDINGS = get_args(Standing)
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


GAP_CHANGES = """
select event_type, count(*) as events from marts.gap_event where seq = (select max(seq) from meta.build) group by 1
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


def gap_changes(settings: Settings) -> dict[str, int]:
    """How many gaps the published build found opened, worsened, reopened and closed."""
    counted = {row["event_type"]: row["events"] for row in _rows(settings, GAP_CHANGES, {})}
    return {f"gaps_{event}": counted.get(event, 0) for event in ("opened", "worsened", "reopened", "closed")}


def gap_columns(settings: Settings) -> list[str]:
    """The columns of an open gap, in order."""
    return [row["column_name"] for row in _rows(settings, "describe marts.realisation_gap", {})]


@dataclass(frozen=True)
class Delivery:
    """One attempt at a delivery, and what it counts for beside the other attempts at the same bytes.

    `attempt` counts from 1. `standing`: *stands* (its rows count), *refused* (and no attempt was accepted since),
    *replaced* (a later attempt counts in its place), *without_effect* (a repeat; or a replay that was refused, so that
    what counted before it goes on counting). `replaces` and `replaced_by` are delivery ids.
    """

    manifest: Manifest
    attempt: int
    standing: Standing
    replaces: str | None
    replaced_by: str | None

    def to_row(self) -> Row:
        """The manifest's own fields and totals, and what the attempt counts for."""
        one = self.manifest
        fields = {entry.name: getattr(one, entry.name) for entry in dataclasses.fields(one)}
        totals = {name: getattr(one, name) for name in ("counted", "accepted", "rejected", "filtered")}
        own = {name: getattr(self, name) for name in ("attempt", "standing", "replaces", "replaced_by")}
        return fields | totals | {"root_id": one.root_id} | own


def deliveries(
    settings: Settings, feed: str | None, status: str | None = None, standing: str | None = None
) -> list[Delivery]:
    """What came and how it ended, as the lake has it, the newest last.

    Raises `ConfigError` where nobody knows the feed, or a filter names what there is not.
    """
    _check_known("status", status, STATUSES)
    _check_known("standing", standing, STANDINGS)
    if (
        feed
        and not (settings.feeds / f"{feed}.yml").exists()
        and not Lake.of(settings).manifest_path(feed, "").parent.exists()
    ):
        raise ConfigError(f"There is no feed {feed}, and there never was a delivery of it.")
    found = _with_attempts(list(Lake.of(settings).manifests(feed)))
    return [one for one in found if status in (None, one.manifest.status) and standing in (None, one.standing)]


def _with_attempts(manifests: list[Manifest]) -> list[Delivery]:
    """Each manifest with its place among the attempts at the same delivery, the newest last."""
    attempts: dict[tuple[str, str], list[Manifest]] = {}
    for manifest in sorted(manifests, key=lambda manifest: manifest.delivery_id):
        attempts.setdefault((manifest.feed, manifest.root_id), []).append(manifest)
    counting = {(one.feed, one.delivery_id) for one in standing_attempts(manifests)}
    found = [
        _attempt(tried, number, next(one for one in tried if (one.feed, one.delivery_id) in counting))
        for tried in attempts.values()
        for number in range(len(tried))
    ]
    return sorted(found, key=lambda one: (one.manifest.delivery_id, one.manifest.feed))


def _attempt(tried: list[Manifest], number: int, counting: Manifest) -> Delivery:
    """One of the attempts at a delivery, `counting` being the one that counts."""
    manifest, before = tried[number], tried[:number]
    accepted_before = [one for one in before if one.status == "accepted"]
    replaces = (accepted_before or before)[-1].delivery_id if before else None
    if manifest is counting:
        standing = COUNTING[manifest.status]
    else:
        standing = "replaced" if manifest.delivery_id < counting.delivery_id else "without_effect"
    took_over = [one for one in tried[number + 1 :] if one.status == "accepted"] or [counting]
    return Delivery(
        manifest=manifest,
        attempt=number + 1,
        standing=standing,
        replaces=None if standing == "without_effect" else replaces,
        replaced_by=took_over[0].delivery_id if standing == "replaced" else None,
    )


def rejected_rows(
    settings: Settings, feed: str | None, batch: str | None = None, every_attempt: bool = False
) -> list[Row]:
    """The rejected rows with the source's text: of the attempts that count, refused ones among them.

    With `batch`, those of that batch, whichever attempt it was; with `every_attempt`, of all. Raises `ConfigError`
    where nobody knows the feed or the batch.
    """
    found = deliveries(settings, feed)
    if batch is not None:
        found = [one for one in found if one.manifest.batch_id == batch]
        if not found:
            raise ConfigError(f"There is no batch {batch!r}: `fruition deliveries` lists them.")
    elif not every_attempt:
        found = [one for one in found if one.standing in {"stands", "refused"}]
    lake, rows = Lake.of(settings), []
    batches = {(one.manifest.feed, one.manifest.batch_id): one.manifest for one in found}
    with duckdb.connect() as connection:
        for manifest in batches.values():
            if manifest.rejects and manifest.rejects.rows:
                rows += _rejects_of(connection, lake, manifest, manifest.rejects)
    return rows


def _rejects_of(
    connection: duckdb.DuckDBPyConnection, lake: Lake, manifest: Manifest, rejects: StoredFile
) -> list[Row]:
    verify(lake, rejects)
    columns = ", ".join(REJECT_COLUMNS.values())
    query = f"select {columns} from {lake.relation(rejects)} order by contract, _row"
    values = [manifest.feed, manifest.name, manifest.batch_id, manifest.status]
    return fetched(connection.execute(query, values))


def _catalogued(settings: Settings, column: str) -> list[str]:
    with (settings.dbt_project / "seeds" / "gap_catalogue.csv").open(encoding="utf-8") as file:
        return sorted({row[column] for row in csv.DictReader(file)})


def _check_known(what: str, wanted: str | None, known: Iterable[str]) -> None:
    if wanted is not None and wanted not in known:
        raise ConfigError(f"There is no {what} {wanted!r}; there are {', '.join(known)}.")


def _rows(settings: Settings, query: str, parameters: dict[str, Any]) -> list[Row]:
    with published(settings) as warehouse:
        return warehouse.rows(query, **parameters)
