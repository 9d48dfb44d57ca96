"""100,000 new readings onto 5 and onto 25 million: load and row versions, beside bare DuckDB's delete and insert.

A night brings 90 % keys of a new month and 10 % corrections of old keys; or, harder, corrections alone, of keys anywhere.
Bare DuckDB has a table like `staging.kpi_reading_version` and, in one transaction, deletes those keys by their columns
and inserts the rows. The libraries' start-up (imports, and a first build of one small model, which finds nothing
new in 19 models) is timed apart; so what a later command with nothing new takes is taken off.
"""

from __future__ import annotations

import argparse
import json
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from datetime import date, datetime, timedelta
from pathlib import Path

import duckdb

from pipelines.lake import ContractRows, Lake, Manifest, StoredFile, sha256_of
from pipelines.settings import Settings

A_MONTH = 500_000
NEW = 100_000
SIZES = (5_000_000, 25_000_000)
KINDS = {"mixed": 0.1, "corrections": 1.0}
"""Kind of night, and the share of its readings that correct old ones."""
FEED = """
description: Readings by the hundred thousand.
source: {kind: landing, pattern: "*.csv"}
format: {reader: csv}
delivers:
  - contract: kpi_reading
    columns: {kpi_id: kpi, period_start: day, dimension: place, value: reading, reported_at: sent}
"""
COLUMNS = ("kpi_id", "period_start", "dimension", "value", "reported_at")
READING = """
    'KPI-' || lpad((i % 1000)::varchar, 4, '0') as kpi_id,
    (date '1990-01-01' + to_months((i // 500000)::integer))::date as period_start,
    'site-' || lpad((i // 1000 % 500)::varchar, 3, '0') as dimension,
"""
BARE_DELETE = """
delete from versions
where (kpi_id, period_start, dimension) in (select (kpi_id, period_start, dimension) from read_parquet($1))
"""
BARE_INSERT = """
insert into versions by name
select
    *, timestamp '2027-01-01' as known_from, null as known_to, false as is_closed,
    'readings' as _feed, 'b' as _batch_id,
    'd' as _delivery_id, reported_at as _effective_at, hash(kpi_id, period_start, dimension) as _key
from read_parquet($1)
"""
FIRST_RECEIPT = datetime(2026, 1, 1)


def settings_of(folder: Path) -> Settings:
    return Settings(home=folder / "home", feeds=folder)


def deliver(folder: Path, number: int, readings: str) -> None:
    """Commit a delivery of the readings of a query to the lake."""
    lake = Lake.of(settings_of(folder))
    received = FIRST_RECEIPT + timedelta(hours=number)
    batch_id = f"{number:016x}"
    path = lake.batch_path("kpi_reading", "readings", batch_id)
    path.parent.mkdir(parents=True, exist_ok=True)
    with duckdb.connect(config={"threads": 2}) as connection:
        query = f"select *, row_number() over () + 1 as _row from ({readings})"
        (rows,) = connection.execute(f"copy ({query}) to '{path}' (format parquet, compression zstd)").fetchone() or (
            0,
        )
    stored = StoredFile(str(path.relative_to(lake.folder)), sha256_of(path), rows)
    counts = {"counted": rows, "accepted": rows, "rejected": 0, "filtered": 0, "unreadable_keys": 0}
    lake.commit(
        Manifest(
            delivery_id=f"{received:%Y%m%dT%H%M%S}-{batch_id}",
            feed="readings",
            name=f"readings-{number}.csv",
            sha256=f"{number:064x}",
            size_bytes=0,
            archived=f"readings/{number:064x}.csv",
            as_at=None,
            received_at=received,
            mode="delta",
            status="accepted",
            batch_id=batch_id,
            contracts=(ContractRows("kpi_reading", "1.0.0", COLUMNS, **counts, warnings={}, rows=stored),),
        )
    )


def month(number: int) -> str:
    """A month's readings: half a million keys of their own."""
    first = number * A_MONTH
    return f"""
        select {READING} (hash(i) % 100000) / 100.0 as value,
            timestamp '2020-01-01' + to_days((i // 500000)::integer) as reported_at
        from range({first}, {first + A_MONTH}) as r(i)
    """


def night(number: int, rows: int, share_corrected: float) -> str:
    """New readings: keys that no night before had, and keys anywhere among the first so many rows, reported anew."""
    corrected = int(NEW * share_corrected)
    first = rows + (number % 1000) * A_MONTH
    return f"""
        select {READING} random() as value, timestamp '2025-01-01' + to_days({number}) as reported_at
        from (
            select i from range({first}, {first + NEW - corrected}) as r(i)
            union all
            select distinct hash(i, {number}) % {rows} from range({corrected}) as r(i)
        )
    """


def fill_lake(folder: Path, rows: int) -> None:
    """A feed, and a lake with so many readings of its, a delivery a month."""
    folder.mkdir(parents=True)
    (folder / "readings.yml").write_text(FEED)
    for number in range(rows // A_MONTH):
        deliver(folder, number, month(number))


def spent(folder: Path) -> dict[str, float]:
    """Load what the lake has and bring the versions up to date, in this process: seconds a stage.

    Before that, the plan is read (and compiled, by the very first build), and after it, there is nothing new to do.
    """
    started = time.perf_counter()
    from pipelines import transform, warehouse

    settings = settings_of(folder)
    stands = transform.Standing(date(2030, 1, 1), datetime(2100, 1, 1), None, is_forward=False)

    def versions() -> None:
        transform.build_file(settings, settings.warehouse, stands, only="objective")

    seconds = {"imports": time.perf_counter() - started}
    first = [("plan", versions)] if settings.warehouse.exists() else []
    loading = ("load", lambda: warehouse.load(settings))
    for name, stage in (*first, loading, ("versions", versions), ("nothing new", versions)):
        begun = time.perf_counter()
        stage()
        seconds[name] = time.perf_counter() - begun
    return seconds


def bare(folder: Path, batch: Path) -> dict[str, float]:
    """Delete the keys of a batch from a table of versions and insert its rows: open, one transaction, close."""
    started = time.perf_counter()
    with duckdb.connect(str(folder / "bare.duckdb"), config={"threads": 2, "memory_limit": "2GB"}) as connection:
        connection.execute("begin")
        connection.execute(BARE_DELETE, [str(batch)])
        connection.execute(BARE_INSERT, [str(batch)])
        connection.execute("commit")
    return {"bare": time.perf_counter() - started}


def copy_for_bare(folder: Path) -> None:
    """The table of versions, in a file of its own."""
    with duckdb.connect(str(folder / "bare.duckdb")) as connection:
        connection.execute(f"attach '{settings_of(folder).warehouse}' as warehouse (read_only)")
        connection.execute("create table versions as select * from warehouse.staging.kpi_reading_version")


def measured(what: str, folder: Path, *arguments: str) -> dict[str, float]:
    """One side in a process of its own: its seconds."""
    command = [sys.executable, __file__, "--only", what, "--folder", str(folder), *arguments]
    output = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True).stdout
    result: dict[str, float] = json.loads(output.splitlines()[-1])
    return result


def nights(folder: Path, rows: int, repeats: int) -> dict[str, dict[str, float]]:
    """Of each kind of night, the median seconds of both sides."""
    found = {}
    number = 1000
    for kind, share_corrected in KINDS.items():
        every = []
        for _ in range(repeats):
            number += 1
            deliver(folder, number, night(number, rows, share_corrected))
            batch = Lake.of(settings_of(folder)).batch_path("kpi_reading", "readings", f"{number:016x}")
            every.append(measured("night", folder) | measured("bare", folder, "--batch", str(batch)))
        found[kind] = {name: statistics.median(seconds[name] for seconds in every) for name in every[0]}
    return found


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, nargs="*", default=SIZES)
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--only", choices=("night", "bare"))
    parser.add_argument("--folder", type=Path)
    parser.add_argument("--batch", type=Path)
    arguments = parser.parse_args()
    if arguments.only:
        print(
            json.dumps(bare(arguments.folder, arguments.batch) if arguments.only == "bare" else spent(arguments.folder))
        )
        return
    with tempfile.TemporaryDirectory(prefix="fruition-bench-", dir=arguments.folder) as name:
        compare(Path(name), arguments.rows, arguments.repeats)


def compare(folder: Path, sizes: Sequence[int], repeats: int) -> None:
    """Print, for each size, what a night costs on both sides, and how the sizes compare."""
    costs: dict[str, list[float]] = {kind: [] for kind in KINDS}
    for rows in sizes:
        home = folder / str(rows)
        fill_lake(home, rows)
        first = measured("night", home)
        copy_for_bare(home)
        print(f"{rows:,} readings: load {first['load']:.1f} s, versions in full {first['versions']:.1f} s", flush=True)
        for kind, seconds in nights(home, rows, repeats).items():
            start_up = seconds["imports"] + seconds["plan"]
            cost = seconds["load"] + seconds["versions"] - seconds["nothing new"]
            costs[kind].append(cost)
            parts = ", ".join(f"{name} {value:.2f} s" for name, value in seconds.items())
            print(f"  {kind:12} {parts}")
            print(
                f"  {'':12} cost {cost:.2f} s and start-up {start_up:.2f} s; bare x {cost / seconds['bare']:.1f}",
                flush=True,
            )
        shutil.rmtree(home)
    for kind, every in costs.items():
        print(f"{kind:12} largest ÷ smallest size: {every[-1] / every[0]:.2f}")


if __name__ == "__main__":
    main()
