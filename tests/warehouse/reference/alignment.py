"""What objectives weigh, beside what is spent on them and what comes of it (3.7)."""

from __future__ import annotations

from fractions import Fraction

from tests.warehouse.reference.facts import Benefit, Project
from tests.warehouse.reference.money import total, whole
from tests.warehouse.reference.realisation import ratio
from tests.warehouse.reference.value import STATES, Cells, Value, sign

Split = tuple[dict[str, Fraction], Fraction | None]
"""The part of each objective in an amount, and the amount; null where it cannot be converted."""


def alignment(value: Value) -> dict[str, Cells]:
    """`marts.objective_alignment`, by objective and column; what serves no objective counts in the whole only."""
    splits = {
        "spend": [
            (_parts_of_project(value, project), expected.cost)
            for project in value.world.projects.values()
            if (expected := value.expected[project.project_id]).costs is not None
        ],
        "planned": [_of_benefit(value, one, _planned(value, one)) for one in value.promised],
        "realised": [_of_benefit(value, one, _expected(value, one, "measured")) for one in value.summed],
        "forecast": [_of_benefit(value, one, _expected(value, one, *STATES)) for one in value.summed],
    }
    weights = sum((weight for weight in value.world.weights.values() if weight is not None), Fraction(0))
    found: dict[str, Cells] = {}
    for name, weight in value.world.weights.items():
        found[name] = {"weight": weight, "weight_share": ratio(weight, weights)}
        for measure, parts in splits.items():
            amount = whole(_part(reached[name], amount) for reached, amount in parts if name in reached)
            found[name][f"{measure}_amount"] = amount
            found[name][f"{measure}_share"] = ratio(amount, whole(amount for _, amount in parts))
    return found


def _planned(value: Value, benefit: Benefit) -> Fraction | None:
    return total(period.money for period in value.promises[benefit.benefit_id])


def _expected(value: Value, benefit: Benefit, *states: str) -> Fraction | None:
    outlook = value.forecast.outlooks[benefit.benefit_id]
    return total(row.period.worth(row.p50) for row in outlook if row.state in states)


def _of_benefit(value: Value, benefit: Benefit, amount: Fraction | None) -> Split:
    shares = value.found.network.shares(("benefit", benefit.benefit_id), "objective")
    return _in_proportion(shares), None if amount is None else amount * sign(benefit)


def _parts_of_project(value: Value, project: Project) -> dict[str, Fraction]:
    shares: dict[str, Fraction] = {}
    for output in value.outputs_of(project):
        for name, share in value.found.network.shares(("output", output.output_id), "objective").items():
            shares[name] = shares.get(name, Fraction(0)) + share
    return _in_proportion(shares)


def _part(share: Fraction, amount: Fraction | None) -> Fraction | None:
    """Nothing of what cannot be converted is nothing."""
    return Fraction(0) if share == 0 else None if amount is None else share * amount


def _in_proportion(shares: dict[str, Fraction]) -> dict[str, Fraction]:
    """Shares of the whole of what reaches any."""
    all_of_it = sum(shares.values(), Fraction(0))
    return {name: share / all_of_it for name, share in shares.items()} if all_of_it else {}
