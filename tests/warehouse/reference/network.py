"""Which outputs lead to which benefits, and by how much (3.3)."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction

from tests.warehouse.reference.bounds import at_least, more_than
from tests.warehouse.reference.facts import Edge, Node, World


@dataclass(frozen=True)
class Settled:
    """An edge, its weight settled, and what keeps it from carrying."""

    edge: Edge
    weight: Fraction
    is_broken: bool
    is_cyclic: bool

    @property
    def carries(self) -> bool:
        return not (self.is_broken or self.is_cyclic)


@dataclass(frozen=True)
class OutputBenefit:
    """An output upstream of a benefit."""

    output_id: str
    benefit_id: str
    share: Fraction
    lag_days: int
    path_count: int
    shortest: int
    """Edges in the shortest path."""
    is_enabling: bool
    is_lost: bool


class Network:
    """The dependency graph of a world."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.nodes: set[Node] = {
            *(("output", name) for name in world.outputs),
            *(("outcome", name) for name in world.outcomes),
            *(("benefit", name) for name in world.benefits),
            *(("objective", name) for name in world.objectives),
        }
        self._into: dict[Node, list[Edge]] = {}
        self._from: dict[Node, list[Edge]] = {}
        for edge in world.edges:
            self._into.setdefault(edge.target, []).append(edge)
            self._from.setdefault(edge.origin, []).append(edge)
        self.edges = [
            Settled(
                edge,
                self._settle(edge),
                is_broken=not self._has_ends(edge),
                is_cyclic=self._has_ends(edge) and self._leads(edge.target, edge.origin),
            )
            for edge in world.edges
        ]
        self._carrying: dict[Node, list[Settled]] = {}
        for settled in self.edges:
            if settled.carries:
                self._carrying.setdefault(settled.edge.origin, []).append(settled)

    def weight_sum(self, node: Node) -> Fraction:
        """The weights given into a node."""
        return sum((edge.weight for edge in self._into.get(node, []) if edge.weight is not None), Fraction(0))

    def is_over_attributed(self, node: Node) -> bool:
        return more_than(self.weight_sum(node), Fraction(1))

    def cyclic_nodes(self) -> set[Node]:
        """The nodes in a cycle."""
        return {end for s in self.edges if s.is_cyclic for end in (s.edge.origin, s.edge.target)}

    def reaches(self, node: Node, kind: str) -> bool:
        """Whether a path leads from the node to any node of a type."""
        return any(path[-1].edge.target[0] == kind for path in self.paths(node))

    def paths(self, node: Node) -> Iterator[list[Settled]]:
        """Every path that begins at the node; carrying edges form no cycle, so there is an end to them."""
        for step in self._carrying.get(node, []):
            yield [step]
            for rest in self.paths(step.edge.target):
                yield [step, *rest]

    def shares(self, node: Node, kind: str) -> dict[str, Fraction]:
        """The node's share in each node of a type that it leads to."""
        found: dict[str, Fraction] = {}
        for path in self.paths(node):
            reached, name = path[-1].edge.target
            if reached == kind:
                found[name] = found.get(name, Fraction(0)) + _product(path)
        return found

    def output_benefits(self) -> list[OutputBenefit]:
        """One per output and benefit it is upstream of."""
        found: dict[tuple[str, str], list[list[Settled]]] = {}
        for output_id in self.world.outputs:
            for path in self.paths(("output", output_id)):
                kind, name = path[-1].edge.target
                if kind == "benefit":
                    found.setdefault((output_id, name), []).append(path)
        shares = {pair: sum((_product(path) for path in paths), Fraction(0)) for pair, paths in found.items()}
        reached = {benefit for (_, benefit), share in shares.items() if self._is_enough(share)}
        return [
            OutputBenefit(
                output_id,
                benefit_id,
                share=shares[output_id, benefit_id],
                lag_days=max(sum(step.edge.lag_days for step in path) for path in paths),
                path_count=len(paths),
                shortest=min(len(path) for path in paths),
                is_enabling=benefit_id not in reached or self._is_enough(shares[output_id, benefit_id]),
                is_lost=self.is_lost(output_id),
            )
            for (output_id, benefit_id), paths in found.items()
        ]

    def is_lost(self, output_id: str) -> bool:
        """An undelivered output of a cancelled project."""
        output = self.world.outputs[output_id]
        return output.delivered_date is None and self.world.stage_of(output) == "cancelled"

    def _is_enough(self, share: Fraction) -> bool:
        return at_least(share, self.world.settings.enabling_share)

    def _settle(self, edge: Edge) -> Fraction:
        given, siblings = self.weight_sum(edge.target), self._into[edge.target]
        if edge.weight is None:
            return max(Fraction(0), 1 - given) / sum(sibling.weight is None for sibling in siblings)
        return edge.weight / given if self.is_over_attributed(edge.target) else edge.weight

    def _has_ends(self, edge: Edge) -> bool:
        return {edge.origin, edge.target} <= self.nodes

    def _leads(self, origin: Node, goal: Node) -> bool:
        """Whether any edges between nodes lead from one to the other (a node leads to itself)."""
        seen, waiting = {origin}, [origin]
        while waiting:
            for edge in self._from.get(waiting.pop(), []):
                if edge.target not in seen and self._has_ends(edge):
                    seen.add(edge.target)
                    waiting.append(edge.target)
        return goal in seen


def _product(path: list[Settled]) -> Fraction:
    product = Fraction(1)
    for step in path:
        product *= step.weight
    return product
