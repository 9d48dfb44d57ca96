"""Is everything as it should be? Looked at without changing anything, and without waiting for anybody for long."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass

import duckdb

from pipelines.doctor import configuration, installation, receivers, room, storage
from pipelines.doctor.findings import Check, State, fault, misconfigured
from pipelines.errors import FruitionError
from pipelines.settings import Settings, now

__all__ = ["Check", "Diagnosis", "State", "diagnose"]


@dataclass(frozen=True)
class Diagnosis:
    """Every check in order, and what the command line ends with: 0 · 1 something is at fault · 2 configuration is."""

    checks: tuple[Check, ...]

    @property
    def exit_code(self) -> int:
        faults = [check for check in self.checks if check.state == "fault"]
        return 2 if any(check.is_configuration for check in faults) else 1 if faults else 0

    def count(self, state: State) -> int:
        """How many checks ended so."""
        return sum(check.state == state for check in self.checks)


def diagnose(
    environment: Mapping[str, str] | None = None, tell: Callable[[str], None] = lambda text: None
) -> Diagnosis:
    """Run every check; what is broken is a finding, never an error."""
    given = os.environ if environment is None else environment
    checks: list[Check] = []
    for check in _checks(given, tell):
        checks.append(check)
    return Diagnosis(tuple(checks))


def _checks(given: Mapping[str, str], tell: Callable[[str], None]) -> Iterator[Check]:
    tell("check settings and libraries")
    yield from installation.setting_checks(given)
    yield installation.python_check()
    yield installation.library_check()
    settings = installation.usable_settings(given)
    if settings is None:
        yield misconfigured("Home", "nothing else can be looked at without a home.", "Mend FRUITION_HOME first.")
        return
    yield installation.time_zone_check(settings)
    yield from _of_configuration(settings, tell)
    yield from _of_data(settings, tell)


def _of_configuration(settings: Settings, tell: Callable[[str], None]) -> Iterator[Check]:
    tell("check contracts and feeds")
    yield from _guarded("Contracts", lambda: configuration.contract_checks(settings))
    yield from _guarded("Feeds", lambda: configuration.feed_checks(settings))
    yield from _guarded("Landing folders", lambda: configuration.landing_checks(settings))
    yield from _guarded("Receivers", lambda: receivers.receiver_checks(settings))


def _of_data(settings: Settings, tell: Callable[[str], None]) -> Iterator[Check]:
    at = now()
    yield from _guarded("Home", lambda: [room.home_check(settings)])
    tell("check lake")
    memory = storage.read_memory(settings)
    yield from _guarded("Lake", lambda: storage.lake_checks(settings, memory))
    yield from _guarded("Recorded builds", lambda: storage.build_checks(settings))
    tell("check warehouse and published file")
    yield from _guarded("Warehouse", lambda: [storage.warehouse_check(settings, memory)])
    yield from _guarded("Published file", lambda: [storage.published_check(settings, memory)])
    yield from _guarded("Outbox", lambda: [receivers.outbox_check(settings, at)])
    yield from _guarded("Disk space", lambda: [room.disk_check(settings, memory, at)])
    yield from _guarded("Claimed files", lambda: room.claim_checks(settings))
    yield from _guarded("Late feeds", lambda: room.lateness_checks(settings, memory, at))
    yield room.clock_check(memory, at)


def _guarded(name: str, checks: Callable[[], Iterable[Check]]) -> Iterator[Check]:
    """The checks, and a fault of their name where something on the way to them cannot be read."""
    try:
        yield from checks()
    except (FruitionError, OSError, duckdb.Error) as error:
        where = f" {error.filename}" if isinstance(error, OSError) and error.filename else ""
        reason = (error.strerror if isinstance(error, OSError) else None) or str(error).partition("\n")[0]
        yield fault(name, f"cannot be looked at:{where} {reason}", "Mend that, and run `fruition doctor` again.")
