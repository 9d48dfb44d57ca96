"""dbt, in this process: what it is told, where its files go, and how one command is run."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pipelines.contracts import describe_for_sql, load_contracts
from pipelines.settings import Settings

if TYPE_CHECKING:
    from dbt.cli.main import dbtRunnerResult


def project_variables(settings: Settings) -> dict[str, str]:
    """What the dbt project cannot look up for itself: the contracts, and which gap codes have a model."""
    return {
        "contracts": describe_for_sql(load_contracts(settings.contracts)),
        "gap_codes": json.dumps(sorted(path.stem for path in (settings.dbt_project / "models" / "gaps").glob("*.sql"))),
    }


def run_dbt(
    settings: Settings, file: Path, command: list[str], variables: dict[str, Any], artefacts: Path | None = None
) -> dbtRunnerResult:
    """One dbt command on a DuckDB file; its logs and artefacts go below the warehouse's folder, or to `artefacts`.

    dbt keeps the file open from its first node to its last: opening it for each of hundreds takes longer than most of them.
    """
    from dbt.adapters.duckdb.connections import DuckDBConnectionManager
    from dbt.cli.main import dbtRunner

    place = artefacts or settings.warehouse.parent / "dbt"
    arguments = [
        *command,
        *("--project-dir", str(settings.dbt_project), "--profiles-dir", str(settings.dbt_project)),
        *("--target-path", str(place / "target"), "--log-path", str(place / "logs")),
        *("--vars", json.dumps(variables), "--log-level", "none", "--no-use-colors"),
    ]
    with _environment(FRUITION_DATABASE=str(file), DBT_SEND_ANONYMOUS_USAGE_STATS="false"):
        try:
            return dbtRunner().invoke(arguments)
        finally:
            DuckDBConnectionManager.close_all_connections()  # type: ignore[no-untyped-call]


@contextmanager
def _environment(**variables: str) -> Iterator[None]:
    """Variables for dbt, and no word of the command line, which dbt would write into its artefacts."""
    before = {name: os.environ.get(name) for name in variables}
    arguments, sys.argv = sys.argv, sys.argv[:1]
    os.environ.update(variables)
    try:
        yield
    finally:
        sys.argv = arguments
        for name, value in before.items():
            if value is None:
                os.environ.pop(name, None)
            else:
                os.environ[name] = value
