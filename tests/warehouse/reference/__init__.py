"""The benefit mathematics once more, in plain Python: short, slow and exact.

Written from the definition (3-benefits.md) and from nothing else, so that the SQL can be held against it row by row.
Every number is a `Fraction` (a double is read as the decimal it is written as), but for roots and quantiles of Student's
t; every set is small enough to be walked naively: cycles by asking whether the end of an edge leads back, shares by
listing the paths.
"""

from tests.warehouse.reference.facts import Settings
from tests.warehouse.reference.gaps import Gap, is_live, open_gaps
from tests.warehouse.reference.links import output_link
from tests.warehouse.reference.realisation import Realisation
from tests.warehouse.reference.reckoning import Reckoning
from tests.warehouse.reference.world import read_world

__all__ = ["Gap", "Realisation", "Reckoning", "Settings", "is_live", "open_gaps", "output_link", "read_world"]
