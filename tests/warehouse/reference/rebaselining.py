"""RETRO_REBASELINED (3.8): what was promised, changed after it had been approved or after it could be seen how it went."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import pairwise

from tests.warehouse.reference.facts import Benefit, Promise, World


def has_moved_goalposts(world: World, benefit: Benefit) -> bool:
    """Whether a figure of the plan changed after the approval, or after the first reading since the start had come."""
    as_of, start = world.settings.as_of, benefit.start_date
    first_reading = min(
        (
            arrival.received_at
            for arrival in world.arrivals
            if (arrival.kpi_id, arrival.dimension) == (benefit.kpi_id, benefit.dimension)
            and start is not None
            and start <= arrival.period_start <= as_of
        ),
        default=None,
    )
    for before, after in pairwise(_shown(world.promises.get(benefit.benefit_id, []))):
        if not _is_change(before, after):
            continue
        if benefit.approved_date is not None and after.placed_at.date() > benefit.approved_date:
            return True
        if first_reading is not None and after.placed_at > first_reading:
            return True
    return False


def _shown(sent: Iterable[Promise]) -> Iterator[Promise]:
    """What was ever current: what is overtaken when it arrives never was."""
    current: Promise | None = None
    for promise in sent:
        if current is None or promise.placed_at >= current.placed_at:
            current = promise
            yield promise


def _is_change(before: Promise, after: Promise) -> bool:
    """Filling in what was missing heals; a do-nothing value that is missing beside other figures means none."""
    for name in ("baseline_value", "target_value", "target_date"):
        if getattr(before, name) not in (None, getattr(after, name)):
            return True
    said = (before.baseline_value, before.target_value, before.target_date, before.do_nothing_value)
    return before.do_nothing_value != after.do_nothing_value and any(figure is not None for figure in said)
