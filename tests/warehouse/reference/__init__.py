"""The benefit mathematics once more, in plain Python: short, slow and exact.

Written from the definition (3-benefits.md) and from nothing else, so that the SQL can be held against it row by row.
Every number is a `Fraction` (a double is read as the decimal it is written as), but for roots and quantiles of Student's
t; every set is small enough to be walked naively: cycles by asking whether the end of an edge leads back, shares by
listing the paths.
"""

from tests.warehouse.reference.facts import Settings, World
from tests.warehouse.reference.gaps import Gap, is_live, open_gaps
from tests.warehouse.reference.links import OutputLink, output_link
from tests.warehouse.reference.measures import KpiPeriod, kpi_periods, mismatched_kpis
from tests.warehouse.reference.network import Network, OutputBenefit, Settled
from tests.warehouse.reference.realisation import BenefitDelivery, BenefitPeriod, Realisation
from tests.warehouse.reference.reckoning import Reckoning
from tests.warehouse.reference.world import Row, Tables, read_world

__all__ = [
    "BenefitDelivery",
    "BenefitPeriod",
    "Gap",
    "KpiPeriod",
    "Network",
    "OutputBenefit",
    "OutputLink",
    "Realisation",
    "Reckoning",
    "Row",
    "Settings",
    "Settled",
    "Tables",
    "World",
    "is_live",
    "kpi_periods",
    "mismatched_kpis",
    "open_gaps",
    "output_link",
    "read_world",
]
