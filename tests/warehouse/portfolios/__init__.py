"""Small random portfolios, nasty on purpose: everything that the definition decides occurs in them.

A portfolio is a table of rows a contract, as a feed would bring them. Ids carry the portfolio's prefix, so that many
portfolios make one build; what they share are categories, types of project and the currencies that have rates.
"""

from __future__ import annotations

from tests.warehouse.portfolios.benefits import (
    draw_benefits,
    draw_claims,
    draw_earlier_profiles,
    draw_earlier_registers,
    draw_kpis,
    draw_orderly_benefit,
)
from tests.warehouse.portfolios.bounds import in_small_numbers, on_the_bound
from tests.warehouse.portfolios.delivery import draw_outputs, draw_projects, draw_resources, draw_risks
from tests.warehouse.portfolios.draft import Draft, Portfolio
from tests.warehouse.portfolios.network import draw_edges
from tests.warehouse.portfolios.readings import draw_readings
from tests.warehouse.portfolios.stamping import ledger, raw, stamped
from tests.warehouse.portfolios.whole import in_smaller_unit, merged
from tests.warehouse.reference import Settings

__all__ = [
    "Portfolio",
    "in_small_numbers",
    "in_smaller_unit",
    "ledger",
    "merged",
    "on_the_bound",
    "portfolio",
    "raw",
    "stamped",
]


def portfolio(seed: int, prefix: str, settings: Settings) -> Portfolio:
    """One portfolio; the same for the same arguments."""
    draft = Draft(seed, prefix, settings)
    draw_projects(draft)
    draw_outputs(draft)
    for number in draft.some(0, 3):
        draft.add("outcome", outcome_id=draft.id("outc", number), name=f"outcome {number}")
    for number in draft.some(0, 2):
        weight = draft.one([None, 0.2, 0.3, 0.5, 1.0, 0.0])
        draft.add("objective", objective_id=draft.id("obje", number), name=f"objective {number}", weight=weight)
    draw_kpis(draft)
    draw_benefits(draft)
    if draft.chance(0.7):
        draw_orderly_benefit(draft)
    draw_edges(draft)
    draw_readings(draft)
    draw_claims(draft)
    draw_risks(draft)
    draw_resources(draft)
    draw_earlier_registers(draft)
    draw_earlier_profiles(draft)
    return draft.tables
