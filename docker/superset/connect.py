"""Name what Fruition publishes and serves to Superset, and make its first user: run once, and harmless when repeated."""

import json
import os
from pathlib import Path

from superset.app import create_app

PUBLISHED = os.environ.get("FRUITION_PUBLISHED", "/published/benefits.duckdb")
READ_ONLY = {
    "engine_params": {
        "connect_args": {
            "read_only": True,
            "config": {"enable_external_access": "false", "threads": 2, "memory_limit": "1GB"},
        }
    }
}


def _secret(name: str) -> str:
    return Path("/run/secrets", name).read_text("utf-8").strip()


def _databases() -> None:
    from superset.extensions import db
    from superset.models.core import Database

    for name, url, extra in (
        ("Fruition, published", f"duckdb:///{PUBLISHED}", READ_ONLY),
        ("Fruition, served", _secret("serving_reader_url"), {}),
    ):
        database = db.session.query(Database).filter_by(database_name=name).one_or_none() or Database(
            database_name=name
        )
        database.set_sqlalchemy_uri(url)
        database.extra = json.dumps(extra)
        database.expose_in_sqllab = True
        database.allow_dml = database.allow_ctas = database.allow_cvas = database.allow_file_upload = False
        db.session.add(database)
    db.session.commit()


def _first_user() -> None:
    from superset.extensions import security_manager

    if security_manager.find_user("admin") is None:
        role = security_manager.find_role("Admin")
        security_manager.add_user(
            "admin", "Fruition", "Admin", "admin@example.invalid", role, password=_secret("superset_admin_password")
        )


if __name__ == "__main__":
    with create_app().app_context():
        _databases()
        _first_user()
