"""What the ledger knows beyond single deliveries: recorded builds, and since when, until when each delivery counts."""

from __future__ import annotations

import json
from datetime import datetime

import duckdb

from pipelines.builds import RecordedBuild, forecasts_path, gaps_path, recorded_builds
from pipelines.lake import Lake
from pipelines.questions import kept_questions
from pipelines.warehouse.transactions import transaction

# A delivery is known from the first build that loaded it (4-interfaces.md, 'Builds'): from its receipt, but not yet in
# any build recorded before, and in that first one even where its sender's clock is ahead. Those that no build has
# held are known to the next one. An attempt at a delivery's bytes withdraws the attempts before it.
SETTLE = """
create or replace temp table settled as
with build as (
    select
        seq,
        known_at,
        max(known_at) over (order by seq rows between unbounded preceding and 1 preceding) as earlier_known_at
    from meta.recorded_build
    union all
    select null, $next_known_at, max(known_at) from meta.recorded_build
),

first_build as (
    select delivery_id, min(seq) as seq from meta.recorded_delivery group by delivery_id
),

known as (
    select
        delivery.delivery_id,
        delivery.status,
        delivery.root_id,
        coalesce(delivery.as_at, root.received_at, delivery.received_at) as placed_at,
        greatest(
            build.earlier_known_at + interval 1 microsecond, least(delivery.received_at, build.known_at)
        ) as known_from,
        delivery.built or first_build.seq is not null as built
    from meta.delivery as delivery
    left join meta.delivery as root on delivery.root_id = root.delivery_id
    left join first_build on delivery.delivery_id = first_build.delivery_id
    left join build on first_build.seq is not distinct from build.seq
)

select
    *,
    case when status = 'accepted' then lead(known_from) over (
        partition by root_id, status order by delivery_id
    ) end as withdrawn_at
from known;

update meta.delivery as delivery
set
    placed_at = settled.placed_at,
    known_from = settled.known_from,
    withdrawn_at = settled.withdrawn_at,
    built = settled.built
from settled
where
    delivery.delivery_id = settled.delivery_id
    and (delivery.placed_at, delivery.known_from, delivery.withdrawn_at, delivery.built)
    is distinct from (settled.placed_at, settled.known_from, settled.withdrawn_at, settled.built);

drop table settled;
"""


def settle(connection: duckdb.DuckDBPyConnection, next_known_at: datetime | None = None) -> None:
    """Bring up to date since when each delivery is known, until when it stands, and its place among all.

    `next_known_at` is the `known_at` of the forward build about to be made of what is loaded, where there is one.
    """
    with transaction(connection):
        for statement in SETTLE.split(";\n\n"):
            parameters = {"next_known_at": next_known_at} if "$next_known_at" in statement else {}
            connection.execute(statement, parameters)


def sync_builds(connection: duckdb.DuckDBPyConnection, lake: Lake) -> list[RecordedBuild]:
    """Bring the builds that the lake records into the ledger, with their deliveries, open gaps and forecasts; all of them."""
    known = {row[0] for row in connection.execute("select seq from meta.recorded_build").fetchall()}
    builds = recorded_builds(lake)
    for build in builds:
        if build.seq not in known:
            with transaction(connection):
                _insert_build(connection, lake, build)
    return builds


def sync_questions(connection: duckdb.DuckDBPyConnection, lake: Lake) -> None:
    """Bring the questions that builds answer into the ledger, as the lake remembers them."""
    rows = [
        (kept.asked_at, kept.question.budget, json.dumps(dict(kept.question.role_capacity)))
        for kept in kept_questions(lake)
    ]
    with transaction(connection):
        connection.execute("delete from meta.selection_question")
        for row in rows:
            connection.execute("insert into meta.selection_question values (?, ?, ?)", row)


def _insert_build(connection: duckdb.DuckDBPyConnection, lake: Lake, build: RecordedBuild) -> None:
    connection.execute(
        "insert into meta.recorded_gap by name select $1 as seq, * from read_parquet($2, hive_partitioning = false)",
        [build.seq, str(gaps_path(lake, build.seq))],
    )
    if build.forecasts is not None:
        connection.execute(
            "insert into meta.recorded_forecast by name "
            "select $1 as seq, * from read_parquet($2, hive_partitioning = false)",
            [build.seq, str(forecasts_path(lake, build.seq))],
        )
    connection.execute("insert into meta.recorded_delivery select $1, unnest($2)", [build.seq, list(build.deliveries)])
    values = [build.seq, build.as_of, build.known_at, build.recorded_at]
    values += [json.dumps(part) for part in (build.versions, build.seconds, build.rows)]
    connection.execute("insert into meta.recorded_build values (?, ?, ?, ?, ?, ?, ?)", values)
