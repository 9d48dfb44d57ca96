"""What a task of the scheduler finds imported already."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

from pipelines.settings import REPOSITORY
from scripts.airflow_home import component_environment
from scripts.airflow_live import COMPONENTS

PRINT_MODULES = "import json, sys, airflow_local_settings; print(json.dumps(list(sys.modules)))"


def test_the_scheduler_imports_beforehand_what_tasks_need_and_nothing_of_airflow() -> None:
    environment = component_environment("scheduler", os.environ)
    ended = subprocess.run(
        [sys.executable, "-c", PRINT_MODULES], env=environment, cwd=REPOSITORY, capture_output=True, text=True
    )
    modules = set(json.loads(ended.stdout.splitlines()[-1]))
    assert {"pandas", "duckdb", "great_expectations", "pipelines.transform", "pipelines.ingest"} <= modules
    assert "airflow" not in modules  # which is being imported when this is


def test_no_other_component_does(tmp_path: Path) -> None:
    for name in set(COMPONENTS) - {"scheduler"}:
        ended = subprocess.run(
            [sys.executable, "-c", PRINT_MODULES],
            env=component_environment(name, os.environ),
            cwd=REPOSITORY,
            capture_output=True,
            text=True,
        )
        assert "No module named 'airflow_local_settings'" in ended.stderr
