"""In which order steps are run: each once those that it needs are done, first those that the longest chain waits for."""

from __future__ import annotations

import threading
from collections.abc import Iterator

from pipelines.transform.steps import Step


class Course:
    """The steps of one build, handed out to whoever has time for one; any number of threads may ask."""

    def __init__(self, steps: tuple[Step, ...]) -> None:
        resting = _resting(steps)
        self._waiting = sorted(steps, key=lambda step: -resting[step.name])
        self._undone = {step.name for step in steps}
        self._changed = threading.Condition()
        self._is_stopped = False

    def steps(self) -> Iterator[Step]:
        """Steps for one thread, until none is left; a step counts as done when the thread asks for the next."""
        while step := self._next():
            yield step
            with self._changed:
                self._undone.remove(step.name)
                self._changed.notify_all()

    def stop(self) -> None:
        """Hand out no more steps, to nobody."""
        with self._changed:
            self._is_stopped = True
            self._changed.notify_all()

    def _next(self) -> Step | None:
        """The first step that can be run, waited for where others must be done before; None where none is left."""
        with self._changed:
            while self._waiting and not self._is_stopped:
                for step in self._waiting:
                    if self._undone.isdisjoint(step.needs):
                        self._waiting.remove(step)
                        return step
                self._changed.wait()
            return None


def _resting(steps: tuple[Step, ...]) -> dict[str, int]:
    """How many models rest on each step, one on the other; `steps` name those that others need first."""
    resting = dict.fromkeys((step.name for step in steps), 0)
    for step in reversed(steps):
        for needed in step.needs:
            if needed in resting and step.kind != "test":
                resting[needed] = max(resting[needed], resting[step.name] + 1)
    return resting
