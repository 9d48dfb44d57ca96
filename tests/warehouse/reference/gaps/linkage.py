"""What the network leaves out, counts twice or ties in knots (3.8, linkage)."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import date
from fractions import Fraction

from tests.warehouse.reference.bounds import more_than
from tests.warehouse.reference.facts import Benefit
from tests.warehouse.reference.gaps.gap import Gap, Rules
from tests.warehouse.reference.plan import last_day
from tests.warehouse.reference.realisation import Realisation

LIVE: Rules = {
    "ORPHAN_BENEFIT": lambda found, b: not found.upstream(b.benefit_id),
    "UNALIGNED_BENEFIT": lambda found, b: (
        b.kind == "benefit" and not found.network.reaches(("benefit", b.benefit_id), "objective")
    ),
}


def double_counted(live: Iterable[Benefit]) -> set[str]:
    """Benefits and disbenefits apart: where those of a KPI and dimension, or of all dimensions, share out too much."""
    counted: set[str] = set()
    groups: dict[tuple[str, str], list[Benefit]] = {}
    for benefit in live:
        if benefit.kpi_id is not None and benefit.start_date is not None:
            groups.setdefault((benefit.kind, benefit.kpi_id), []).append(benefit)
    for group in groups.values():
        for dimension in {benefit.dimension for benefit in group}:
            within = [benefit for benefit in group if benefit.dimension in ("", dimension)]
            for day in {benefit.start_date for benefit in within}:
                running = [benefit for benefit in within if _runs_on(benefit, day)]
                if more_than(sum((benefit.kpi_share for benefit in running), Fraction(0)), Fraction(1)):
                    counted |= {benefit.benefit_id for benefit in running}
    return counted


def _runs_on(benefit: Benefit, day: date | None) -> bool:
    end = last_day(benefit)
    return day is not None and benefit.start_date is not None and end is not None and benefit.start_date <= day <= end


def linkage_gaps(found: Realisation) -> Iterator[Gap]:
    network, world = found.network, found.world
    for output in world.outputs.values():
        if world.stage_of(output) in ("cancelled", "idea", "business_case"):
            continue
        if not network.reaches(("output", output.output_id), "benefit"):
            yield Gap("ORPHAN_OUTPUT", "output", output.output_id, steps=int(output.delivered_date is not None))
    for kind, name in network.nodes:
        if kind in ("outcome", "benefit") and network.is_over_attributed((kind, name)):
            yield Gap("OVER_ATTRIBUTED", kind, name)
    for kind, name in network.cyclic_nodes():
        yield Gap("DEPENDENCY_CYCLE", kind, name)
    for settled in network.edges:
        if settled.is_broken:
            edge = settled.edge
            yield Gap("BROKEN_LINK", "edge", f"{':'.join(edge.origin)}>{':'.join(edge.target)}")
