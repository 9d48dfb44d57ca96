"""Everything together: what was realised, what is evidence of it, what is to come, and what it is worth."""

from __future__ import annotations

from tests.warehouse.reference.evidence import evidence_of
from tests.warehouse.reference.facts import World
from tests.warehouse.reference.forecast import Forecast
from tests.warehouse.reference.realisation import Realisation
from tests.warehouse.reference.resources import loads
from tests.warehouse.reference.value import Value


class Reckoning(Realisation):
    """Everything of 3.1 to 3.7 for one world."""

    def __init__(self, world: World) -> None:
        super().__init__(world)
        self.evidence = {name: evidence_of(self, benefit) for name, benefit in world.benefits.items()}
        self.forecast = Forecast(self)
        self.value = Value(self, self.forecast, self.evidence)
        self.loads = loads(world)
