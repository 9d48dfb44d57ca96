"""Contracts and feeds, checked as the door would, and what a feed needs that is not there."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Any

from pipelines import compatibility
from pipelines.contracts import Contract, load_contract, load_contracts
from pipelines.doctor.findings import Check, counted, misconfigured, ok, warning
from pipelines.documents import read_yaml
from pipelines.errors import ConfigError
from pipelines.feeds import feed_files, load_feed
from pipelines.lake import Lake
from pipelines.landing import printable
from pipelines.settings import Settings

SCHEDULE_READER = "schedule"
NEEDS_JAVA = {SCHEDULE_READER}
GET_JAVA = (
    "Install a Java runtime, 11 or later (Debian and Ubuntu: apt-get install default-jre-headless), "
    "or set JAVA_HOME to one that is there."
)


def contract_checks(settings: Settings) -> Iterator[Check]:
    """Every contract read, its suite built, and held against what the lake keeps of its earlier versions."""
    files = sorted(settings.contracts.glob("*.yml"))
    if not files:
        yield misconfigured("Contracts", f"{settings.contracts} holds no contract.", "Restore expectations/ from git.")
        return
    from pipelines.expectations import build_checks  # takes seconds to import

    contracts, faults = _read_contracts(settings)
    yield from faults
    broken = [
        one
        for name, contract in contracts.items()
        for one in _faults(f"Contract {name}", partial(build_checks, contract))
    ]
    yield from broken
    yield from _version_faults(settings, contracts, whole=not faults)
    if not faults and not broken:
        yield ok("Contracts", f"{counted(len(files), 'contract')}, every rule can be built")


def _version_faults(settings: Settings, contracts: dict[str, Contract], whole: bool) -> Iterator[Check]:
    """Where a contract of today does not fit the rows that the lake holds of its earlier versions."""
    lake = Lake.of(settings)
    try:
        compatibility.check(lake, contracts.values())
        if whole:
            compatibility.check_none_gone(lake, contracts)
    except ConfigError as error:
        todo = "Give the contract back what it had; a column may be added or widened, and no more."
        yield misconfigured("Contract versions", str(error), todo)


def feed_checks(settings: Settings) -> Iterator[Check]:
    """Every feed read, and its mapping checked against its contracts; each fault by file and key."""
    files = feed_files(settings.feeds)
    if not files:
        todo = "Add a feed (docs/adding-a-feed.md), or write the example's with `fruition example`."
        yield warning("Feeds", f"{settings.feeds} holds no feed, so nothing is taken in.", todo)
        return
    contracts, _ = _read_contracts(settings)
    faults = [one for path in files for one in _feed_faults(path, contracts)]
    yield from faults
    if not faults:
        yield ok("Feeds", f"{counted(len(files), 'feed')}, every mapping fits its contract")
    yield from _java_checks(files)


def landing_checks(settings: Settings) -> Iterator[Check]:
    """Folders below landing/ that no feed reads."""
    known = {path.stem for path in feed_files(settings.feeds)}
    folders = [path for path in sorted(settings.landing.glob("*")) if path.is_dir() and not path.name.startswith(".")]
    strange = [path for path in folders if path.name not in known]
    for path in strange:
        waiting = sum(1 for entry in path.iterdir() if not entry.name.startswith("."))
        yield warning(
            f"landing/{printable(path.name)}",
            f"no feed reads it; {counted(waiting, 'file')} lie there.",
            f"Add {settings.feeds.name}/{printable(path.name)}.yml, or move the files to the folder of the feed that is meant.",
        )
    if not strange:
        yield ok("Landing folders", f"{counted(len(folders), 'folder')}, each with its feed")


def _feed_faults(path: Path, contracts: dict[str, Contract]) -> list[Check]:
    from pipelines.ingest.mapping import check_mapping

    def check() -> None:
        feed = load_feed(path)
        for delivers in feed.delivers:
            check_mapping(feed, delivers, contracts)

    reader = _reader(path)
    if reader is not None and reader not in _readers():
        seen = f"{path.name}: format.reader: this version has no reader {reader!r}; it has {', '.join(_readers())}."
        return [misconfigured(f"Feed {path.stem}", seen, "Use one of these, or install a version that has the reader.")]
    return _faults(f"Feed {path.stem}", check)


def _read_contracts(settings: Settings) -> tuple[dict[str, Contract], list[Check]]:
    """The contracts that can be read, and what is wrong with the others."""
    try:
        return load_contracts(settings.contracts), []  # remembered while the files stay the same
    except ConfigError:
        contracts: dict[str, Contract] = {}
        faults: list[Check] = []
        for path in sorted(settings.contracts.glob("*.yml")):
            try:
                contracts[path.stem] = load_contract(path)
            except ConfigError as error:
                faults.append(_fault(f"Contract {path.stem}", error))
        return contracts, faults


def _faults(name: str, check: Callable[[], object]) -> list[Check]:
    try:
        check()
    except ConfigError as error:
        return [_fault(name, error)]
    return []


def _fault(name: str, error: ConfigError) -> Check:
    return misconfigured(name, str(error), "Mend that key of the file, and run `fruition doctor` again.")


def _java_checks(files: list[Path]) -> Iterator[Check]:
    """Where a feed is read with a library that runs on Java: whether there is one."""
    feeds = [path.stem for path in files if _reader(path) in NEEDS_JAVA]
    if not feeds:
        return
    java = find_java()
    if java:
        yield ok("Java", f"{java}, for {', '.join(feeds)}")
    else:
        yield misconfigured(
            "Java", f"no Java runtime was found, and {', '.join(feeds)} cannot be read without.", GET_JAVA
        )


def find_java() -> Path | None:
    """The Java runtime that a reader would start: JAVA_HOME's, else the first on the path."""
    home = os.environ.get("JAVA_HOME")
    inside = Path(home) / "bin" / "java" if home else None
    if inside and os.access(inside, os.X_OK):
        return inside
    found = shutil.which("java")
    return Path(found) if found else None


def _reader(path: Path) -> str | None:
    """The reader that a feed file names, whether or not the rest of the file can be read."""
    try:
        document: dict[str, Any] = read_yaml(path)
    except ConfigError:
        return None
    format_ = document.get("format")
    reader = format_.get("reader") if isinstance(format_, dict) else None
    return reader if isinstance(reader, str) else None


def _readers() -> list[str]:
    from pipelines.readers import READERS

    return sorted(READERS)
