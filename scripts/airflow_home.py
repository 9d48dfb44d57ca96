"""Airflow for one person on one machine: its folder, its secrets and its settings, none of which needs a hand.

What the environment already says is left as it says: a PostgreSQL for the metadata, another port, another folder.
"""

from __future__ import annotations

import base64
import json
import os
import secrets
from collections.abc import Callable, Mapping
from pathlib import Path

from pipelines.settings import REPOSITORY, Settings

USER = "admin"
CONNECTION = "AIRFLOW__DATABASE__SQL_ALCHEMY_CONN"


def airflow_environment(given: Mapping[str, str]) -> dict[str, str]:
    """The environment for Airflow's processes, and for Fruition's stages in them: `given`, and what it leaves open."""
    settings = Settings.from_environment(given)
    home = Path(given.get("AIRFLOW_HOME") or settings.home / "airflow").expanduser().resolve()
    home.mkdir(mode=0o700, parents=True, exist_ok=True)
    port = given.get("AIRFLOW__API__PORT") or "8080"
    defaults = {
        "AIRFLOW_HOME": str(home),
        "AIRFLOW__CORE__DAGS_FOLDER": str(REPOSITORY / "dags"),
        "AIRFLOW__CORE__LOAD_EXAMPLES": "False",
        "AIRFLOW__CORE__EXECUTOR": "LocalExecutor",
        "AIRFLOW__CORE__PARALLELISM": "4",  # so many processes wait for tasks; 32 by default
        "AIRFLOW__CORE__PLUGINS_FOLDER": str(REPOSITORY / "fruition_airflow" / "plugins"),
        "AIRFLOW__CORE__DAGS_ARE_PAUSED_AT_CREATION": "False",
        "AIRFLOW__CORE__DEFAULT_TASK_RETRY_DELAY": "60",
        "AIRFLOW__CORE__FERNET_KEY": _kept(home / "fernet_key", _fernet_key),
        "AIRFLOW__CORE__SIMPLE_AUTH_MANAGER_USERS": f"{USER}:admin",
        "AIRFLOW__CORE__SIMPLE_AUTH_MANAGER_PASSWORDS_FILE": str(home / "passwords.json"),
        "AIRFLOW__SCHEDULER__SCHEDULER_IDLE_SLEEP_TIME": "0.1",  # seconds; what is due waits for no longer
        "AIRFLOW__SCHEDULER__ORPHANED_TASKS_CHECK_INTERVAL": "30",  # after a scheduler was killed
        "AIRFLOW__SCHEDULER__TASK_INSTANCE_HEARTBEAT_TIMEOUT": "60",  # after a machine was
        "AIRFLOW__TRIGGERER__TRIGGERER_HEALTH_CHECK_THRESHOLD": "15",  # then another one takes its triggers
        "AIRFLOW__DAG_PROCESSOR__PARSING_PROCESSES": "1",
        "AIRFLOW__API__HOST": "127.0.0.1",
        "AIRFLOW__API__PORT": port,
        "AIRFLOW__API__BASE_URL": f"http://127.0.0.1:{port}",
        "AIRFLOW__API_AUTH__JWT_SECRET": _kept(home / "jwt_secret", lambda: secrets.token_hex(32)),
        "GX_ANALYTICS_ENABLED": "false",
        "DBT_SEND_ANONYMOUS_USAGE_STATS": "false",
    }
    if not any(f"{CONNECTION}{how}" in given for how in ("", "_CMD", "_SECRET")):
        defaults[CONNECTION] = f"sqlite:///{home / 'airflow.db'}"
    return defaults | dict(given) | {"FRUITION_HOME": str(settings.home), "FRUITION_FEEDS": str(settings.feeds)}


def component_environment(name: str, environment: Mapping[str, str]) -> dict[str, str]:
    """The environment of one component: the scheduler, from which tasks are forked, imports beforehand what they need."""
    if name != "scheduler":
        return dict(environment)
    path = [str(REPOSITORY / "fruition_airflow" / "scheduler"), environment.get("PYTHONPATH", "")]
    return {**environment, "PYTHONPATH": os.pathsep.join(filter(None, path))}


def new_password(environment: Mapping[str, str]) -> str | None:
    """Make the user's password on the first start and return it; None where there is one already."""
    path = Path(environment["AIRFLOW__CORE__SIMPLE_AUTH_MANAGER_PASSWORDS_FILE"])
    if path.exists():
        return None
    password = secrets.token_urlsafe(16)
    _write_private(path, json.dumps({USER: password}) + "\n")
    return password


def prepare_metadata() -> None:
    """Bring the metadata database up to date, and give every pool that a DAG names its one slot.

    The process must have `airflow_environment` before Airflow is imported.
    """
    from airflow.dag_processing.dagbag import DagBag
    from airflow.models.pool import Pool
    from airflow.utils import db

    db.upgradedb()
    named = {task.pool for dag in DagBag().dags.values() for task in dag.tasks}
    for name in named - {pool.pool for pool in Pool.get_pools()}:
        Pool.create_or_update_pool(name, slots=1, description="One at a time.", include_deferred=False)


def _kept(path: Path, make: Callable[[], str]) -> str:
    """A secret that is made once and then stays, in a file for its owner alone."""
    if not path.exists():
        _write_private(path, make())
    return path.read_text("utf-8").strip()


def _write_private(path: Path, text: str) -> None:
    with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
        file.write(text)


def _fernet_key() -> str:
    return base64.urlsafe_b64encode(secrets.token_bytes(32)).decode()


if __name__ == "__main__":
    prepare_metadata()
