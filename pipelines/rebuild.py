"""lake -> warehouse, from nothing: every table, the gap history and its events come out as they were."""

from __future__ import annotations

import math
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path

import duckdb

from pipelines import warehouse
from pipelines.builds import RecordedBuild, recorded_builds
from pipelines.errors import ConfigError
from pipelines.lake import Lake, put_in_place
from pipelines.publish import publish
from pipelines.settings import Settings
from pipelines.transform import Build, Standing, build_file, check_forward, check_target, going_forward, looking_back
from pipelines.warehouse import Loaded

Tell = Callable[[str], None]

GAPS_TODAY = "select gap_id, gap_code, subject_type, subject_id, severity, amount_at_stake from core.open_gap"
GAPS_THEN = """
select gap_id, gap_code, subject_type, subject_id, severity, amount_at_stake from meta.recorded_gap where seq = $seq
"""
SAME_AMOUNT = 1e-9  # computed amounts are reproducible to this (3-benefits.md)


@dataclass(frozen=True)
class Differs:
    """A gap of which a recorded build said something else than today's rules say of the same date and knowledge.

    `then` and `today` are its severities; None where it was, or is, not open.
    """

    seq: int
    as_of: date
    gap_id: str
    gap_code: str | None
    subject_type: str | None
    subject_id: str | None
    then: str | None
    today: str | None
    amount_then: float | None
    amount_today: float | None


@dataclass(frozen=True)
class Rebuilt:
    """A warehouse made anew; `recomputed` is the number of recorded builds that were computed again."""

    loaded: Loaded
    built: Build
    published: Path | None
    recomputed: int
    differences: tuple[Differs, ...]


def rebuild(
    settings: Settings,
    as_of: date | None = None,
    known_at: datetime | None = None,
    into: Path | None = None,
    recompute: bool = False,
    tell: Tell = lambda text: None,
) -> Rebuilt:
    """Make the warehouse from the lake alone, and publish it; `into` another file, and nothing is published.

    Without a date it is the last recorded build that stands again; a later date is a forward build. `recompute` also
    computes every recorded build and reports where today's rules would have said otherwise. Until the new file is whole
    the old one stays. What is published is not served yet: that is for the caller, after it has said what was found. Raises
    what load and build raise, and `ConfigError` where the date needs `into`.
    """
    target = into or settings.warehouse
    if into:
        check_target(settings, into)
    with warehouse.held(settings), _beside(target) as file:
        tell("load the lake")
        with warehouse.closing_connection(file, read_only=False) as connection:
            loaded = warehouse.load_into(connection, settings, lambda name: tell(f"load {name}"))
            builds = recorded_builds(Lake.of(settings))
            stands = _standing(settings, connection, builds, as_of, known_at, into)
            warehouse.settle(connection, stands.known_at if stands.is_forward else None)
        built = build_file(settings, file, stands, full=True, on_node=lambda name, seconds: tell(f"build {name}"))
        differences = tuple(_recomputed(settings, file, builds, tell)) if recompute else ()
        target.with_name(f"{target.name}.wal").unlink(missing_ok=True)
        put_in_place(file, target)
        tell("publish" if into is None else "done")
        published = None if into else publish(settings).file
    return Rebuilt(loaded, built, published, len(builds) if recompute else 0, differences)


def _standing(
    settings: Settings,
    connection: duckdb.DuckDBPyConnection,
    builds: list[RecordedBuild],
    as_of: date | None,
    known_at: datetime | None,
    into: Path | None,
) -> Standing:
    """Which build the warehouse is to be: the last recorded one again, one that looks back, or a new one."""
    last = builds[-1] if builds else None
    if into and (as_of or known_at):
        return looking_back(builds, as_of or settings.today(), known_at)
    if last and as_of in {None, last.as_of} and known_at in {None, last.known_at}:
        return Standing(last.as_of, last.known_at, last.seq, is_forward=into is None)
    if known_at is not None:
        raise ConfigError("--known-at looks back: say with --into which file gets the result.")
    check_forward(settings, as_of or settings.today())
    return going_forward(connection, builds, as_of or settings.today())


@contextmanager
def _beside(target: Path) -> Iterator[Path]:
    """A new file beside the target, to be renamed over it; nothing of it stays where that does not come about."""
    target.parent.mkdir(parents=True, exist_ok=True)
    file = target.with_name(f".{target.name}.rebuild")
    warehouse.remove_database(file)
    try:
        yield file
    finally:
        warehouse.remove_database(file)


def _recomputed(settings: Settings, file: Path, builds: list[RecordedBuild], tell: Tell) -> Iterator[Differs]:
    """Where each recorded build, computed by today's rules, would have had other gaps than it recorded."""
    with _beside(file) as scratch:
        shutil.copyfile(file, scratch)
        for build in builds:
            tell(f"recompute build {build.seq}, as of {build.as_of}")
            stands = Standing(build.as_of, build.known_at, build.seq, is_forward=False)
            build_file(settings, scratch, stands, only="open_gap")
            with warehouse.closing_connection(scratch, read_only=True) as connection:
                then = {row[0]: row[1:] for row in connection.execute(GAPS_THEN, {"seq": build.seq}).fetchall()}
                today = {row[0]: row[1:] for row in connection.execute(GAPS_TODAY).fetchall()}
            for gap_id in sorted(then.keys() | today.keys()):
                yield from _difference(build, gap_id, then.get(gap_id), today.get(gap_id))


Gap = tuple[str | None, str | None, str | None, str, float | None]


def _difference(build: RecordedBuild, gap_id: str, then: Gap | None, today: Gap | None) -> Iterator[Differs]:
    """The gap, if it was another then than today's rules would have it."""
    code, subject_type, subject_id = (today or then or (None,) * 3)[:3]
    severity_then, amount_then = then[3:] if then else (None, None)
    severity, amount = today[3:] if today else (None, None)
    if severity_then == severity and _same(amount_then, amount):
        return
    yield Differs(
        build.seq, build.as_of, gap_id, code, subject_type, subject_id, severity_then, severity, amount_then, amount
    )


def _same(one: float | None, other: float | None) -> bool:
    if one is None or other is None:
        return one is other
    return math.isclose(one, other, rel_tol=SAME_AMOUNT)
