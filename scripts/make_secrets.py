"""The secrets of docker-compose.yml, made once: `make secrets`. What is there stays as it is, and nothing is printed of it.

A container reads its secrets as another user than the one who runs this, so the files may be read by all, and what
guards them is their folder, which only its owner may enter.
"""

from __future__ import annotations

import argparse
import base64
import json
import secrets
import sys
from collections.abc import Callable
from pathlib import Path

from pipelines.lake import write_atomically
from pipelines.settings import REPOSITORY

FOLDER_MODE = 0o700
FILE_MODE = 0o444
OWN = frozenset({"notify_urls"})  # to be filled in by whoever runs this
OWN_MODE = 0o644
VARIABLE = "FRUITION_SECRETS"


def main() -> int:
    """Make what is missing, and tell Compose where it is. Exit code 1 where the folder is open to others."""
    parser = argparse.ArgumentParser(description="The secrets of docker-compose.yml, made once.")
    parser.add_argument("--into", type=Path, default=REPOSITORY, help="the folder of docker-compose.yml")
    into: Path = parser.parse_args().into.resolve()
    folder = into / "secrets"
    folder.mkdir(mode=FOLDER_MODE, exist_ok=True)
    if folder.stat().st_mode & 0o077:
        print(f"{folder} may be entered by others: chmod 700 it, and run this again.", file=sys.stderr)
        return 1
    made = make_secrets(folder)
    name_folder(into / ".env")
    print(
        f"{made} secrets were made in {folder}; {len(list(folder.iterdir())) - made} were there and stay as they are."
    )
    return 0


def make_secrets(folder: Path) -> int:
    """Every secret that is not there yet; how many those were."""

    def made(name: str) -> str:
        return (folder / name).read_text("utf-8").strip()

    def url(scheme: str, user: str, password: str, place: str) -> Callable[[], str]:
        return lambda: f"{scheme}://{user}:{made(password)}@{place}"

    recipes: dict[str, Callable[[], str]] = {
        "postgres_password": _password,
        "airflow_database_password": _password,
        "airflow_database_url": url(
            "postgresql+psycopg2", "airflow", "airflow_database_password", "postgres:5432/airflow"
        ),
        "airflow_fernet_key": lambda: base64.urlsafe_b64encode(secrets.token_bytes(32)).decode(),
        "airflow_jwt_secret": lambda: secrets.token_hex(32),
        "airflow_passwords": lambda: json.dumps({"admin": _password()}),
        "messages_password": _password,
        "messages_url": url("redis", "", "messages_password", "messages:6379/0"),
        "celery_database_password": _password,
        "celery_result_url": url(
            "db+postgresql+psycopg2", "celery", "celery_database_password", "postgres:5432/celery"
        ),
        "broker_password": _password,
        "broker_url": url("redis", "", "broker_password", "broker:6379/0"),
        "serving_postgres_password": _password,
        "serving_fruition_password": _password,
        "serving_fruition_url": url("postgresql", "fruition", "serving_fruition_password", "serving:5432/fruition"),
        "serving_reader_password": _password,
        "serving_reader_url": url("postgresql+psycopg2", "reader", "serving_reader_password", "serving:5432/fruition"),
        "serving_superset_password": _password,
        "superset_database_url": url(
            "postgresql+psycopg2", "superset", "serving_superset_password", "serving:5432/superset"
        ),
        "superset_secret_key": lambda: secrets.token_urlsafe(48),
        "superset_admin_password": _password,
        "webhook_secret": lambda: secrets.token_hex(32),
        "notify_urls": lambda: "",
    }
    missing = {name: make for name, make in recipes.items() if not (folder / name).exists()}
    for name, make in missing.items():
        mode = OWN_MODE if name in OWN else FILE_MODE
        write_atomically(folder / name, make().encode(), mode)  # to the last byte: not every reader strips a line's end
    return len(missing)


def name_folder(environment: Path) -> None:
    """Compose reads `.env` beside its file, and starts nothing where that does not say where the secrets are."""
    lines = environment.read_text("utf-8").splitlines() if environment.exists() else []
    if not any(line.startswith(f"{VARIABLE}=") for line in lines):
        environment.write_text("\n".join([*lines, f"{VARIABLE}=./secrets"]) + "\n", "utf-8")


def _password() -> str:
    return secrets.token_urlsafe(24)


if __name__ == "__main__":
    sys.exit(main())
