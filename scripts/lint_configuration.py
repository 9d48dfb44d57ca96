"""Contracts and feeds, checked as the door would: every suite is built, every mapping parsed. Part of `make check`."""

from __future__ import annotations

import sys
from pathlib import Path

from pipelines.contracts import load_contracts
from pipelines.errors import ConfigError
from pipelines.expectations import build_checks
from pipelines.feeds import feed_files, load_feed, message_feeds, readable_feeds
from pipelines.ingest import check_feed
from pipelines.settings import REPOSITORY, Settings


def faults_of_contracts(settings: Settings) -> list[str]:
    """What keeps a contract's suite from being built."""
    try:
        for contract in load_contracts(settings.contracts).values():
            build_checks(contract)
    except ConfigError as error:
        return [str(error)]
    return []


def faults_of_feed(settings: Settings, path: Path) -> list[str]:
    """What keeps a feed from being read, or from fitting its contracts."""
    try:
        check_feed(settings, load_feed(path))
    except ConfigError as error:
        return [str(error)]
    return []


def faults_of_streams(folder: Path) -> list[str]:
    """Where two feeds of a folder would take messages from each other."""
    _, faults = message_feeds(readable_feeds(folder)[0])
    return faults


def main() -> None:
    """Print every fault; exit 1 where there is one."""
    settings = Settings.from_environment()
    folders = {REPOSITORY / "feeds", *(path.parent for path in (REPOSITORY / "examples" / "feeds").rglob("*.yml"))}
    feeds = [path for folder in sorted(folders) for path in feed_files(folder)]
    faults = faults_of_contracts(settings) + [fault for path in feeds for fault in faults_of_feed(settings, path)]
    faults += [fault for folder in sorted(folders) for fault in faults_of_streams(folder)]
    print("\n".join(faults) if faults else f"Contracts and {len(feeds)} feeds: no faults.")
    sys.exit(1 if faults else 0)


if __name__ == "__main__":
    main()
