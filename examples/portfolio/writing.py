"""Write the example: source files into the landing folder, feed declarations beside them."""

from __future__ import annotations

import os
import shutil
from dataclasses import dataclass
from datetime import UTC, date, datetime, time
from pathlib import Path

from examples.portfolio.files import write
from examples.portfolio.sources import source_files
from examples.portfolio.timeline import Timeline
from examples.portfolio.world import World

DECLARATIONS = Path(__file__).resolve().parent.parent / "feeds" / "portfolio"
SEED = 2026


@dataclass(frozen=True)
class Example:
    """What was written: the date its 'now' is, the feed declarations, and the source files in order of arrival."""

    as_of: date
    feeds: tuple[Path, ...]
    files: tuple[Path, ...]


def write_example(landing: Path, feeds: Path, size: int = 1, seed: int = SEED, as_of: date | None = None) -> Example:
    """Write the example portfolio: `<landing>/<feed>/…` and `<feeds>/<feed>.yml`.

    `size` copies of the portfolio stand side by side, the identifiers of all but the first prefixed. The same seed,
    size and `as_of` (default: today) give the same bytes; another `as_of` moves everything by whole months. Raises
    `ValueError` where `size` is below 1.
    """
    if size < 1:
        raise ValueError("size must be at least 1")
    day = as_of or date.today()
    worlds = tuple(World(Timeline(day), seed, copy) for copy in range(1, size + 1))
    files = [write(file, landing) for file in source_files(worlds)]
    _arrive_in_order(files, day)
    return Example(day, _declare(feeds), tuple(files))


def _arrive_in_order(files: list[Path], day: date) -> None:
    """Date the files second by second, as they would have arrived: a feed's files are taken oldest first."""
    midnight = int(datetime.combine(day, time(), UTC).timestamp())
    for number, path in enumerate(files):
        os.utime(path, (midnight + number, midnight + number))


def _declare(feeds: Path) -> tuple[Path, ...]:
    feeds.mkdir(parents=True, exist_ok=True)
    return tuple(Path(shutil.copyfile(path, feeds / path.name)) for path in sorted(DECLARATIONS.glob("*.yml")))
