"""raw -> marts: the dbt project, built in one go for one business date and one state of knowledge."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any

import duckdb
from dbt.adapters.duckdb.connections import DuckDBConnectionManager
from dbt.artifacts.schemas.results import RunStatus, TestStatus
from dbt.artifacts.schemas.run import RunExecutionResult
from dbt.cli.main import dbtRunner, dbtRunnerResult

from pipelines import warehouse
from pipelines.builds import RecordedBuild, recorded_builds
from pipelines.contracts import describe_for_sql, load_contracts
from pipelines.disk import NEXT_STEP, says_full
from pipelines.errors import BuildFailed, ConfigError, DiskFull
from pipelines.feeds import readable_feeds
from pipelines.lake import Lake
from pipelines.settings import Settings, now

ONE_MICROSECOND = timedelta(microseconds=1)
ONE_DAY = timedelta(days=1)  # a day may have begun elsewhere already
FAILED = {RunStatus.Error, TestStatus.Error, TestStatus.Fail}


@dataclass(frozen=True)
class Standing:
    """What a warehouse file speaks of: a date, a state of knowledge, and the number of the recorded build that it is.

    `seq` is None where no forward build ever stood there.
    """

    as_of: date
    known_at: datetime
    seq: int | None
    is_forward: bool


@dataclass(frozen=True)
class Build:
    """A warehouse built: for which date, from what was known when, and how long dbt took (seconds)."""

    as_of: date
    known_at: datetime
    is_forward: bool
    file: Path
    nodes: int
    warnings: tuple[str, ...]
    seconds: float


def build(
    settings: Settings,
    as_of: date | None = None,
    known_at: datetime | None = None,
    into: Path | None = None,
    full: bool = False,
    on_node: Callable[[str], None] = lambda name: None,
) -> Build:
    """Build every model and run every data test.

    Without `into` this is a forward build of the warehouse itself. Any other date or state of knowledge needs `into`,
    a file that gets the whole warehouse as it was then. Raises `ConfigError` where the date asks for `into` and there
    is none, `BuildFailed` where a model or a test of severity error fails.
    """
    day = as_of or settings.today()
    if into:
        check_target(settings, into)
    elif known_at is not None:
        raise ConfigError("--known-at looks back: say with --into which file gets the result.")
    else:
        check_forward(settings, day)
    with warehouse.held(settings):
        with warehouse.writing(settings) as connection:
            warehouse.prepare(connection, load_contracts(settings.contracts), readable_feeds(settings.feeds)[0])
            builds = warehouse.sync_builds(connection, Lake.of(settings))
            warehouse.sync_questions(connection, Lake.of(settings))
            stands = looking_back(builds, day, known_at) if into else going_forward(connection, builds, day)
            warehouse.settle(connection, stands.known_at if stands.is_forward else None)
        file = _copied(settings.warehouse, into) if into else settings.warehouse
        return build_file(settings, file, stands, full, on_node)


def build_file(
    settings: Settings,
    file: Path,
    stands: Standing,
    full: bool = False,
    on_node: Callable[[str], None] = lambda name: None,
    select: tuple[str, ...] = (),
) -> Build:
    """Run dbt on a loaded warehouse file. `select` names the models wanted, without tests; none means everything."""
    command = ["run", "--select", *select] if select else ["build", "--exclude-resource-type", "unit_test"]
    fingerprint = versions_fingerprint(settings)
    with warehouse.closing_connection(file, read_only=False) as connection:
        full = full or warehouse.fingerprint(connection, "versions") != fingerprint
        _note(connection, stands, succeeded=False, seconds=0.0)
    started = time.monotonic()
    results = _sound(run_dbt(settings, file, command, _variables(settings), full, on_node)).results
    seconds = time.monotonic() - started
    with warehouse.closing_connection(file, read_only=False) as connection:
        if not select:
            warehouse.note_fingerprint(connection, "versions", fingerprint)
        _note(connection, stands, succeeded=True, seconds=seconds)
    warnings = tuple(result.node.name for result in results if result.status == TestStatus.Warn)
    return Build(stands.as_of, stands.known_at, stands.is_forward, file, len(results), warnings, seconds)


def looking_back(builds: list[RecordedBuild], as_of: date, known_at: datetime | None) -> Standing:
    """What a build that looks back speaks of: between two recorded builds, what the earlier of them knew."""
    asked = known_at or now()
    earlier = [build for build in builds if build.known_at <= asked]
    if earlier and len(earlier) < len(builds):
        asked = max(build.known_at for build in earlier)
    seq = next((build.seq for build in builds if (build.as_of, build.known_at) == (as_of, asked)), None)
    return Standing(as_of, asked, seq, is_forward=False)


def going_forward(connection: duckdb.DuckDBPyConnection, builds: list[RecordedBuild], as_of: date) -> Standing:
    """What the next forward build speaks of: everything loaded, at a moment later than that of every build before."""
    moment = max([now(), *(build.known_at + ONE_MICROSECOND for build in builds)])
    connection.execute("update meta.delivery set built = true where not built")
    return Standing(as_of, moment, builds[-1].seq + 1 if builds else 1, is_forward=True)


def versions_fingerprint(settings: Settings) -> str:
    """What the row versions depend on besides what was delivered; where it changes, they are made anew."""
    folder = settings.dbt_project
    files = sorted([folder / "dbt_project.yml", *folder.glob("macros/**/*.sql"), *folder.glob("models/staging/**/*")])
    parts = [path.read_bytes() for path in files if path.is_file()]
    contracts = describe_for_sql(load_contracts(settings.contracts))
    return hashlib.sha256(b"\0".join([*parts, contracts.encode(), duckdb.__version__.encode()])).hexdigest()[:16]


def check_forward(settings: Settings, as_of: date) -> None:
    """`ConfigError` where a build as of this date would go back behind the last one published.

    Builds that were ahead of their own day do not count: one mistyped year must not stop every night after it.
    """
    builds = recorded_builds(Lake.of(settings))
    last = max((build.as_of for build in builds if build.as_of <= build.recorded_at.date() + ONE_DAY), default=None)
    if last and as_of < last:
        raise ConfigError(
            f"As of {as_of} lies before the last published build, as of {last}: "
            "give a later date, or say with `fruition build --into` which file gets the result."
        )


def check_target(settings: Settings, into: Path) -> None:
    """`ConfigError` where the file of a build that looks back would take the place of something else."""
    if into.resolve() in {settings.warehouse.resolve(), settings.published.resolve()}:
        raise ConfigError("--into names the warehouse itself: give another file.")
    if into.is_dir():
        raise ConfigError("--into names a folder: give a file in it.")
    if into.exists() and into.stat().st_size:
        with into.open("rb") as file:
            if file.read(12)[8:] != b"DUCK":
                raise ConfigError(
                    "--into names a file that is no DuckDB database: it would be overwritten. Give another."
                )


def _copied(source: Path, into: Path) -> Path:
    into.parent.mkdir(parents=True, exist_ok=True)
    warehouse.remove_database(into)
    shutil.copyfile(source, into)
    return into


def _variables(settings: Settings) -> dict[str, Any]:
    """What dbt is told besides `meta.latest_build`: the same each night, so that it need not parse its project anew."""
    return {
        "reporting_currency": settings.currency,
        "fiscal_year_start": settings.fiscal_year_start,
        **project_variables(settings),
    }


def project_variables(settings: Settings) -> dict[str, str]:
    """What the dbt project cannot look up for itself: the contracts, and which gap codes have a model."""
    return {
        "contracts": describe_for_sql(load_contracts(settings.contracts)),
        "gap_codes": json.dumps(sorted(path.stem for path in (settings.dbt_project / "models" / "gaps").glob("*.sql"))),
    }


def run_dbt(
    settings: Settings,
    file: Path,
    command: list[str],
    variables: dict[str, Any],
    full: bool = False,
    on_node: Callable[[str], None] = lambda name: None,
) -> dbtRunnerResult:
    """One dbt command on a DuckDB file, in this process; its logs and artefacts go below the warehouse's folder.

    dbt keeps the file open from its first node to its last: opening it for each of hundreds takes longer than most of them.
    """
    artefacts = settings.warehouse.parent / "dbt"

    def finished(event: Any) -> None:
        if event.info.name == "NodeFinished":
            on_node(event.data.node_info.node_name)

    arguments = [
        *command,
        *(["--full-refresh"] if full else []),
        *("--project-dir", str(settings.dbt_project), "--profiles-dir", str(settings.dbt_project)),
        *("--target-path", str(artefacts / "target"), "--log-path", str(artefacts / "logs")),
        *("--vars", json.dumps(variables), "--log-level", "none", "--no-use-colors"),
    ]
    with _environment(FRUITION_DATABASE=str(file), DBT_SEND_ANONYMOUS_USAGE_STATS="false"):
        try:
            return dbtRunner(callbacks=[finished]).invoke(arguments)
        finally:
            DuckDBConnectionManager.close_all_connections()  # type: ignore[no-untyped-call]


@contextmanager
def _environment(**variables: str) -> Iterator[None]:
    """Variables for dbt, and no word of the command line, which dbt would write into its artefacts."""
    before = {name: os.environ.get(name) for name in variables}
    arguments, sys.argv = sys.argv, sys.argv[:1]
    os.environ.update(variables)
    try:
        yield
    finally:
        sys.argv = arguments
        for name, value in before.items():
            if value is None:
                os.environ.pop(name, None)
            else:
                os.environ[name] = value


def _sound(result: dbtRunnerResult) -> RunExecutionResult:
    """The results of a dbt build in which nothing failed; else `BuildFailed` with what did."""
    if result.exception is not None or not isinstance(result.result, RunExecutionResult):
        if says_full(str(result.exception)):
            raise DiskFull(NEXT_STEP) from result.exception
        reason = " ".join(str(result.exception).split())[:500]
        raise BuildFailed(f"dbt could not run: {reason}") from result.exception
    failed = [node for node in result.result.results if node.status in FAILED]
    if any(says_full(node.message or "") for node in failed):
        raise DiskFull(NEXT_STEP)
    if failed:
        names = "; ".join(
            f"{node.node.name} ({' '.join((node.message or node.status).split())[:200]})" for node in failed[:5]
        )
        more = f" and {len(failed) - 5} more" if len(failed) > 5 else ""
        raise BuildFailed(
            f"{len(failed)} of the warehouse's models and tests failed: {names}{more}. What was published stays."
        )
    return result.result


def _note(connection: duckdb.DuckDBPyConnection, stands: Standing, *, succeeded: bool, seconds: float) -> None:
    """Say in the warehouse itself which build its marts are of, and whether it came through."""
    connection.execute("begin")
    connection.execute("delete from meta.latest_build")
    connection.execute(
        "insert into meta.latest_build values (?, ?, ?, ?, ?, ?)",
        [stands.as_of, stands.known_at, stands.seq, stands.is_forward, succeeded, seconds],
    )
    connection.execute("commit")
