"""A night that is stopped at a durable system call, and run once more, is as if it had never been stopped."""

from __future__ import annotations

import random
from collections.abc import Iterable
from pathlib import Path

import pytest

from tests.faults import stopping
from tests.faults.forks import STAGES
from tests.faults.nights import Night, live_through, stop_and_heal
from tests.faults.stopping import NEEDING_SPACE, Fault, Point, can_trace

SEED = 20260630
FAULTS: tuple[Fault, ...] = ("kill", "no space")
IN_FIRST_NIGHT = 1  # runs of the first night that CI stops, of each fault


def candidates(night: Night, fault: Fault, stage: str | None = None) -> list[Point]:
    """Where a night can meet a fault: any durable call can be a run's last, but not all of them need space."""
    return [
        point
        for point in night.points
        if (stage is None or point.stage == stage) and (fault == "kill" or point.call in NEEDING_SPACE)
    ]


def stop_at_each(night: Night, points: Iterable[Point], fault: Fault) -> None:
    wrong = [problem for point in points for problem in stop_and_heal(night, point, fault)]
    assert not wrong, "\n".join(wrong)


def test_a_night_makes_durable_calls_in_every_stage(second_night: Night) -> None:
    assert {point.stage for point in second_night.points} >= set(STAGES) - {"load" if not can_trace() else ""}
    assert len(second_night.points) > 40


@pytest.mark.parametrize("fault", FAULTS)
@pytest.mark.parametrize("stage", STAGES)
def test_a_night_that_is_stopped_at_a_call_of_each_stage_is_healed_by_the_next_run(
    second_night: Night, stage: str, fault: Fault
) -> None:
    found = candidates(second_night, fault, stage)
    if not found:
        pytest.skip("without strace only what Python does can be stopped, and it does nothing durable here")
    stop_at_each(second_night, [random.Random(f"{SEED} {stage} {fault}").choice(found)], fault)


@pytest.mark.parametrize("fault", FAULTS)
def test_the_very_first_night_may_be_stopped_too(first_night: Night, fault: Fault) -> None:
    chosen = random.Random(f"{SEED} {fault}").sample(candidates(first_night, fault), IN_FIRST_NIGHT)
    stop_at_each(first_night, chosen, fault)


def test_a_run_killed_while_the_warehouse_file_is_first_made_does_not_stop_the_runs_after_it(
    first_night: Night,
) -> None:
    if not can_trace():
        pytest.skip("without strace DuckDB's own calls cannot be stopped")
    written = [point for point in candidates(first_night, "kill", "load") if point.call == "pwrite64"]
    stop_at_each(first_night, written[:2], "kill")


@pytest.mark.parametrize("fault", ["kill", pytest.param("no space", marks=pytest.mark.soak)])
def test_without_strace_the_calls_of_python_are_stopped(
    fast_folder: Path, monkeypatch: pytest.MonkeyPatch, fault: Fault
) -> None:
    monkeypatch.setattr(stopping, "can_trace", lambda: False)
    night = live_through(fast_folder / f"python {fault}".replace(" ", "-"), 0)
    stop_at_each(night, [random.Random(f"{SEED} python {fault}").choice(night.points)], fault)


@pytest.mark.soak
@pytest.mark.parametrize("fault", FAULTS)
@pytest.mark.parametrize("stage", STAGES)
def test_the_second_night_may_be_stopped_at_every_call(second_night: Night, stage: str, fault: Fault) -> None:
    stop_at_each(second_night, candidates(second_night, fault, stage), fault)


@pytest.mark.soak
@pytest.mark.parametrize("fault", FAULTS)
@pytest.mark.parametrize("stage", STAGES)
def test_the_first_night_may_be_stopped_at_every_call(first_night: Night, stage: str, fault: Fault) -> None:
    stop_at_each(first_night, candidates(first_night, fault, stage), fault)
