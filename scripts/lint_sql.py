"""sqlfluff over the dbt project, templated by dbt with the variables that a build hands over. Part of `make check`."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from pathlib import Path

from pipelines import warehouse
from pipelines.contracts import load_contracts
from pipelines.settings import REPOSITORY, Settings
from pipelines.transform import project_variables


def main() -> None:
    """Run sqlfluff on an empty warehouse, so that dbt can compile against real tables; exit as sqlfluff does."""
    with tempfile.TemporaryDirectory() as folder:
        settings = Settings(home=Path(folder), feeds=REPOSITORY / "feeds")
        settings.warehouse.parent.mkdir(parents=True)
        with warehouse.writing(settings) as connection:
            warehouse.prepare(connection, load_contracts(settings.contracts), {})
        configuration = Path(folder) / "variables.cfg"
        given = {"as_of": "2026-06-30", "known_at": "2026-07-01", **project_variables(settings)}
        variables = (f"{name} = {value.replace('%', '%%')}" for name, value in given.items())
        configuration.write_text("[sqlfluff:templater:dbt:context]\n" + "\n".join(variables) + "\n")
        sqlfluff = Path(sys.executable).with_name("sqlfluff")
        command = [str(sqlfluff), "lint", "--config", str(configuration), "--processes", "2", "--disable-progress-bar"]
        environment = os.environ | {
            "FRUITION_DATABASE": str(settings.warehouse),
            "DBT_SEND_ANONYMOUS_USAGE_STATS": "false",
        }
        sys.exit(subprocess.run([*command, "warehouse"], cwd=REPOSITORY, env=environment).returncode)


if __name__ == "__main__":
    main()
