"""The way in over REST in a live Airflow: the very commands of `docs/adding-a-feed.md`, with nobody else watching."""

from __future__ import annotations

import json
import os
import re
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from pipelines.settings import REPOSITORY
from scripts.airflow_home import USER
from tests.live.stack import Stack, eventually, readings

FEED = "alpha"
EXTRA = '{\\"sender\\": \\"crm\\"}'  # as the commands quote it
UNTAKEN_SECONDS = 8.0  # several looks of the watcher, if it were there


@pytest.fixture
def unwatched(live: Stack) -> Iterator[Stack]:
    """The stack at rest, without the component that watches the landing folders."""
    live.wait_until_quiet()
    live.kill("triggerer")
    yield live
    live.start_component("triggerer")
    live.wait_until_healthy()
    live.wait_until_quiet()


def documented_commands() -> str:
    """The shell commands that the documentation gives a sender, for the feed of these tests."""
    text = (REPOSITORY / "docs" / "adding-a-feed.md").read_text()
    [commands] = [block for block in re.findall(r"```sh\n(.*?)```", text, re.S) if "/assets/events" in block]
    return str(commands).replace("crm_nps", FEED)


def say(live: Stack, extra: str = EXTRA) -> Any:
    """Run the documented commands as a sender with the given words, and return Airflow's answer."""
    passwords = json.loads(Path(live.environment["AIRFLOW__CORE__SIMPLE_AUTH_MANAGER_PASSWORDS_FILE"]).read_text())
    told = {
        "AIRFLOW": str(live.api.base_url).rstrip("/"),
        "AIRFLOW_USER": USER,
        "AIRFLOW_PASSWORD": passwords[USER],
    }
    commands = documented_commands()
    assert EXTRA in commands
    command = ["bash", "-euo", "pipefail", "-c", commands.replace(EXTRA, extra)]
    said = subprocess.run(command, env=os.environ | told, capture_output=True, text=True, timeout=60, check=False)
    assert said.returncode == 0, said.stderr
    return json.loads(said.stdout)


def runs_that_heard(live: Stack, event: int) -> list[dict[str, Any]]:
    """The feed's runs to which an event was handed."""
    return [
        run
        for run in live.runs(f"ingest_{FEED}")
        if any(
            heard["id"] == event
            for heard in live.get(f"/dags/ingest_{FEED}/dagRuns/{run['dag_run_id']}/upstreamAssetEvents")[
                "asset_events"
            ]
        )
    ]


def test_a_sender_that_says_so_has_its_file_taken_though_nobody_watches(unwatched: Stack) -> None:
    unwatched.drop(FEED, "said.csv", readings("R1"))
    time.sleep(UNTAKEN_SECONDS)
    assert (unwatched.settings.landing / FEED / "said.csv").exists()
    event, said = say(unwatched), time.time()
    assert (event["name"], event["extra"]) == (f"landing_{FEED}", {"sender": "crm", "from_rest_api": True})
    published = unwatched.wait_until_published(FEED, "said.csv")
    print(f"published {published - said:.1f} s after the event")
    unwatched.wait_until_quiet()
    assert unwatched.ended(FEED, "said.csv") == ["accepted"]
    [run] = runs_that_heard(unwatched, event["id"])
    assert (run["run_type"], run["state"]) == ("asset_triggered", "success")


def test_nothing_that_an_event_carries_is_taken_for_data(unwatched: Stack, tmp_path: Path) -> None:
    outside = tmp_path / "outside.csv"
    outside.write_text(readings("R2"))
    deliveries, builds = len(unwatched.deliveries(FEED)), unwatched.builds()
    carried = {"file": str(outside), "files": [f"../../{outside}"], "rows": readings("R3")}
    event = say(unwatched, json.dumps(carried).replace("\\", "\\\\").replace('"', '\\"'))
    assert event["extra"] == {**carried, "from_rest_api": True}
    eventually(lambda: bool(runs_that_heard(unwatched, event["id"])), "a run has heard the event")
    unwatched.wait_until_quiet()
    [run] = runs_that_heard(unwatched, event["id"])
    assert run["state"] == "success"
    assert (len(unwatched.deliveries(FEED)), unwatched.builds()) == (deliveries, builds)
    assert outside.exists()


def test_nobody_without_a_token_can_say_anything(live: Stack) -> None:
    event = {"asset_id": 1, "extra": {}}
    for headers in ({}, {"Authorization": "Bearer guessed"}):
        answer = httpx.post(live.api.base_url.join("/api/v2/assets/events"), json=event, headers=headers)
        assert answer.status_code in {401, 403}, answer.text
