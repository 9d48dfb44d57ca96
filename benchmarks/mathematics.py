"""The benefit mathematics over a large portfolio: a full build, a night after it, and the network alone.

50,000 benefits over 5,000 projects with 5 million readings are loaded and built as a night does it; then comes a night
with 100,000 readings more; then 400,000 edges, all of them in diamonds, are worked from network_link to output_share, and
once more with a chain of 2,000 outcomes among them. Beside the full build bare DuckDB runs one query written by hand:
the plan, what was measured and the gap between them, without the network, the delay, profiles, versions, gaps or tests.
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import Any

import duckdb

sys.path.insert(0, str(Path(__file__).parents[1]))

from benchmarks.large_portfolio import AS_OF, Size, deliver, fill_lake, more_readings, queries, settings_of, with_chain

SIZE = Size(benefits=50_000, projects=5_000)
NETWORK = Size(benefits=80_000, projects=20_000)
NIGHT = 100_000
CHAIN = 2_000
NETWORK_CONTRACTS = ("project", "output", "outcome", "benefit", "objective", "dependency")
NETWORK_MODELS = (
    "network_link",
    "network_tangle",
    "network_cycle",
    "network_edge",
    "network_share",
    "network_reach",
    "output_path",
    "output_share",
)
SLOWEST = 12
FOR_EVER = datetime(9999, 12, 31)
BARE = """
create table gap as
with plan as (
    select
        benefit_id, baseline_value, target_value, start_date, target_date, unit_value * coalesce(kpi_share, 1) as worth,
        frequency, aggregation, sign(target_value - coalesce(do_nothing_value, baseline_value)) as direction,
        benefit.kpi_id, benefit.dimension,
        unnest(generate_series(
            date_trunc('month', start_date),
            least(end_date, $as_of::date),
            case frequency when 'week' then interval 7 day when 'month' then interval 1 month else interval 3 month end
        ))::date as period_start
    from raw.benefit as benefit
    inner join raw.kpi as kpi on benefit.kpi_id = kpi.kpi_id
),

measured as (
    select
        kpi_id, dimension,
        case frequency when 'week' then reading.period_start when 'month' then reading.period_start
            else date_trunc('quarter', reading.period_start)::date end as period_start,
        case aggregation when 'mean' then avg(value) else max_by(value, reading.period_start) end as value
    from raw.kpi_reading as reading
    inner join raw.kpi as kpi using (kpi_id)
    group by kpi_id, dimension, 3, aggregation
)

select
    plan.benefit_id,
    plan.period_start,
    direction * (target_value - baseline_value)
    * greatest(0, least(1, (plan.period_start - start_date) / (target_date - start_date))) as planned,
    direction * (measured.value - baseline_value) as actual,
    planned - actual as gap,
    gap * worth as gap_amount
from plan
left join measured
    on plan.kpi_id = measured.kpi_id and plan.dimension = measured.dimension and plan.period_start = measured.period_start
"""


def built(folder: Path) -> dict[str, Any]:
    """Load what the lake has, build everything and publish it, as a night does; seconds a stage, and the slowest nodes."""
    seconds, (publish, warehouse, transform) = timed("imports", imported)
    settings = settings_of(folder)
    nodes: dict[str, float] = {}
    with warehouse.writing(settings, renew=True):
        seconds |= timed("load", lambda: warehouse.load(settings))[0]
        seconds |= timed("build", lambda: transform.build(settings, AS_OF, on_node=nodes.__setitem__))[0]
        seconds |= timed("publish", lambda: publish.publish(settings))[0]
    slowest = sorted(nodes, key=lambda name: -nodes[name])[:SLOWEST]
    return {"seconds": seconds, "nodes": {name: nodes[name] for name in slowest}, "count": len(nodes)}


def network(folder: Path) -> dict[str, Any]:
    """From network_link to output_share, what they need having been built: seconds a model."""
    _, (_, warehouse, transform) = timed("imports", imported)
    settings = settings_of(folder)
    warehouse.load(settings)
    transform.build(settings, AS_OF)
    nodes: dict[str, float] = {}
    stands = transform.Standing(AS_OF, FOR_EVER, None, is_forward=False)
    transform.build_file(
        settings, settings.warehouse, stands, full=True, on_node=nodes.__setitem__, only="output_share"
    )
    models = {name: nodes[name] for name in NETWORK_MODELS}
    return {"seconds": {"network": sum(models.values())}, "nodes": models, "count": len(models)}


def bare(folder: Path) -> dict[str, Any]:
    """The query written by hand, over a copy of the raw tables."""
    path = folder / "bare.duckdb"
    with duckdb.connect(str(path), config={"threads": 2, "memory_limit": "2GB"}) as connection:
        connection.execute(f"attach '{settings_of(folder).warehouse}' as warehouse (read_only)")
        connection.execute("create schema raw")
        for table in ("benefit", "kpi", "kpi_reading"):
            connection.execute(f"create table raw.{table} as select * from warehouse.raw.{table}")
        seconds, _ = timed("query", lambda: connection.execute(BARE, {"as_of": AS_OF}))
    path.unlink()
    return {"seconds": seconds, "nodes": {}, "count": 1}


def imported() -> tuple[Any, Any, Any]:
    from pipelines import publish, transform, warehouse

    return publish, warehouse, transform


def timed(name: str, stage: Callable[[], Any]) -> tuple[dict[str, float], Any]:
    begun = time.perf_counter()
    result = stage()
    return {name: time.perf_counter() - begun}, result


def measured(what: str, folder: Path) -> None:
    """One side in a process of its own: print its seconds, its slowest nodes and its peak memory.

    What was written before is on the disk by then: a night does not begin while the files of another are being written.
    """
    os.sync()
    command = [sys.executable, __file__, "--only", what, "--folder", str(folder)]
    output = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True).stdout
    found = json.loads(output.splitlines()[-1])
    parts = ", ".join(f"{name} {value:.1f} s" for name, value in found["seconds"].items())
    print(f"{what:12} {parts}; {found['count']} nodes, peak memory {found['peak_mb']:.0f} MB")
    for name, value in found["nodes"].items():
        print(f"{'':12}   {value:6.2f} s {name}", flush=True)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--only", choices=("built", "network", "bare"))
    parser.add_argument("--folder", type=Path)
    arguments = parser.parse_args()
    if arguments.only:
        found = {"built": built, "network": network, "bare": bare}[arguments.only](arguments.folder)
        found["peak_mb"] = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
        print(json.dumps(found))
        return
    with tempfile.TemporaryDirectory(prefix="fruition-bench-", dir=arguments.folder) as name:
        portfolio(Path(name) / "portfolio")
        networks(Path(name))


def portfolio(folder: Path) -> None:
    """The full build, bare DuckDB beside it, and a night with more readings."""
    settings = settings_of(folder)
    contents = queries(SIZE)
    fill_lake(settings, contents)
    print(f"{SIZE.benefits:,} benefits over {SIZE.projects:,} projects: a full build")
    measured("built", folder)
    measured("bare", folder)
    rows = deliver(settings, "kpi_reading", len(contents), more_readings(1, NIGHT, SIZE))
    print(f"a night with {rows:,} readings")
    measured("built", folder)


def networks(folder: Path) -> None:
    """The network alone, shallow and with a deep chain in it."""
    contents = {name: query for name, query in queries(NETWORK).items() if name in NETWORK_CONTRACTS}
    for name, made in (("diamonds", contents), ("chain", with_chain(contents, CHAIN))):
        fill_lake(settings_of(folder / name), made)
        print(f"the network, {name}")
        measured("network", folder / name)


if __name__ == "__main__":
    main()
