"""How far outputs reach, so that the example's measures move when what they rest on really arrived (3.3 and 3.4)."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache

from examples.portfolio.benefits import BENEFITS
from examples.portfolio.outputs import OUTCOMES, OUTPUTS

ENABLING_SHARE = 0.05
KINDS = {"O": "output", "C": "outcome", "B": "benefit"}


@dataclass(frozen=True)
class Link:
    """One driver of a node: where from, its weight where one was agreed, and its lag in days."""

    source: str
    weight: float | None
    lag_days: int

    @property
    def kind(self) -> str:
        return KINDS[self.source[0]]


def links(drivers: str) -> tuple[Link, ...]:
    """The drivers written as `node:weight:lag_days`, separated by blanks."""
    return tuple(_link(*text.split(":")) for text in drivers.split())


def _link(source: str, weight: str = "", lag_days: str = "0") -> Link:
    return Link(source, float(weight) if weight else None, int(lag_days))


DRIVERS = {node.id: links(node.drivers) for node in (*OUTCOMES, *BENEFITS)}
OUTPUT_IDS = {output.id for output in OUTPUTS}


@cache
def enabling(node: str) -> tuple[tuple[str, int], ...]:
    """The outputs that enable a node, with the lag of each in days: share of at least 5 %, else all upstream."""
    upstream = _upstream(node)
    chosen = [(output, lag) for output, share, lag in upstream if share >= ENABLING_SHARE]
    return tuple(chosen or ((output, lag) for output, _, lag in upstream))


@cache
def _upstream(node: str) -> tuple[tuple[str, float, int], ...]:
    """Every output upstream of a node with its share and its greatest lag."""
    shares: dict[str, float] = {}
    lags: dict[str, int] = {}
    for link, weight in _weighted(node):
        if link.source in OUTPUT_IDS:
            arriving: tuple[tuple[str, float, int], ...] = ((link.source, 1.0, 0),)
        elif link.source in DRIVERS and not _reaches(node, link.source):
            arriving = _upstream(link.source)
        else:
            continue
        for output, share, lag in arriving:
            shares[output] = shares.get(output, 0.0) + weight * share
            lags[output] = max(lags.get(output, 0), lag + link.lag_days)
    return tuple((output, share, lags[output]) for output, share in shares.items())


def _weighted(node: str) -> list[tuple[Link, float]]:
    given = DRIVERS[node]
    total = sum(link.weight or 0.0 for link in given)
    unweighted = sum(link.weight is None for link in given)
    rest = max(0.0, 1.0 - total) / unweighted if unweighted else 0.0
    return [(link, (rest if link.weight is None else link.weight) / max(1.0, total)) for link in given]


def _reaches(start: str, goal: str, seen: frozenset[str] = frozenset()) -> bool:
    """Whether `goal` has `start` upstream: then a link from `goal` to `start` closes a circle and carries nothing."""
    before = {link.source for link in DRIVERS.get(goal, ())} - seen
    return start in before or any(_reaches(start, node, seen | before) for node in before)
