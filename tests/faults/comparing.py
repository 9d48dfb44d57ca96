"""What a home holds, without what differs between two homes that were given the same files: moments and random ids."""

from __future__ import annotations

import json
import re
import stat
import tempfile
from collections import Counter
from pathlib import Path
from typing import Any

import duckdb

from pipelines.audit import audit
from pipelines.builds import forecasts_path, gaps_path, recorded_builds
from pipelines.lake import Lake
from pipelines.settings import Settings
from pipelines.sql import quoted
from tests.faults.stopping import CHANCE

State = dict[str, list[Any]]
BY_CHANCE = {"delivery_id", "_delivery_id", "root_id", "seconds", "versions", "hours_since_good", "builds"}
COUNTED = ("_builds/00000000", re.compile(r"_builds/\d{8}"))
PRIVATE = ("raw", "staging")
LEDGER = ("delivery", "delivery_contract", "rejected_row")
PUBLISHED = ("marts", "core", "meta")


def state(settings: Settings) -> State:
    """Tables, ledger, recorded builds, archive and reports of a home; the same for two homes that know the same."""
    found: State = {}
    with duckdb.connect(str(settings.warehouse), read_only=True) as connection:
        for schema in PRIVATE:
            found |= _tables(connection, schema)
        found |= {f"ledger.{name}": _rows(connection, "meta", name) for name in LEDGER}
    with duckdb.connect(str(settings.published), read_only=True) as connection:
        for schema in PUBLISHED:
            found |= {f"published {name}": rows for name, rows in _tables(connection, schema).items()}
    found.pop("published meta.build", None)  # a build recorded by a run that was stopped stays recorded
    with duckdb.connect() as connection:
        for path in sorted(settings.published.parent.glob("*.parquet")):
            connection.execute(f"create or replace view mart as select * from read_parquet('{path}')")
            found[f"parquet {path.stem}"] = _rows(connection, "main", "mart")
    found["builds"] = _builds(settings)
    found["forecasts"] = _forecasts(settings)
    found["archive"] = sorted(
        (str(path.relative_to(settings.archive)), stat.S_IMODE(path.stat().st_mode), path.read_bytes())
        for path in settings.archive.glob("*/[!.]*")
    )
    found["rejected"] = [
        _plain(json.dumps(json.loads(path.read_text()))) for path in sorted(settings.rejected.glob("*/*.json"))
    ]
    found["waiting"] = [str(path) for path in settings.landing.rglob("*") if path.is_file()]
    found["audit"] = [finding.message for finding in audit(settings).findings]
    return found


def differences(ours: State, theirs: State) -> list[str]:
    """What of one state is otherwise in another, in a few words each."""
    found = []
    for name in sorted(ours.keys() | theirs.keys()):
        one, other = ours.get(name), theirs.get(name)
        if one != other:
            lacking = [row for row in other or [] if row not in (one or [])][:3]
            beyond = [row for row in one or [] if row not in (other or [])][:3]
            found.append(f"{name}: {len(one or [])} rows, not {len(other or [])}; lacks {lacking}, has {beyond}")
    return found


def files(settings: Settings) -> Counter[str]:
    """The files of a home, and its empty folders, by name without what differs from run to run."""
    names: Counter[str] = Counter()
    for path in settings.home.rglob("*"):
        if path.is_file() or not any(path.iterdir()):
            names[COUNTED[1].sub(COUNTED[0], _plain(str(path.relative_to(settings.home))))] += 1
    return names


def left_over(settings: Settings, twin: Counter[str]) -> list[str]:
    """The files that a home has and its uninterrupted twin has not, or has fewer of; recorded builds aside."""
    return sorted(name for name in files(settings) - twin if not name.startswith(f"lake/{COUNTED[0]}"))


def _tables(connection: duckdb.DuckDBPyConnection, schema: str) -> State:
    names = connection.execute("select table_name from duckdb_tables() where schema_name = $1", [schema]).fetchall()
    return {f"{schema}.{name}": _rows(connection, schema, name) for (name,) in sorted(names)}


def _rows(connection: duckdb.DuckDBPyConnection, schema: str, table: str) -> list[Any]:
    """The rows of a table in an order of their own, without moments and ids."""
    described = connection.execute(f"describe {schema}.{table}").fetchall()
    columns = [row[0] for row in described if row[1] != "TIMESTAMP" and row[0] not in BY_CHANCE]
    chosen = ", ".join(quoted(name) for name in columns)
    rows = connection.execute(f"select {chosen} from {schema}.{table}").fetchall()
    return sorted((tuple(_comparable(value) for value in row) for row in rows), key=repr)


def _comparable(value: Any) -> Any:
    """A value that is the same in two homes: text without ids, sums of doubles to nine digits."""
    if isinstance(value, float):
        return float(f"{value:.9g}")
    return _plain(value) if isinstance(value, str) else value


def _builds(settings: Settings) -> list[Any]:
    """As of when the recorded builds speak, and the gaps open in each; a build that says the same again says nothing."""
    lake = Lake.of(settings)
    said: list[Any] = []
    with duckdb.connect() as connection:
        for build in recorded_builds(lake):
            query = "select gap_id, severity, amount_at_stake from read_parquet($1) order by all"
            rows = connection.execute(query, [str(gaps_path(lake, build.seq))]).fetchall()
            gaps = [tuple(_comparable(value) for value in row) for row in rows]
            if not said or said[-1] != (build.as_of, gaps):
                said.append((build.as_of, gaps))
    return said


def _forecasts(settings: Settings) -> list[Any]:
    """What the recorded builds forecast; a build that says the same again says nothing."""
    lake = Lake.of(settings)
    said: set[tuple[Any, ...]] = set()
    with duckdb.connect() as connection:
        for build in recorded_builds(lake):
            path = str(forecasts_path(lake, build.seq))
            said.update(connection.execute("select * from read_parquet($1)", [path]).fetchall())
    return sorted(said)


def _plain(text: str) -> str:
    for pattern, name in CHANCE:
        text = pattern.sub(name, text)
    return text


def looks_whole(database: Path) -> list[str]:
    """What is wrong with what is published, for whoever opens it at this moment; nothing, it is hoped.

    The marts of a small home say what the build saw; the other tables of the same file must agree.
    """
    query = """
    select
        night.as_of = (select max_by(as_of, seq) from meta.build),
        night.deliveries = (select count(*) from meta.delivery),
        night.objectives = (select count(*) from core.objective),
        night.total = (select sum(value) from core.kpi_reading)
    from marts.night as night
    """
    wrong = []
    try:
        with duckdb.connect(str(database), read_only=True) as connection:
            if connection.execute(query).fetchall() != [(True, True, True, True)]:
                wrong.append("a mixture of builds")
        with duckdb.connect() as connection, tempfile.NamedTemporaryFile(suffix=".parquet") as copy:
            for path in sorted(database.parent.glob("*.parquet")):
                # DuckDB may open a Parquet file twice in one query, and meet two nights: a reader takes it in one go.
                Path(copy.name).write_bytes(path.read_bytes())
                connection.execute("select count(*), any_value(columns(*)) from read_parquet($1)", [copy.name])
    except duckdb.Error as error:
        wrong.append(f"{type(error).__name__}: {str(error)[:200]}")
    return wrong
