"""From a file's arrival to the gap event out, in a live Airflow: on PostgreSQL metadata, and on SQLite.

The example portfolio is loaded and built first, with a small register of its own beside it. Then, one at a time, 30 files
are renamed into the landing folders of ten `atomic` feeds. Each is the first reading of a benefit that was measured by
nobody, so that its gap closes and another opens. Measured from the rename: (a) its batch is in the lake, (b) it is in what is
published, (c) the webhook has the event. Then 200 files are dropped over the ten feeds at once, until all are published.
"""

from __future__ import annotations

import argparse
import random
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from datetime import date, timedelta
from functools import partial
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parents[1]))

from pipelines.contracts import load_contracts
from pipelines.settings import Settings
from tests.live.stack import Stack
from tests.postgres import running_cluster
from tests.receivers import Receiver

FILES = 30
BURST = 200
FEEDS = tuple(f"meter_{letter}" for letter in "abcdefghij")
PATIENCE = 120.0  # seconds for one file, then the run has failed
LOOK_EVERY = 0.01  # seconds
TODAY = date.today()
LAST_MONTH = (TODAY.replace(day=1) - timedelta(days=1)).replace(day=1)
LONG_AGO, LATER = TODAY - timedelta(days=500), TODAY + timedelta(days=365)
SECRET = "a secret of the benchmark"
AS_AIRFLOW_HAS_IT = {  # seconds between two looks at the DAGs' files; tests look for new feeds more often
    "AIRFLOW__DAG_PROCESSOR__MIN_FILE_PROCESS_INTERVAL": "30",
    "AIRFLOW__DAG_PROCESSOR__REFRESH_INTERVAL": "300",
}

REGISTER: dict[str, list[dict[str, Any]]] = {
    "project": [{"project_id": "LP", "name": "Metering", "stage": "closed"}],
    "output": [
        {"output_id": "LO", "project_id": "LP", "name": "Meters", "baseline_date": LONG_AGO, "delivered_date": LONG_AGO}
    ],
    "kpi": [
        {"kpi_id": f"LK{number}", "name": f"Meter {number}", "unit": "kWh", "frequency": "month"}
        for number in range(FILES + BURST)
    ],
    "benefit": [
        {
            "benefit_id": f"LB{number}",
            "name": f"Less energy {number}",
            "kind": "benefit",
            "owner": "Energy manager",
            "kpi_id": f"LK{number}",
            "baseline_value": 100,
            "target_value": 50,
            "start_date": LONG_AGO,
            "target_date": TODAY - timedelta(days=200),
            "end_date": LATER,
            "unit_value": 10,
        }
        for number in range(FILES)
    ],
    "dependency": [
        {"from_type": "output", "from_id": "LO", "to_type": "benefit", "to_id": f"LB{number}", "weight": 1}
        for number in range(FILES)
    ],
}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--only", choices=("postgresql", "sqlite"))
    only = parser.parse_args().only
    for name in ("postgresql", "sqlite"):
        if only in {None, name}:
            with (
                tempfile.TemporaryDirectory(prefix="fruition-bench-") as folder,
                live(name, Path(folder)) as (stack, hook),
            ):
                print(f"{name}: {FILES} files, one at a time", flush=True)
                one_at_a_time(stack, hook)
                burst(stack)


@contextmanager
def live(name: str, folder: Path) -> Iterator[tuple[Stack, Receiver]]:
    """A live Airflow over the example portfolio and the register, with a webhook that accepts everything."""
    receiver = Receiver()
    with ExitStack() as held:
        server = held.enter_context(running_cluster(folder)) if name == "postgresql" else None
        held.enter_context(receiver.listening())
        told = {"FRUITION_WEBHOOK_URL": f"http://{receiver.host}/", "FRUITION_WEBHOOK_SECRET": SECRET}
        stack = Stack(folder, server, **told, **AS_AIRFLOW_HAS_IT)
        held.callback(stack.stop)
        fill(stack)
        stack.start()
        stack.wait_until_quiet()
        yield stack, receiver


def fill(stack: Stack) -> None:
    """Write the example portfolio and the register, take them in and build, before anybody listens for events."""
    settings = stack.settings
    environment = {name: value for name, value in stack.environment.items() if not name.startswith("FRUITION_WEBHOOK")}
    for contract, rows in REGISTER.items():
        columns = {column.name: column.name for column in load_contracts(Settings.contracts)[contract].columns}
        given = {name: name for name in columns if name in rows[0]}
        stack.add_feed(f"metering_{contract}", delivers=[{"contract": contract, "columns": given}])
        lines = [",".join(given), *(",".join(str(row[name]) for name in given) for row in rows)]
        stack.drop(f"metering_{contract}", "register.csv", "\n".join(lines) + "\n")
    for feed in FEEDS:
        stack.add_feed(feed)
    for command in (("example",), ("run",)):
        subprocess.run([sys.executable, "-m", "pipelines", *command], env=environment, check=False, capture_output=True)
    assert settings.published.exists(), "The first build failed."


def one_at_a_time(stack: Stack, receiver: Receiver) -> None:
    """Each file's three moments, and their median and 95th percentile."""
    found: dict[str, list[float]] = {"loaded": [], "published": [], "event": []}
    for number in range(FILES):
        stack.wait_until_quiet()
        time.sleep(random.uniform(0, 2))  # wherever the scheduler is in its round
        feed, name = FEEDS[number % len(FEEDS)], f"reading {number}.csv"
        dropped = stack.drop(feed, name, f"kpi,day,value\nLK{number},{LAST_MONTH},99\n")
        moments: dict[str, Callable[[], bool]] = {
            "loaded": partial(is_loaded, stack, feed, name),
            "published": Published(stack, feed, name),
            "event": partial(has_event, receiver, f"LB{number}"),
        }
        for moment, at in seen(moments).items():
            found[moment].append(at - dropped)
    for moment, seconds in found.items():
        p95 = statistics.quantiles(seconds, n=20)[-1]
        print(f"  {moment:10} p50 {statistics.median(seconds):5.2f} s   p95 {p95:5.2f} s", flush=True)


class Published:
    """Whether a file is in what is published, asked only when that has been replaced."""

    def __init__(self, stack: Stack, feed: str, name: str) -> None:
        self.stack, self.feed, self.name = stack, feed, name
        self.looked_at = stack.settings.published.stat().st_ino

    def __call__(self) -> bool:
        if self.stack.settings.published.stat().st_ino == self.looked_at:
            return False
        self.looked_at = self.stack.settings.published.stat().st_ino
        return self.name in self.stack.names_published(self.feed)


def is_loaded(stack: Stack, feed: str, name: str) -> bool:
    return bool(stack.ended(feed, name))


def has_event(receiver: Receiver, benefit_id: str) -> bool:
    return any(event["data"].get("benefit_id") == benefit_id for event in receiver.accepted)


def seen(moments: dict[str, Callable[[], bool]]) -> dict[str, float]:
    """When each moment came."""
    until = time.monotonic() + PATIENCE
    came: dict[str, float] = {}
    while len(came) < len(moments):
        if time.monotonic() > until:
            raise SystemExit(f"Not within {PATIENCE:.0f} s: {', '.join(moments.keys() - came.keys())}.")
        for name, has_come in moments.items():
            if name not in came and has_come():
                came[name] = time.time()
        time.sleep(LOOK_EVERY)
    return came


def burst(stack: Stack) -> None:
    """Many files at once: until all are published, and in how many builds."""
    stack.wait_until_quiet()
    before, started = stack.builds(), time.monotonic()
    names: dict[str, list[str]] = {feed: [] for feed in FEEDS}
    for number in range(BURST):
        feed, name = FEEDS[number % len(FEEDS)], f"burst {number}.csv"
        stack.drop(feed, name, f"kpi,day,value\nLK{FILES + number},{LAST_MONTH},{number}\n")
        names[feed].append(name)
    for feed, dropped in names.items():
        stack.wait_until_published(feed, *dropped, patience=PATIENCE * 5)
    drained = time.monotonic() - started
    print(
        f"  burst: {BURST} files over {len(FEEDS)} feeds published after {drained:.1f} s, in {stack.builds() - before} builds"
    )


if __name__ == "__main__":
    main()
