"""Imported by Airflow as it starts, where this folder is on the path: that is, in the scheduler and nowhere else.

A task of the LocalExecutor is a fork of the scheduler: what is imported here is there at once, and its memory is shared.
Without it every task spends up to ten seconds on imports. (The executor itself keeps the collector of garbage off the
shared memory, by freezing it while it forks.)
"""

from __future__ import annotations

import importlib
from contextlib import suppress

from pipelines.contracts import load_contracts
from pipelines.errors import ConfigError
from pipelines.expectations import build_checks
from pipelines.settings import Settings

WHAT_TASKS_IMPORT = (
    "pandas",
    "duckdb",
    "pipelines.feeds",
    "pipelines.receive",
    "pipelines.ingest",
    "pipelines.expectations",
    "pipelines.warehouse",
    "pipelines.transform",
    "pipelines.publish",
    "pipelines.night",
    "pipelines.inquiries",
    "pipelines.notify",
)

for name in WHAT_TASKS_IMPORT:
    importlib.import_module(name)

# Both are remembered: reading the contracts takes a second, and building their checks a tenth. A fault is for tasks to tell.
with suppress(ConfigError):
    for contract in load_contracts(Settings.from_environment().contracts).values():
        build_checks(contract)

__all__ = ()  # Airflow would take every name here for a setting
