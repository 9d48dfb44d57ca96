"""5 million readings through the door and into the warehouse, beside bare DuckDB doing the same read, cast, Parquet, table.

Bare DuckDB reads text, casts with `try_cast`, writes the good rows as Parquet and loads them: no framing, no rules, no
rejects with reasons, no archive. The difference is what those cost.
"""

from __future__ import annotations

import argparse
import json
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import duckdb

ROWS = 5_000_000
WRITE = """
copy (
    select
        'KPI-' || lpad((i % 500)::varchar, 4, '0') as kpi,
        strftime(date '2000-01-01' + (i // 500 % 10000)::integer, '%Y-%m-%d') as day,
        'site-' || lpad((i % 37)::varchar, 3, '0') || '-ward-' || lpad((i // 5000000)::varchar, 3, '0') as place,
        case when hash(i) % 1000 = 0 then 'n/a' else ((hash(i) % 10000000) / 1000.0)::decimal(12, 3)::varchar end as reading,
        '2026-01-' || lpad((1 + i % 28)::varchar, 2, '0') || 'T06:00:00Z' as sent
    from range({rows}) as r(i)
) to '{path}' (header, delimiter ',')
"""
FEED = """
description: Five million readings, one in a thousand of them bad.
source: {kind: landing, pattern: "*.csv"}
format: {reader: csv}
arrival: atomic
delivers:
  - contract: kpi_reading
    columns: {kpi_id: kpi, period_start: day, dimension: place, value: reading, reported_at: sent}
"""
BARE_READ = """
create table text_rows as select * from read_csv(
    $file, all_varchar = true, header = true, delim = ',', quote = '"', auto_detect = false,
    columns = {kpi: 'varchar', day: 'varchar', place: 'varchar', reading: 'varchar', sent: 'varchar'})
"""
BARE_CAST = """
copy (select kpi, try_cast(day as date) as day, place, try_cast(reading as double) as reading,
      try_cast(sent as timestamp) as sent from text_rows where try_cast(reading as double) is not null)
to '{parquet}' (format parquet, compression zstd)
"""


def bare(folder: Path) -> dict[str, float]:
    """Bare DuckDB: CSV -> text table -> cast -> Parquet -> table."""
    started = time.perf_counter()
    with duckdb.connect(str(folder / "bare.duckdb"), config={"threads": 2, "memory_limit": "1200MB"}) as connection:
        connection.execute(BARE_READ, {"file": str(folder / "readings.csv")})
        connection.execute(BARE_CAST.format(parquet=folder / "bare.parquet"))
        connection.execute("create table readings as select * from read_parquet($1)", [str(folder / "bare.parquet")])
    return {"total": time.perf_counter() - started}


def door(folder: Path) -> dict[str, float]:
    """Fruition: landing -> archive -> lake -> raw; the libraries' start-up is timed apart."""
    started = time.perf_counter()
    import pipelines.ingest.delivery  # noqa: F401  (Great Expectations comes with it)
    from pipelines.feeds import load_feed
    from pipelines.ingest import ingest
    from pipelines.receive import receive
    from pipelines.settings import Settings
    from pipelines.warehouse import load

    settings = Settings(home=folder / "home", feeds=folder)
    feed = load_feed(folder / "readings.yml")
    seconds = {"start-up": time.perf_counter() - started}
    for name, stage in (
        ("receive", lambda: receive(settings, feed)),
        ("ingest", lambda: ingest(settings, feed)),
        ("load", lambda: load(settings)),
    ):
        begun = time.perf_counter()
        stage()
        seconds[name] = time.perf_counter() - begun
    return seconds | {"total": sum(seconds.values()) - seconds["start-up"]}


def measured(what: str, folder: Path) -> dict[str, float]:
    """One side in a process of its own: its seconds, and its peak memory in MB."""
    command = [sys.executable, __file__, "--only", what, "--folder", str(folder)]
    output = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True).stdout
    result: dict[str, float] = json.loads(output.splitlines()[-1])
    return result


def prepare(folder: Path, rows: int) -> Path:
    """Write the CSV and the feed, and put the CSV where the feed finds it."""
    source = folder / "readings.csv"
    duckdb.connect().execute(WRITE.format(rows=rows, path=source))
    (folder / "readings.yml").write_text(FEED)
    landing = folder / "home" / "landing" / "readings"
    landing.mkdir(parents=True)
    (landing / "readings.csv").hardlink_to(source)
    return source


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, default=ROWS)
    parser.add_argument("--only", choices=("bare", "door"))
    parser.add_argument("--folder", type=Path)
    arguments = parser.parse_args()
    if arguments.only:
        seconds = {"bare": bare, "door": door}[arguments.only](arguments.folder)
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
        print(json.dumps(seconds | {"peak_mb": peak}))
        return
    with tempfile.TemporaryDirectory(prefix="fruition-bench-") as name:
        folder = Path(name)
        source = prepare(folder, arguments.rows)
        print(f"{arguments.rows:,} readings, {source.stat().st_size / 1e6:.0f} MB of CSV")
        source.read_bytes()  # both sides find the file in the page cache
        first, second = measured("bare", folder), measured("door", folder)
        for side, result in (("bare DuckDB", first), ("Fruition", second)):
            parts = ", ".join(f"{name} {value:.1f} s" for name, value in result.items() if name != "peak_mb")
            print(f"{side:12} {parts}; peak memory {result['peak_mb']:.0f} MB")
        print(f"ratio        {second['total'] / first['total']:.2f}")


if __name__ == "__main__":
    main()
