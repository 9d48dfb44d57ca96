"""What leads to what (2, `dependency`)."""

from __future__ import annotations

from decimal import Decimal
from itertools import pairwise, product

from tests.warehouse.portfolios.draft import Draft


def draw_edges(draft: Draft) -> None:
    """Edges of every kind, some with an end missing, some back; now and then a ladder of diamonds."""
    wanted = [
        ("output", "outcome", 0.45),
        ("output", "benefit", 0.4),
        ("outcome", "outcome", 0.2),
        ("outcome", "benefit", 0.5),
        ("benefit", "benefit", 0.12),
        ("benefit", "outcome", 0.04),
        ("outcome", "objective", 0.2),
        ("benefit", "objective", 0.4),
        ("output", "objective", 0.03),
    ]
    drawn = {("output", name, "benefit", name) for name in draft.ids("output") if name in draft.ids("benefit")}
    for origin, target, probability in wanted:
        origins, targets = draft.ids(origin), draft.ids(target)
        for left in [*origins, draft.id(origin, "gone")]:
            for right in [*targets, draft.id(target, "gone")]:
                is_gone = left.endswith("gone") or right.endswith("gone")
                is_backward = origin == target and left >= right
                if draft.chance(probability * (0.04 if is_gone else 0.2 if is_backward else 1)):
                    drawn.add((origin, left, target, right))
    if draft.chance(0.06):
        drawn |= _ladder(draft)
    for from_type, from_id, to_type, to_id in sorted(drawn):
        weights = ["1", "0.5", "0.5", "0.3", "0.25", "0.05", "0.05", "0.1", "0.6", "0.333333", "0", "0.000001"]
        draft.add(
            "dependency",
            from_type=from_type,
            from_id=from_id,
            to_type=to_type,
            to_id=to_id,
            weight=draft.maybe(0.7, Decimal(draft.one(weights))),
            lag_days=draft.one([None, 0, 0, 10, 30, 90]),
        )


def _ladder(draft: Draft) -> set[tuple[str, str, str, str]]:
    """Two outcomes a rung, each leading to both of the next: twice as many paths with every rung."""
    rungs = [[draft.id("rung", f"{level}{side}") for side in "ab"] for level in range(6)]
    for name in [name for rung in rungs for name in rung]:
        draft.add("outcome", outcome_id=name, name=name)
    steps = {
        ("outcome", low, "outcome", high) for lower, upper in pairwise(rungs) for low, high in product(lower, upper)
    }
    feet = {("output", name, "outcome", foot) for name in draft.ids("output")[:1] for foot in rungs[0]}
    return steps | feet | {("outcome", top, "benefit", draft.ids("benefit")[0]) for top in rungs[-1]}
