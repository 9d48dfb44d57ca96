"""What the data engineer hears of in a live Airflow, and how a refused delivery is released there, by its REST API."""

from __future__ import annotations

from typing import Any

import httpx
import pytest

from tests.live.stack import Stack, eventually, readings
from tests.receivers import Receiver

OVERRIDE = "Override the tolerance once"


def told(messages: Receiver) -> list[str]:
    return [message["title"] for message in messages.accepted]


def asked(live: Stack, run_id: str) -> list[dict[str, Any]]:
    """What waits for an answer in a run of the DAG `refusals`."""
    found = live.get(f"/dags/refusals/dagRuns/{run_id}/hitlDetails", response_received=False)
    return [detail for detail in found["hitl_details"] if detail["task_instance"]["state"] == "awaiting_input"]


def is_heard(live: Stack, run_id: str) -> bool:
    """Whether the scheduler has heard that a run waits: an answer that is quicker is lost, and asked for again."""
    lines = (live.logs / "scheduler.log").read_text().splitlines()
    return any(run_id in line and "state=awaiting_input" in line for line in lines)


def test_refused_deliveries_are_told_and_each_is_released_by_an_answer_in_airflow(
    live: Stack, messages: Receiver
) -> None:
    names = ["half sound 1.csv", "half sound 2.csv"]
    for number, name in enumerate(names):
        live.drop("delta", name, f"{readings(f'R{number}', 1)}R{number},2026-02-01,salary of Jo\n")
    eventually(lambda: all(live.ended("delta", name) == ["refused"] for name in names), "both are refused")
    run_ids = [f"delta__{manifest.batch_id}" for manifest in live.deliveries("delta") if manifest.name in names]
    eventually(lambda: all(asked(live, run_id) for run_id in run_ids), "two questions are open at once")
    eventually(lambda: all(is_heard(live, run_id) for run_id in run_ids), "the scheduler knows of both")
    eventually(lambda: {f"Refused: delta/{name}" for name in names} <= set(told(messages)), "both are told")
    for run_id in run_ids:
        [detail] = asked(live, run_id)
        assert "tolerance" in detail["body"]
        assert "salary of Jo" not in detail["body"]
        path = f"/dags/refusals/dagRuns/{run_id}/taskInstances/ask/-1/hitlDetails"
        answer = {"chosen_options": [OVERRIDE], "params_input": {"reason": "A test line."}}
        live.send("PATCH", path, answer)
        with pytest.raises(httpx.HTTPStatusError, match="409"):
            live.send("PATCH", path, answer)
    live.wait_until_published("delta", *names)
    query = (
        "select override_reason from meta.delivery where feed = 'delta' and status = 'accepted' and name like 'half%'"
    )
    assert live.published(query) == [("A test line.",)] * 2
    live.wait_until_quiet()
    assert all(live.ended("delta", name) == ["refused", "accepted"] for name in names)
    assert "Failed: ingest_delta" not in told(messages)


def test_a_run_that_fails_is_told_by_the_component_that_airflow_calls_for_it(live: Stack, messages: Receiver) -> None:
    columns = {"kpi_id": "kpi", "period_start": "day", "value": "value"}
    live.add_feed("epsilon", delivers=[{"contract": "kpi_raeding", "columns": columns}])
    eventually(lambda: "ingest_epsilon" in {dag["dag_id"] for dag in live.get("/dags")["dags"]}, "the DAG is there")
    try:
        live.drop("epsilon", "any.csv", readings("E1"))
        eventually(lambda: "Failed: ingest_epsilon" in told(messages), "the failure is told")
    finally:
        (live.settings.feeds / "epsilon.yml").unlink()
    live.wait_until_quiet()
