"""A run that is killed at any moment, on as many threads as it likes, and run once more, has lost nothing."""

from __future__ import annotations

import random
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from examples.portfolio import write_example
from pipelines.settings import Settings
from pipelines.transform import running
from tests.faults import forks, small
from tests.faults.nights import Night, heal, hurried, live_through_once
from tests.faults.reading import somebody_reading

SEED = 20260629
KILLS, KILLS_IN_SOAK = 1, 100
KILLS_OF_THE_EXAMPLE = 12
AT_LATEST = 0.95  # of the time that an uninterrupted run takes


def hurried_and_beside() -> None:
    """Several steps of the build at a time, as for a large portfolio."""
    hurried()
    running.FEW_ROWS = 0


def kill_at_random_moments(
    night: Night, kills: int, seed: str, *, reads: bool, prepare: Callable[[], None] = hurried
) -> None:
    """Kill a night now and then, one in three times twice in a row, and heal it each time."""
    night.restore()
    started = time.monotonic()
    night.run()
    seconds = time.monotonic() - started
    chance = random.Random(seed)
    wrong: list[str] = []
    for _ in range(kills):
        night.restore()
        moments = [chance.uniform(0, AT_LATEST * seconds) for _ in range(chance.choice((1, 1, 2)))]
        for moment in moments:
            wrong += [
                f"killed after {moment:.2f} s: {problem}" for problem in _kill_after(night, moment, reads, prepare)
            ]
        wrong += [f"killed after {[round(moment, 2) for moment in moments]} s: {problem}" for problem in heal(night)]
    assert not wrong, "\n".join(wrong)


def _kill_after(night: Night, seconds: float, reads: bool, prepare: Callable[[], None]) -> list[str]:
    def let_go_and_kill() -> None:
        run = forks.start(night.settings, *night.arguments, prepare=prepare)
        run.go()
        time.sleep(seconds)
        run.kill()
        run.ended()

    if not reads:
        let_go_and_kill()
        return []
    with somebody_reading(night.settings.published) as seen:
        let_go_and_kill()
    return [f"a reader met {problem}" for problem in seen.wrong]


@pytest.fixture(scope="module")
def real_night(fast_folder: Path) -> Night:
    """A night with the whole dbt project, on a few rows."""
    folder = fast_folder / "real"
    settings = small.furnish_for_the_real_project(folder)
    small.deliver(settings, 0)
    return live_through_once(settings, folder / "before", ("run", "--as-of", str(small.NIGHTS[0])))


def test_a_night_killed_at_random_moments_is_healed_by_the_next_run(second_night: Night) -> None:
    kill_at_random_moments(second_night, KILLS, f"{SEED}", reads=True)


@pytest.mark.soak
@pytest.mark.parametrize("prepare", [hurried, hurried_and_beside])
def test_a_night_of_the_whole_project_killed_at_random_moments_is_healed_by_the_next_run(
    real_night: Night, prepare: Callable[[], None]
) -> None:
    kill_at_random_moments(real_night, KILLS_OF_THE_EXAMPLE, f"{SEED} real", reads=False, prepare=prepare)


@pytest.mark.soak
@pytest.mark.parametrize("which", ["first_night", "second_night"])
def test_nights_killed_at_many_random_moments_are_healed(which: str, request: pytest.FixtureRequest) -> None:
    kill_at_random_moments(request.getfixturevalue(which), KILLS_IN_SOAK, f"{SEED} {which}", reads=True)


@pytest.mark.soak
def test_the_example_killed_at_random_moments_comes_out_the_same(fast_folder: Path) -> None:
    folder = fast_folder / "example"
    settings = Settings(home=folder / "home", feeds=folder / "feeds")
    write_example(settings.landing, settings.feeds, as_of=small.NIGHTS[1])
    night = live_through_once(settings, folder / "before", ("run", "--as-of", str(small.NIGHTS[1])))
    kill_at_random_moments(night, KILLS_OF_THE_EXAMPLE, f"{SEED} example", reads=False)
