"""The way in over REST, as `docs/adding-a-feed.md` shows it, on Airflow's own API without a server."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

USER, PASSWORD = "crm", "hush-hush"


@pytest.fixture
def api(metadata: None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    """Airflow's API with one user who may work but not administer, and one landing asset."""
    (tmp_path / "passwords.json").write_text(json.dumps({USER: PASSWORD}))
    monkeypatch.setenv("AIRFLOW__CORE__SIMPLE_AUTH_MANAGER_USERS", f"{USER}:op")
    monkeypatch.setenv("AIRFLOW__CORE__SIMPLE_AUTH_MANAGER_PASSWORDS_FILE", str(tmp_path / "passwords.json"))
    monkeypatch.setenv("AIRFLOW__API_AUTH__JWT_SECRET", "x" * 64)
    from airflow.api_fastapi.app import create_app, purge_cached_app
    from airflow.models.asset import AssetActive, AssetModel
    from airflow.utils.session import create_session
    from fastapi.testclient import TestClient
    from sqlalchemy import delete

    with create_session() as session:
        asset = AssetModel(name="landing_told_over_rest", uri="landing_told_over_rest", group="asset")
        session.add(asset)
        session.flush()
        session.add(AssetActive.for_asset(asset))
    purge_cached_app()
    with TestClient(create_app(apps="core")) as client:
        yield client
    purge_cached_app()
    with create_session() as session:
        session.execute(delete(AssetActive).where(AssetActive.name == "landing_told_over_rest"))
        session.execute(delete(AssetModel).where(AssetModel.name == "landing_told_over_rest"))


def test_a_system_that_wrote_a_file_can_say_so_as_the_docs_show(api: Any) -> None:
    answer = api.post("/auth/token", json={"username": USER, "password": PASSWORD})
    assert answer.status_code == 201, answer.text
    bearer = {"Authorization": f"Bearer {answer.json()['access_token']}"}
    found = api.get("/api/v2/assets", params={"name_pattern": "landing_told_over_rest"}, headers=bearer).json()[
        "assets"
    ]
    (asset,) = [one["id"] for one in found if one["name"] == "landing_told_over_rest"]
    event = {"asset_id": asset, "extra": {"sender": "crm"}}
    said = api.post("/api/v2/assets/events", json=event, headers=bearer)
    assert said.status_code == 200, said.text
    assert (said.json()["name"], said.json()["extra"]) == (
        "landing_told_over_rest",
        {"sender": "crm", "from_rest_api": True},
    )


def test_nobody_unknown_can_say_anything(api: Any) -> None:
    assert api.post("/api/v2/assets/events", json={"asset_id": 1}).status_code == 401
    assert api.post("/auth/token", json={"username": USER, "password": "guess"}).status_code == 401
