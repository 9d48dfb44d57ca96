"""Which date and which knowledge a build speaks of, and which builds may be asked for."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, timedelta

import duckdb

from pipelines.builds import RecordedBuild, recorded_builds
from pipelines.errors import ConfigError
from pipelines.lake import Lake
from pipelines.settings import Settings, now

ONE_MICROSECOND = timedelta(microseconds=1)
END_OF_TIME = datetime(9999, 12, 31)
ONE_DAY = timedelta(days=1)  # a day may have begun elsewhere already


@dataclass(frozen=True)
class Standing:
    """What a warehouse file speaks of: a date, a state of knowledge, and the number of the recorded build that it is.

    `seq` is None where no forward build ever stood there.
    """

    as_of: date
    known_at: datetime
    seq: int | None
    is_forward: bool


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


def known_by(connection: duckdb.DuckDBPyConnection, stands: Standing) -> datetime:
    """What the moments of row versions are compared with: the build's, or the end of time where nothing is known later.

    That comes to the same, since all these moments are ones at which a delivery became known; and what rests on them alone
    is not made anew because a night has passed.
    """
    later = connection.execute(
        "select 1 from meta.delivery where known_from > $1 limit 1", [stands.known_at]
    ).fetchone()
    return stands.known_at if later else END_OF_TIME


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
