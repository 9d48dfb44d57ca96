"""A gap, and which benefits are asked for one (3.8)."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from fractions import Fraction

from tests.warehouse.reference.facts import Benefit
from tests.warehouse.reference.plan import last_day
from tests.warehouse.reference.realisation import Latest, Realisation
from tests.warehouse.reference.reckoning import Reckoning

Rule = Callable[[Reckoning, Benefit], bool]
Rules = dict[str, Rule]
"""By gap code."""


@dataclass(frozen=True)
class Gap:
    """`steps` is 1 where the gap is one severity higher than its code's."""

    code: str
    subject_type: str
    subject_id: str
    steps: int = 0
    amount: Fraction | None = None
    """In the reporting currency."""


def is_solely_cancelled(found: Realisation, benefit: Benefit) -> bool:
    outputs = [found.world.outputs[link.output_id] for link in found.upstream(benefit.benefit_id)]
    return bool(outputs) and all(found.world.stage_of(output) == "cancelled" for output in outputs)


def has_ended(found: Realisation, benefit: Benefit) -> bool:
    end = last_day(benefit)
    return end is not None and end < found.world.settings.as_of


def is_live(found: Realisation, benefit: Benefit) -> bool:
    """Not past its end, not verified, not solely of cancelled projects."""
    is_over = has_ended(found, benefit) or benefit.verified_date is not None
    return not is_over and not is_solely_cancelled(found, benefit)


def of_benefits(rules: Rules) -> Rules:
    """The rules as they are asked of benefits, not of disbenefits."""

    def narrowed(rule: Rule) -> Rule:
        return lambda found, benefit: benefit.kind == "benefit" and rule(found, benefit)

    return {code: narrowed(rule) for code, rule in rules.items()}


def latest_of(found: Realisation, benefit: Benefit, kind: str) -> Latest | None:
    """The latest measured period of a benefit of a kind."""
    return found.latest(benefit) if benefit.kind == kind else None
