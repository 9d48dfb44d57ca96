"""Finance: the ledger's project costs, packed, with dates as the British write them, and the treasury's rates."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import islice

from examples.portfolio.files import CsvFile, SourceFile
from examples.portfolio.money import monthly_costs
from examples.portfolio.projects import PROJECTS
from examples.portfolio.sources.writing import british_date, iso_date, money, plain
from examples.portfolio.timeline import HISTORY_MONTHS
from examples.portfolio.world import World

COST_COLUMNS = ("Month", "Project", "Type", "Plan", "Actual", "Currency")
CAPEX_SHARE = {"digital": 0.55, "building": 0.85, "equipment": 0.9, "service": 0.15}
CLOSED_YEARS_END = -13
"""The last month of the file of closed years; what came later is in the current file."""
RATES = {"EUR": 0.856, "USD": 0.781}
"""Pounds for one unit at the end of the history. Nobody keeps a rate for Swiss francs."""


def files(worlds: tuple[World, ...]) -> Iterator[SourceFile]:
    """Costs of closed years, current costs (one row in a hundred is faulty), and exchange rates."""
    time = worlds[0].timeline
    closed = (row for world in worlds for month, row in _cost_rows(world) if month <= CLOSED_YEARS_END)
    yield CsvFile("finance_costs", f"costs_{time.last(CLOSED_YEARS_END)}.csv.gz", COST_COLUMNS, closed)
    current = (row for world in worlds for month, row in _cost_rows(world) if month > CLOSED_YEARS_END)
    yield CsvFile("finance_costs", f"costs_{time.last(0)}.csv.gz", COST_COLUMNS, _with_faults(current))
    yield CsvFile("fx_rates", f"rates_{time.last(0)}.csv", ("currency", "date", "gbp"), _rates(worlds[0]))


def _cost_rows(world: World) -> Iterator[tuple[int, list[str]]]:
    for project in PROJECTS:
        capex = CAPEX_SHARE[project.kind]
        for month, planned, actual in monthly_costs(project, world):
            for kind, share in (("Capex", capex), ("Opex", 1 - capex)):
                yield (
                    month,
                    [
                        british_date(world.timeline.first(month)),
                        world.id(project.id),
                        kind,
                        money(planned * share),
                        "" if actual is None else money(actual * share),
                        project.currency,
                    ],
                )


def _with_faults(rows: Iterator[list[str]]) -> Iterator[list[str]]:
    """Every hundredth row as people mistype them: a day that does not exist, another word, a third decimal."""
    for number, row in enumerate(rows, 1):
        if number % 100 == 37:
            fault = number // 100 % 3
            row[0] = "31/02" + row[0][5:] if fault == 0 else row[0]
            row[2] = "Capital" if fault == 1 else row[2]
            row[3] = row[3] + "5" if fault == 2 else row[3]
        yield row


def _rates(world: World) -> Iterator[list[str]]:
    for currency, rate in RATES.items():
        chance = world.chance("rate", currency)
        walk = [rate]
        while len(walk) < HISTORY_MONTHS:
            walk.append(walk[-1] * (1 + chance.uniform(-0.008, 0.008)))
        for month, value in islice(enumerate(walk), HISTORY_MONTHS):
            yield [currency, iso_date(world.timeline.first(-month)), plain(round(value, 4))]
