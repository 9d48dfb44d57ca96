"""One night through Airflow's own DAGs, in this process: `make run`.

Every feed's DAG, then the warehouse's, as the scheduler would run them, on SQLite metadata and without servers. What
Airflow has to say goes to a log file; what came in, what was refused and the open gaps are printed.

Exit codes: those of `fruition`, except that a refused delivery does not change them: the night is done, the refusal is
printed, and the example portfolio has one on purpose.
"""

from __future__ import annotations

import argparse
import os
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, TextIO

from rich.markup import escape

from pipelines.errors import FruitionError
from pipelines.settings import Settings
from scripts.airflow_home import airflow_environment, prepare_metadata

if TYPE_CHECKING:
    from airflow.sdk import DAG

REFUSALS = "report_refusals"


@dataclass
class Night:
    """What a night's DAG runs left behind: deliveries, files left alone, feed files at fault, failed tasks, who was told."""

    outcomes: list[dict[str, Any]] = field(default_factory=list)
    left: list[dict[str, Any]] = field(default_factory=list)
    faults: list[str] = field(default_factory=list)
    failures: dict[str, object] = field(default_factory=dict)
    notified: dict[str, int] = field(default_factory=dict)

    @property
    def exit_code(self) -> int:
        """The gravest of what happened: 0 where no task failed, whatever was refused."""
        codes = [error.exit_code if isinstance(error, FruitionError) else 4 for error in self.failures.values()]
        return max([*codes, 2 if self.faults else 0, 3 if self.notified.get("waiting") else 0])


def main() -> int:
    """Run the night and print what it brought."""
    parser = argparse.ArgumentParser(description="One night through Airflow's own DAGs.")
    parser.add_argument(
        "--as-of", type=date.fromisoformat, metavar="YYYY-MM-DD", help="the business date; today by default"
    )
    as_of: date | None = parser.parse_args().as_of
    os.environ.setdefault("AIRFLOW__CORE__DEFAULT_TASK_RETRY_DELAY", "5")  # seconds: somebody is waiting
    os.environ.update(airflow_environment(os.environ))
    log = Path(os.environ["AIRFLOW_HOME"], "logs", f"night-{datetime.now(UTC):%Y%m%dT%H%M%SZ}.log")
    with output_to(log) as terminal:
        night = run(as_of, terminal)
    report(night, log)
    return night.exit_code


def run(as_of: date | None, terminal: TextIO) -> Night:
    """Every DAG of the data's way once, the feeds' first; one that fails stops no other."""
    print("Airflow is being prepared.", file=terminal, flush=True)
    prepare_metadata()
    from airflow.dag_processing.dagbag import DagBag

    bag = DagBag()
    night = Night(faults=[error.strip().rpartition("\n")[2] for error in bag.import_errors.values()])
    ingests = sorted(dag_id for dag_id in bag.dags if dag_id.startswith("ingest_"))
    for dag in (bag.dags[dag_id] for dag_id in [*ingests, "warehouse"]):
        print(f"{dag.dag_id:40}", end=" ", file=terminal, flush=True)
        started = time.monotonic()
        state = run_dag(dag, night, {"as_of": as_of.isoformat()} if as_of and dag.dag_id == "warehouse" else None)
        print(f"{state:8} {time.monotonic() - started:5.1f} s", file=terminal, flush=True)
    return night


def run_dag(dag: DAG, night: Night, conf: dict[str, Any] | None) -> str:
    """Run one DAG with Airflow's own runner, and note in `night` what it brought. Returns how it ended, in a word."""
    failed: dict[str, object] = {}
    for task in dag.tasks:
        task.on_failure_callback = [lambda context: failed.update({context["ti"].task_id: context["exception"]})]
    dag.deadline = []  # the scheduler's to look after; `test()` stops at them
    dag_run = dag.test(run_conf=conf)
    for instance in dag_run.get_task_instances():
        if instance.task_id == "ingest":
            night.left += instance.xcom_pull("ingest", key="left") or []
            night.outcomes += instance.xcom_pull("ingest", key="outcomes") or []
        elif instance.task_id == "notify":
            night.notified = instance.xcom_pull("notify") or {}
    refused = failed.pop(REFUSALS, None)
    night.failures |= {f"{dag.dag_id}.{task}": error for task, error in failed.items()}
    return "failed" if failed else "refusals" if refused else "done"


def report(night: Night, log: Path) -> None:
    """What came, what was refused and why, the open gaps, and where to look next."""
    from pipelines import console
    from pipelines.console import nights
    from pipelines.ingest import Outcome
    from pipelines.inquiries import GapFilter, open_gaps
    from pipelines.landing import LeftAlone
    from pipelines.night import Sweep

    settings = Settings.from_environment()
    outcomes = [Outcome(**outcome) for outcome in night.outcomes]
    nights.print_sweep(Sweep(outcomes, [LeftAlone(**left) for left in night.left]))
    for fault in night.faults:
        console.error.print(f"[bold red]Feed left out[/] {escape(fault)}")
    for name, error in night.failures.items():
        console.error.print(f"[bold red]Failed[/] {name}: {escape(str(error))}")
    if settings.published.exists():
        nights.print_gaps(open_gaps(settings, GapFilter()), settings.currency, limit=20)
        console.out.print(f"Published: [bold]{escape(str(settings.published))}[/]")
    if night.notified.get("sent"):
        console.out.print(f"Told receivers {night.notified['sent']:,} times what happened to gaps.")
    if night.notified.get("waiting"):
        console.error.print(
            f"[yellow]Waiting[/] {night.notified['waiting']:,} for a receiver; `fruition notify` says why and tries again."
        )
    console.out.print(f"Airflow's log of the night: {escape(str(log))}")
    fruition = os.path.relpath(Path(sys.executable).with_name("fruition"))
    console.out.print(
        f"Next: {fruition} gaps --severity critical · {fruition} deliveries · {fruition} rejects · make up"
    )


@contextmanager
def output_to(log: Path) -> Iterator[TextIO]:
    """Send whatever this process prints to a file meanwhile, and yield the terminal."""
    log.parent.mkdir(parents=True, exist_ok=True)
    sys.stdout.flush()
    sys.stderr.flush()
    kept = os.dup(1), os.dup(2)
    with log.open("w") as file, os.fdopen(os.dup(1), "w") as terminal:
        os.dup2(file.fileno(), 1)
        os.dup2(file.fileno(), 2)
        try:
            yield terminal
        finally:
            sys.stdout.flush()
            sys.stderr.flush()
            for descriptor, number in zip(kept, (1, 2), strict=True):
                os.dup2(descriptor, number)
                os.close(descriptor)


if __name__ == "__main__":
    sys.exit(main())
