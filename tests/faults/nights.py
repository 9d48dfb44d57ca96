"""The nights that are stopped: each with the home as it was before, the points of its run, and its uninterrupted twin."""

from __future__ import annotations

import shutil
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path

from pipelines.settings import Settings
from tests.faults import forks, small
from tests.faults.comparing import State, differences, files, left_over, looks_whole, state
from tests.faults.reading import somebody_reading
from tests.faults.stopping import Fault, Point, points, stop, worth_stopping_at

READ_IN = ("build", "publish")  # the stages in which somebody reads what is published


@dataclass(frozen=True)
class Night:
    """One night of a small home: what went before it, where it can be stopped, and how it ends if it is not."""

    settings: Settings
    before: Path
    arguments: tuple[str, ...]
    points: list[Point]
    twin: State
    twin_files: Counter[str]

    def restore(self) -> None:
        """The home as it was before the night."""
        shutil.rmtree(self.settings.home, ignore_errors=True)
        shutil.copytree(self.before, self.settings.home)

    def run(self) -> forks.Ended:
        """One run of the night, from beginning to end."""
        return forks.run(self.settings, *self.arguments, prepare=hurried)

    def faults_after(self) -> list[str]:
        """What is otherwise than in the twin, now that the night has been run once more."""
        return forks.call(differences_from, self.settings, self.twin)  # type: ignore[no-any-return]

    def left_over(self) -> list[str]:
        """The files that stay although nothing needs them."""
        return left_over(self.settings, self.twin_files)


def differences_from(settings: Settings, twin: State) -> list[str]:
    """What of a home is otherwise than in its twin."""
    return differences(state(settings), twin)


def hurried() -> None:
    """In the process that will run: nobody need wait until a file has rested."""
    from pipelines import landing

    landing.SETTLE_SECONDS = 0.0


def live_through(folder: Path, night: int, earlier: Night | None = None) -> Night:
    """Live through a night uninterrupted, and note where it could have been stopped."""
    if earlier is None:
        settings = small.furnish(folder)
    else:
        settings = earlier.settings
        earlier.restore()
        if earlier.run().exit_code not in (0, 1):
            raise RuntimeError("The earlier night did not go through.")
    small.deliver(settings, night)
    before = folder / f"before-{night}"
    shutil.copytree(settings.home, before)
    arguments = ("run", "--as-of", str(small.NIGHTS[night]))
    found = worth_stopping_at(points(settings, *arguments))
    return Night(settings, before, arguments, found, forks.call(state, settings), files(settings))


@dataclass
class Tally:
    """What was stopped where, how runs without space ended, and what stayed behind: told at the end of the tests."""

    struck: Counter[tuple[str, str, str]] = field(default_factory=Counter)
    missed: Counter[tuple[str, str, str]] = field(default_factory=Counter)
    endings: Counter[tuple[int, str]] = field(default_factory=Counter)
    left: Counter[str] = field(default_factory=Counter)
    looks: int = 0

    def lines(self) -> list[str]:
        """The tally as text."""
        text = [
            f"{stage:8} {call:10} {fault:8} {count:5}" + (f" (and {missed} missed)" if missed else "")
            for (stage, call, fault), count in sorted((self.struck | self.missed).items())
            if (missed := self.missed[stage, call, fault]) or count
        ]
        text += [f"ended with {code}: {count:4} x {message}" for (code, message), count in self.endings.most_common()]
        text += [f"left over: {count:4} x {name}" for name, count in self.left.most_common()]
        return [*text, f"{self.looks} looks at what is published"]


TALLY = Tally()


def live_through_once(settings: Settings, before: Path, arguments: tuple[str, ...]) -> Night:
    """Live through a night uninterrupted that will be stopped by the clock; files have been delivered already."""
    shutil.copytree(settings.home, before)
    ended = forks.run(settings, *arguments, prepare=hurried)
    if ended.exit_code not in (0, 1):
        raise RuntimeError(f"The night did not go through: {ended.output[-2000:]}")
    return Night(settings, before, arguments, [], forks.call(state, settings), files(settings))


def stop_and_heal(night: Night, point: Point, fault: Fault) -> list[str]:
    """Stop a night at a point, run it once more, and say what is wrong then."""
    night.restore()
    wrong: list[str] = []
    if point.stage in READ_IN:
        with somebody_reading(night.settings.published) as seen:
            stopped = stop(night.settings, point, fault, *night.arguments)
        wrong += [f"a reader met {problem}" for problem in seen.wrong]
        TALLY.looks += seen.looks
    else:
        stopped = stop(night.settings, point, fault, *night.arguments)
    key = (point.stage, point.call, fault)
    if stopped.met is None:
        TALLY.missed[key] += 1
    else:
        TALLY.struck[key] += 1
    if fault == "no space":
        wrong += _ending(stopped.ended)
    if night.settings.published.exists():
        wrong += [f"then published: {problem}" for problem in forks.call(looks_whole, night.settings.published)]
    return [f"{fault} at {point}: {problem}" for problem in [*wrong, *heal(night)]]


def heal(night: Night) -> list[str]:
    """Run a night that was stopped once more, and say what is wrong then."""
    again = night.run()
    wrong = []
    if again.exit_code not in (0, 1):
        wrong.append(f"the next run ended with {again.exit_code}: {again.output[-1500:]}")
    else:
        wrong += night.faults_after()
    TALLY.left.update(night.left_over())
    return wrong


def _ending(ended: forks.Ended) -> list[str]:
    """What is wrong with how a run without space ended: it must say what is the matter, and no more than that."""
    said = next((line for line in ended.output.splitlines() if "rror" in line or "Failed" in line), ended.message)
    TALLY.endings[ended.exit_code, said.strip()[:160]] += 1
    if ended.exit_code == 4 or "Traceback" in ended.output:
        return [f"ended with {ended.exit_code} and a traceback: {ended.message[:300]}"]
    return []
