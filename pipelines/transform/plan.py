"""The dbt project as a plan: SQL statements in the order in which DuckDB can run them.

dbt takes 25 to 45 ms for each of several hundred models and tests, whatever their size. So it compiles the project once,
for all builds until the project, the contracts or a setting change, and a build runs what it compiled. Of the business
date and the state of knowledge the statements hold placeholders.

The SQL of a contract's row versions depends on what kinds of deliveries there are; it is compiled when a warehouse first
needs it, and kept beside the plan.
"""

from __future__ import annotations

import hashlib
import json
import os
import re
import shutil
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import asdict, dataclass
from importlib.metadata import version
from pathlib import Path
from typing import Any

from pipelines.errors import BuildFailed
from pipelines.lake import write_atomically
from pipelines.locks import hold
from pipelines.settings import Settings
from pipelines.transform.compiling import compile_project, compile_versions, variables
from pipelines.transform.steps import Kinds, Step

COMPILE_SECONDS = 600.0  # that another process may take to compile the same
KEPT = 8  # plans in one place, those used last: settings and versions of the project that take turns
FINGERPRINT = re.compile(r"[0-9a-f]{16}")
PACKAGES = ("transform", "selection")  # how it is compiled and run, and what its Python models call
FOLDERS = ("analyses", "macros", "models", "seeds", "tests")


@dataclass(frozen=True)
class Plan:
    """Every step of a build, those that others need first, and the query for what the row versions depend on."""

    fingerprint: str
    folder: Path
    steps: tuple[Step, ...]
    version_state: str

    def leading_to(self, name: str | None) -> tuple[Step, ...]:
        """The steps that a build takes: all of them, or the models that one model rests on, and itself."""
        if name is None:
            return self.steps
        wanted = {name}
        for step in reversed(self.steps):
            if step.name in wanted:
                wanted.update(step.needs)
        return tuple(step for step in self.steps if step.name in wanted and step.kind != "test")


def plan_of(settings: Settings) -> Plan:
    """The project's plan, compiled where nobody has yet, or where what there is cannot be read."""
    fingerprint = _fingerprint(settings)
    for place in _places(settings):
        if plan := _read(place / fingerprint, fingerprint):
            return plan
    place = _writable(settings)
    with hold(place / "compiling.lock", "compiling the warehouse's models", COMPILE_SECONDS):
        if plan := _read(place / fingerprint, fingerprint):
            return plan
        steps, version_state = compile_project(settings, place / "dbt")
        plan = Plan(fingerprint, place / fingerprint, tuple(steps), version_state)
        _write(plan)
        _remove_unused(place)
        return plan


def version_codes(settings: Settings, plan: Plan, wanted: Mapping[str, Kinds], anew: bool) -> dict[str, str]:
    """The SQL that makes the row versions of each contract, for the kinds of deliveries that it has.

    `anew` asks for that which makes all of them; else it is that which makes those of the keys that changed.
    """
    places = [place / plan.fingerprint for place in _places(settings)]
    names = {contract: _file_name(contract, kinds, anew) for contract, kinds in wanted.items()}
    missing = {
        contract: wanted[contract]
        for contract, name in names.items()
        if not any((place / name).exists() for place in places)
    }
    if missing:
        place = _writable(settings)
        with hold(place / "compiling.lock", "compiling the warehouse's models", COMPILE_SECONDS):
            for contract, code in compile_versions(settings, place / "dbt", missing, plan.version_state, anew).items():
                write_atomically(place / plan.fingerprint / names[contract], code.encode())
    found = {
        contract: [place / name for place in places if (place / name).exists()] for contract, name in names.items()
    }
    if lacking := [contract for contract, paths in found.items() if not paths]:
        raise BuildFailed(f"The dbt project has no model {lacking[0]}_version: write it, or remove the contract.")
    return {contract: paths[0].read_text("utf-8") for contract, paths in found.items()}


def _file_name(contract: str, kinds: Kinds, anew: bool) -> str:
    digest = hashlib.sha256(json.dumps(asdict(kinds)).encode()).hexdigest()[:16]
    return f"{contract}_version-{'anew' if anew else 'touched'}-{digest}.sql"


def _fingerprint(settings: Settings) -> str:
    """What the plan depends on: the project, how it is compiled, the contracts, the settings, and the tools' versions."""
    project = settings.dbt_project
    if not (project / "dbt_project.yml").exists():
        raise BuildFailed(f"There is no dbt project in {project.name}/: nothing can be built.")
    pipelines = Path(__file__).parents[1]
    files = [project / "dbt_project.yml"]
    files += sorted(path for folder in FOLDERS for path in (project / folder).rglob("*") if path.is_file())
    parts = [str(path.relative_to(project)).encode() + b"\0" + path.read_bytes() for path in files]
    code = sorted(path for package in PACKAGES for path in (pipelines / package).glob("*.py"))
    parts += [str(path.relative_to(pipelines)).encode() + b"\0" + path.read_bytes() for path in code]
    tools = [version(name) for name in ("dbt-core", "dbt-duckdb", "duckdb", "highspy")]
    facts = json.dumps([variables(settings), tools])
    return hashlib.sha256(b"\0".join([*parts, facts.encode()])).hexdigest()[:16]


def _places(settings: Settings) -> list[Path]:
    """Where a plan may lie: with the project, which an image brings along compiled by default settings, or with the warehouse."""
    return [settings.dbt_project / "target" / "plans", settings.warehouse.parent / "dbt" / "plans"]


def _writable(settings: Settings) -> Path:
    with_project, with_warehouse = _places(settings)
    existing = next(folder for folder in (with_project, *with_project.parents) if folder.exists())
    return with_project if os.access(existing, os.W_OK) else with_warehouse


def _read(folder: Path, fingerprint: str) -> Plan | None:
    """A plan that was compiled before, which counts as used now; None where there is none that can be read."""
    path = folder / "plan.json"
    try:
        document = json.loads(path.read_text("utf-8"))
        plan = Plan(fingerprint, folder, tuple(map(_step, document["steps"])), document["version_state"])
    except (OSError, ValueError, KeyError, TypeError):
        return None
    with suppress(OSError):  # an image's cannot be written
        os.utime(path)
    return plan


def _step(document: dict[str, Any]) -> Step:
    lists = {
        "needs": tuple(document["needs"]),
        "reads": tuple(document["reads"]),
        "columns": tuple(map(tuple, document["columns"])),
        "comments": tuple(document["comments"]),
    }
    return Step(**document | lists)


def _write(plan: Plan) -> None:
    document = {"version_state": plan.version_state, "steps": [asdict(step) for step in plan.steps]}
    write_atomically(plan.folder / "plan.json", json.dumps(document, indent=1).encode())


def _remove_unused(place: Path) -> None:
    """Keep the plans that were used last; of one that is needed after all nothing is lost but the time to compile it."""
    plans = [path for path in place.iterdir() if FINGERPRINT.fullmatch(path.name)]
    for folder in sorted(plans, key=_last_used, reverse=True)[KEPT:]:
        shutil.rmtree(folder, ignore_errors=True)


def _last_used(folder: Path) -> float:
    path = folder / "plan.json"
    return (path if path.exists() else folder).stat().st_mtime  # the plan itself may lie with the project
