"""A mixed-integer programme over yes-or-no choices, solved with HiGHS: always the same answer to the same question.

HiGHS works within tolerances. What it finds is checked here, and a set that only the tolerances let through is cut off.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import highspy
import numpy as np
from highspy._core import _Highs  # highspy.Highs is the same, but prints its name on the output stream

from pipelines.errors import BuildFailed
from pipelines.selection.problem import exceeds, total

TOLERANCE = 1e-9
MANY = 100  # choices; among more, an answer this near the best will do, which takes a tenth of the time
NEAR = 1e-3
WORK = 200_000  # branches x choices x rows: where that much proves nothing, the best set found stands, with its bound
OPTIONS: Mapping[str, bool | int | float | str] = {
    "output_flag": False,
    "presolve": "off",  # of so few rows it takes as long as the solving that it saves
    "threads": 1,  # several would race, and ties would fall this way or that
    "random_seed": 0,
    "mip_abs_gap": TOLERANCE,
    "mip_feasibility_tolerance": TOLERANCE,
    "primal_feasibility_tolerance": TOLERANCE,
    "dual_feasibility_tolerance": TOLERANCE,
    "mip_heuristic_run_rins": False,  # these take longer than the branching that they are to save
    "mip_heuristic_run_rens": False,
}


@dataclass(frozen=True)
class Row:
    """sum of coefficients of the choices made <= limit."""

    coefficients: tuple[float, ...]
    limit: float

    def is_broken_by(self, chosen: frozenset[int]) -> bool:
        return exceeds(total(self.coefficients[index] for index in chosen), self.limit)


@dataclass(frozen=True)
class Found:
    """The choices made; `bound` is the objective that no other set exceeds; None where it is the set's own, proven."""

    chosen: frozenset[int]
    bound: float | None


class Programme:
    """So many choices, and the rows that limit them; questions are asked one after another."""

    def __init__(self, choices: int, rows: Sequence[Row]) -> None:
        self._choices = choices
        self._rows: list[Row] = []
        self._solver = _Highs()
        for name, value in OPTIONS.items():
            self._solver.setOptionValue(name, value)
        self._solver.setOptionValue("mip_rel_gap", NEAR if choices > MANY else 0.0)
        self._solver.setOptionValue("mip_max_nodes", max(1, WORK // max(1, choices * len(rows))))
        for index in range(choices):
            self._solver.addCol(0.0, 0.0, 1.0, 0, np.empty(0, np.int32), np.empty(0))
            self._solver.changeColIntegrality(index, highspy.HighsVarType.kInteger)
        for row in rows:
            self.limit(row)

    def limit(self, row: Row) -> None:
        """Add a row."""
        self._rows.append(row)
        scale = max((abs(value) for value in row.coefficients), default=0.0) or 1.0
        self._add({index: value / scale for index, value in enumerate(row.coefficients) if value}, row.limit / scale)

    def forbid(self, chosen: frozenset[int]) -> None:
        """Cut off one set."""
        self._add({index: 1.0 if index in chosen else -1.0 for index in range(self._choices)}, len(chosen) - 1.0)

    def fix(self, index: int, chosen: bool) -> None:
        """Settle one choice."""
        self._solver.changeColBounds(index, float(chosen), float(chosen))

    def best(self, worth: Sequence[float]) -> Found | None:
        """The set of the greatest worth; None where no set keeps within the rows."""
        scale = max((abs(value) for value in worth), default=0.0) or 1.0
        for index, value in enumerate(worth):
            self._solver.changeColCost(index, value / scale)
        self._solver.changeObjectiveSense(highspy.ObjSense.kMaximize)
        if self._choices > MANY:
            self._begin_with(self._filled(worth))
        while True:
            self._solver.run()
            status = self._solver.getModelStatus()
            if status == highspy.HighsModelStatus.kInfeasible:
                return None
            values = self._solver.getSolution().col_value
            if len(values) != self._choices or not math.isfinite(self._solver.getInfo().objective_function_value):
                raise BuildFailed(f"The portfolio selection came to no end: HiGHS says {status.name}.")
            chosen = frozenset(index for index, value in enumerate(values) if value > 0.5)
            broken = next((row for row in self._rows if row.is_broken_by(chosen)), None)
            if broken is None:
                bound = self._solver.getInfo().mip_dual_bound * scale
                is_best = status == highspy.HighsModelStatus.kOptimal and self._choices <= MANY
                is_proven = is_best or not exceeds(bound, total(worth[index] for index in chosen))
                return Found(chosen, None if is_proven else bound)
            self._cut_off(broken, chosen)

    def _filled(self, worth: Sequence[float]) -> frozenset[int]:
        """A good set within the rows: the choices that are worth most for what they use of the limits, as long as they fit."""
        limited = [row for row in self._rows if row.limit > 0]
        use = [sum(max(0.0, row.coefficients[index]) / row.limit for row in limited) for index in range(self._choices)]
        chosen: set[int] = set()
        used = [0.0] * len(self._rows)
        for index in sorted(
            (one for one in range(self._choices) if worth[one] > 0), key=lambda one: use[one] / worth[one]
        ):
            after = [amount + row.coefficients[index] for amount, row in zip(used, self._rows, strict=True)]
            if all(amount <= row.limit for amount, row in zip(after, self._rows, strict=True)):
                chosen.add(index)
                used = after
        return frozenset(chosen)

    def _begin_with(self, chosen: frozenset[int]) -> None:
        """Where the search begins: without a good set to compare with, it may branch for long."""
        start = highspy.HighsSolution()
        start.col_value = [float(index in chosen) for index in range(self._choices)]
        self._solver.setSolution(start)

    def _cut_off(self, row: Row, chosen: frozenset[int]) -> None:
        """Every set breaks the row that holds the chosen of positive coefficients and adds none of negative ones."""
        sides = {index: 1.0 for index in chosen if row.coefficients[index] > 0}
        count = len(sides)
        sides |= {index: -1.0 for index, value in enumerate(row.coefficients) if value < 0 and index not in chosen}
        self._add(sides, count - 1.0)

    def _add(self, coefficients: Mapping[int, float], limit: float) -> None:
        """The row as HiGHS takes it, its limit widened by the noise that a sum may have."""
        noise = TOLERANCE * abs(limit)
        self._solver.addRow(
            -highspy.kHighsInf,
            limit + noise,
            len(coefficients),
            np.fromiter(coefficients.keys(), np.int32, len(coefficients)),
            np.fromiter(coefficients.values(), np.float64, len(coefficients)),
        )
