"""raw -> marts: the dbt project, built in one go for one business date and one state of knowledge.

`plan` has dbt compile the project, once; `running` runs what it compiled; `versions` brings the row versions up to date.
"""

from __future__ import annotations

import hashlib
import shutil
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path

import duckdb

from pipelines import warehouse
from pipelines.contracts import describe_for_sql, load_contracts
from pipelines.disk import naming_a_full_disk
from pipelines.errors import ConfigError
from pipelines.feeds import readable_feeds
from pipelines.lake import Lake
from pipelines.settings import Settings
from pipelines.transform.dbt import project_variables, run_dbt
from pipelines.transform.memory import Memory
from pipelines.transform.plan import Plan, plan_of, version_codes
from pipelines.transform.running import failed, make_schemas, run_steps, suit_to_size
from pipelines.transform.standing import Standing, check_forward, going_forward, looking_back
from pipelines.transform.versions import bring_up_to_date, outdated

__all__ = [
    "Build",
    "Standing",
    "build",
    "build_file",
    "check_forward",
    "check_target",
    "going_forward",
    "looking_back",
    "project_variables",
    "run_dbt",
]

# Told of each node that a build is done with, and the seconds it took.
OnNode = Callable[[str, float], None]


@dataclass(frozen=True)
class Build:
    """A warehouse built: for which date, from what was known when, and how long that took (seconds, compiling included)."""

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
    on_node: OnNode = lambda name, seconds: None,
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
            if not into:
                return _build_on(connection, settings, settings.warehouse, stands, full, on_node)
            connection.execute("checkpoint")  # it may stay open, and the file is copied
        return build_file(settings, _copied(settings.warehouse, into), stands, full, on_node)


def build_file(
    settings: Settings,
    file: Path,
    stands: Standing,
    full: bool = False,
    on_node: OnNode = lambda name, seconds: None,
    only: str | None = None,
) -> Build:
    """Build on a loaded warehouse file. `only` names one model: it and what it rests on are made, without tests."""
    with warehouse.closing_connection(file, read_only=False) as connection:
        return _build_on(connection, settings, file, stands, full, on_node, only)


def _build_on(
    connection: duckdb.DuckDBPyConnection,
    settings: Settings,
    file: Path,
    stands: Standing,
    full: bool,
    on_node: OnNode,
    only: str | None = None,
) -> Build:
    started = time.monotonic()
    with naming_a_full_disk():
        plan = plan_of(settings)
        _note(connection, stands, succeeded=False, seconds=0.0)
        make_schemas(connection)
        lanes = suit_to_size(connection)
        _bring_versions_up_to_date(connection, settings, plan, full)
        if lanes > 1:  # what was loaded stays, so it is compressed
            connection.execute("checkpoint")
        memory = Memory(connection, plan.fingerprint, afresh=full)
        report = run_steps(connection, plan.leading_to(only), stands, memory, on_node, lanes)
        seconds = time.monotonic() - started
        _note(connection, stands, succeeded=True, seconds=seconds)
    return Build(stands.as_of, stands.known_at, stands.is_forward, file, report.steps, tuple(report.warnings), seconds)


def _bring_versions_up_to_date(
    connection: duckdb.DuckDBPyConnection, settings: Settings, plan: Plan, full: bool
) -> None:
    """Staging: the row versions of the contracts whose deliveries changed; of all where how they are made did."""
    fingerprint = versions_fingerprint(settings)
    full = full or warehouse.fingerprint(connection, "versions") != fingerprint
    stale = outdated(connection, plan, list(load_contracts(settings.contracts)), full)
    codes: dict[str, str] = {}
    if full:  # stopped in between, the next build makes all of them anew, whichever SQL that has
        warehouse.note_fingerprint(connection, "versions", "")
    for is_new in {one.is_new for one in stale}:
        wanted = {one.contract: one.kinds for one in stale if one.is_new == is_new}
        codes |= version_codes(settings, plan, wanted, is_new)
        if is_new:
            # What the nights to come will take, compiled while dbt is at it.
            version_codes(settings, plan, wanted, anew=False)
    for one in stale:
        try:
            bring_up_to_date(connection, one, codes[one.contract])
        except duckdb.Error as error:
            raise failed({f"{one.contract}_version": str(error)}) from error
    warehouse.note_fingerprint(connection, "versions", fingerprint)


def versions_fingerprint(settings: Settings) -> str:
    """What the row versions depend on besides what was delivered; where it changes, they are made anew."""
    folder = settings.dbt_project
    files = sorted(
        [
            folder / "dbt_project.yml",
            *folder.glob("macros/**/*.sql"),
            *folder.glob("models/staging/**/*"),
            *folder.glob("analyses/*.sql"),
        ]
    )
    parts = [path.read_bytes() for path in files if path.is_file()]
    contracts = describe_for_sql(load_contracts(settings.contracts))
    return hashlib.sha256(b"\0".join([*parts, contracts.encode(), duckdb.__version__.encode()])).hexdigest()[:16]


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


def _note(connection: duckdb.DuckDBPyConnection, stands: Standing, *, succeeded: bool, seconds: float) -> None:
    """Say in the warehouse itself which build its marts are of, and whether it came through."""
    with warehouse.transaction(connection):
        connection.execute("delete from meta.latest_build")
        connection.execute(
            "insert into meta.latest_build values (?, ?, ?, ?, ?, ?)",
            [stands.as_of, stands.known_at, stands.seq, stands.is_forward, succeeded, seconds],
        )
