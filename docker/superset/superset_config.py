"""Superset's settings: what is secret comes from files, what is public is said here."""

from pathlib import Path


def _secret(name: str) -> str:
    return Path("/run/secrets", name).read_text("utf-8").strip()


SECRET_KEY = _secret("superset_secret_key")
SQLALCHEMY_DATABASE_URI = _secret("superset_database_url")
WTF_CSRF_ENABLED = True
SESSION_COOKIE_HTTPONLY = True
SESSION_COOKIE_SAMESITE = "Lax"
PREVENT_UNSAFE_DB_CONNECTIONS = True  # no databases in files: the published one is added by connect.py
TALISMAN_ENABLED = True
