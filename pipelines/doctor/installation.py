"""What Fruition runs on: its settings, Python, the libraries, the time zones."""

from __future__ import annotations

import difflib
import importlib.metadata
import re
import sys
import zoneinfo
from collections.abc import Iterator, Mapping
from pathlib import Path

from packaging.requirements import InvalidRequirement, Requirement

from pipelines.doctor.findings import Check, counted, misconfigured, ok, warning
from pipelines.errors import ConfigError
from pipelines.settings import REPOSITORY, SETTINGS, Setting, Settings

SECRET = re.compile(r"SECRET|PASSWORD|TOKEN|CREDENTIAL|KEY|URL")
INTERNAL = {"FRUITION_DATABASE"}
PYTHON_VERSIONS = ((3, 11), (3, 14))
LOCKED = re.compile(r"^[A-Za-z0-9][^#\s].*==.*$")
INSTALL = "pip install --no-deps --require-hashes -r requirements.lock"
SHOWN = 5


def setting_checks(environment: Mapping[str, str]) -> Iterator[Check]:
    """Each setting with its value and where that comes from; a secret's value is never shown."""
    for setting in SETTINGS:
        given = environment.get(setting.name)
        value = given or setting.default
        try:
            read = Settings.from_environment(_alone(setting, environment))
        except ConfigError as error:
            lacking = [name for name in setting.needs if not environment.get(name)]
            seen = f"is set without {lacking[0]}." if lacking else _without_secrets(setting.name, str(error))
            yield misconfigured(
                setting.name, seen, f"Set {lacking[0] if lacking else setting.name}: {setting.meaning}."
            )
        else:
            folder = {"FRUITION_HOME": str(read.home), "FRUITION_FEEDS": str(read.feeds)}.get(setting.name, value)
            origin = "from the environment" if given else "the default"
            yield ok(setting.name, f"{_shown(setting.name, folder)} ({origin}): {setting.meaning}")
    yield from _unread(environment)


def usable_settings(environment: Mapping[str, str]) -> Settings | None:
    """The settings, with the default in the place of a broken one; None where the home itself is broken."""
    usable = dict(environment)
    for setting in SETTINGS:
        try:
            Settings.from_environment(_alone(setting, environment))
        except ConfigError:
            if setting.name == "FRUITION_HOME":
                return None
            del usable[setting.name]
    return Settings.from_environment(usable)


def _alone(setting: Setting, environment: Mapping[str, str]) -> dict[str, str]:
    """The variable with those it needs, and nothing else of the environment."""
    return {name: environment[name] for name in (setting.name, *setting.needs) if name in environment}


def _shown(name: str, value: str) -> str:
    if not value:
        return "not set"
    return "set, not shown" if SECRET.search(name) else value


def _without_secrets(name: str, message: str) -> str:
    return f"{name} has a value that cannot be meant." if SECRET.search(name) else message


def _unread(environment: Mapping[str, str]) -> Iterator[Check]:
    """Variables that are named like settings, but that nobody reads."""
    known = [setting.name for setting in SETTINGS]
    for name in sorted(environment):
        if not name.startswith("FRUITION_") or name in known or name in INTERNAL:
            continue
        near = difflib.get_close_matches(name, known, 1, 0.85)
        meant = f"Is {near[0]} meant?" if near else "Remove it from the environment."
        yield warning(name, "is set, but this version reads no such setting.", meant)


def python_check() -> Check:
    """Whether this Python is one that the libraries are locked for."""
    version = ".".join(map(str, sys.version_info[:3]))
    least, below = PYTHON_VERSIONS
    if least <= sys.version_info[:2] < below:
        return ok("Python", f"{version} at {sys.executable}")
    return misconfigured(
        "Python",
        f"{version}, which the libraries are not locked for.",
        "Install Python 3.11, 3.12 or 3.13 and run `make`.",
    )


def library_check(lock: Path = REPOSITORY / "requirements.lock") -> Check:
    """The installed libraries against the lock."""
    if not lock.is_file():
        return warning(
            "Libraries", "requirements.lock is not here, so versions cannot be compared.", "Restore it from git."
        )
    wanted = dict(_locked(lock))
    missing = sorted(name for name in wanted if _installed(name) is None)
    other = [
        f"{name} {_installed(name)} instead of {version}"
        for name, version in sorted(wanted.items())
        if _installed(name) not in (None, version)
    ]
    if not missing and not other:
        return ok("Libraries", f"{counted(len(wanted), 'library').replace('librarys', 'libraries')}, as locked")
    told = [*other, *(f"{name} is not installed" for name in missing)]
    rest = f" and {len(told) - SHOWN} more" if len(told) > SHOWN else ""
    return warning("Libraries", f"not as locked: {', '.join(told[:SHOWN])}{rest}", f"Run `{INSTALL}`, or `make`.")


def time_zone_check(settings: Settings) -> Check:
    """Whether time zones are known at all, not only the one that is set."""
    known = len(zoneinfo.available_timezones())
    if known > 1:
        return ok("Time zones", f"{known} known; a day ends by {settings.timezone}, where it is {settings.today()} now")
    return warning("Time zones", "this machine has no time zone database.", "Install the package tzdata.")


def _locked(lock: Path) -> Iterator[tuple[str, str]]:
    """Name and version of each library that the lock asks for on this platform and Python."""
    for line in lock.read_text("utf-8").splitlines():
        if not LOCKED.match(line):
            continue
        try:
            requirement = Requirement(line.rstrip(" \\"))
        except InvalidRequirement:
            continue
        if requirement.marker is None or requirement.marker.evaluate():
            yield requirement.name, next(iter(requirement.specifier)).version


def _installed(name: str) -> str | None:
    try:
        return importlib.metadata.version(name)
    except importlib.metadata.PackageNotFoundError:
        return None
