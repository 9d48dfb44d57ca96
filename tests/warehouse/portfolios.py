"""Small random portfolios, nasty on purpose: everything that the definition decides occurs in them.

A portfolio is a table of rows a contract, as a feed would bring them. Ids carry the portfolio's prefix, so that many
portfolios make one build. Readings are drawn last, around the plan as it was shifted, so that they often lie exactly on
a bound.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import date, datetime, timedelta
from decimal import Decimal
from fractions import Fraction
from itertools import pairwise, product
from random import Random
from typing import Any, TypeVar

from tests.warehouse.reference import Realisation, Settings, read_world
from tests.warehouse.reference.calendar import end_of_period, start_of_period, starts_between
from tests.warehouse.reference.world import Benefit, Kpi

T = TypeVar("T")
Fact = dict[str, Any]
Portfolio = dict[str, list[Fact]]

DAYS = {"day": 1, "week": 7, "month": 30, "quarter": 91, "year": 365}
FINER = {"day": ["day"], "week": ["day"], "month": ["week", "day"], "quarter": ["month", "week"], "year": ["quarter"]}
COARSER = {"day": "week", "week": "month", "month": "quarter", "quarter": "year", "year": "year"}
MODES = ["on", "bound", "inside", "behind", "ahead", "away", "eroding", "eroding", "eroding", "full", "random"]


def portfolio(seed: int, prefix: str, settings: Settings) -> Portfolio:
    """One portfolio; the same for the same arguments."""
    draft = Draft(Random(f"{seed}"), prefix, settings)
    draft.draw()
    return draft.tables


def on_the_bound(settings: Settings) -> Portfolio:
    """Benefits exactly on plan, tolerance none or all, by a sum of readings whose last bits are off.

    0.1 + 0.2 + 0.3 + 0.1 is 0.7000000000000001 to a machine: no gap, all the same.
    """
    ended = settings.as_of.replace(day=1) - timedelta(days=1)
    month, start = ended.replace(day=1), date(ended.year - 1, 1, 1)
    weeks = starts_between(month, ended, "week", settings.fiscal_year_start)[:4]
    plans = {
        "ahead": ("benefit", 0.0, 0.7, 0.0),
        "behind": ("benefit", 2.0, 0.7, 0.0),
        "away": ("benefit", 0.7, 0.2, 0.0),
        "harm": ("disbenefit", 0.0, 0.7, 0.0),
        "lenient": ("benefit", 0.7, 0.2, 1.0),
    }
    shared = {"kpi_id": "bound.kpi", "start_date": start, "target_date": date(ended.year - 1, 9, 1), "unit_value": 1e3}
    kpi = {"kpi_id": "bound.kpi", "unit": "%", "frequency": "month", "reading_frequency": "week", "aggregation": "sum"}
    edge = {"from_type": "output", "from_id": "bound.output", "to_type": "benefit"}
    return {
        "project": [{"project_id": "bound.project", "name": "bound", "stage": "closed"}],
        "output": [
            {
                "output_id": "bound.output",
                "name": "bound",
                "project_id": "bound.project",
                "baseline_date": start,
                "delivered_date": start,
            }
        ],
        "kpi": [{**kpi, "name": "bound", "min_coverage": 0.5}],
        "kpi_reading": [
            {
                "kpi_id": "bound.kpi",
                "period_start": week,
                "dimension": "",
                "value": value,
                "unit": None,
                "reported_at": None,
            }
            for week, value in zip(weeks, (0.1, 0.2, 0.3, 0.1), strict=True)
        ],
        "benefit": [
            {
                **shared,
                "benefit_id": f"bound.{name}",
                "name": name,
                "kind": kind,
                "baseline_value": baseline,
                "target_value": target,
                "tolerance": tolerance,
            }
            for name, (kind, baseline, target, tolerance) in plans.items()
        ],
        "dependency": [{**edge, "to_id": f"bound.{name}"} for name in plans],
    }


def rates(settings: Settings) -> list[Fact]:
    """Rates of two currencies, neither from the beginning, one into the future; a third currency has none."""
    days = (-900, -400, -31, -30, 0, 5)
    often = [_rate("EUR", settings.as_of + timedelta(days=day), 0.8 + i / 100) for i, day in enumerate(days)]
    once = [_rate("USD", settings.as_of - timedelta(days=200), 0.75)]
    return [rate for rate in often + once if rate["currency"] != settings.currency]


def merged(portfolios: Iterable[Portfolio], settings: Settings) -> Portfolio:
    """Many portfolios as one, and the rates they share."""
    whole: Portfolio = {"fx_rate": rates(settings)}
    for one in portfolios:
        for contract, facts in one.items():
            whole.setdefault(contract, []).extend(facts)
    return whole


def in_smaller_unit(original: Portfolio, prefix: str, factor: int) -> Portfolio:
    """The same portfolio under another prefix, its KPIs counted in units `factor` times smaller."""

    def rename(column: str, value: Any) -> Any:
        if not isinstance(value, str) or not (column.endswith("_id") or column == "owner"):
            return value
        return f"{prefix}.{value.partition('.')[2]}"

    measures = {
        "benefit": ("baseline_value", "target_value", "do_nothing_value"),
        "benefit_profile": ("planned_value",),
        "kpi_reading": ("value",),
    }
    twin: Portfolio = {}
    for contract, facts in original.items():
        twin[contract] = []
        for fact in facts:
            new = {column: rename(column, value) for column, value in fact.items()}
            for column in measures.get(contract, ()):
                new[column] = None if new[column] is None else new[column] * factor
            if new.get("unit_value") is not None:
                new["unit_value"] /= factor
            twin[contract].append(new)
    return twin


def stamped(whole: Portfolio) -> tuple[Portfolio, Portfolio]:
    """All the rows of the deliveries that bring a portfolio, and the current row of each key.

    Only benefits and readings come more than once; among those of one key the latest reported is current.
    """
    every: Portfolio = {}
    for contract, facts in whole.items():
        numbered = enumerate(({**fact, **STAMPS[fact.get("_delivery", 0)]} for fact in facts), start=2)
        every[contract] = [{**fact, "_row": line} for line, fact in numbered]
    current = dict(every)
    for contract, key in (("benefit", ("benefit_id",)), ("kpi_reading", ("kpi_id", "period_start", "dimension"))):
        latest: dict[tuple[Any, ...], Fact] = {}
        for fact in sorted(every.get(contract, []), key=_order):
            latest[tuple(fact[column] for column in key)] = fact
        current |= {contract: list(latest.values()), f"{contract}_history": every.get(contract, [])}
    return every, current


def ledger(every: Portfolio) -> Portfolio:
    """The ledger's rows for the deliveries that brought these rows."""
    columns = {
        contract: sorted({c for fact in facts for c in fact if c[0] != "_"}) for contract, facts in every.items()
    }
    return {
        "delivery": [
            {
                **_named(stamp),
                "as_at": stamp["_as_at"],
                "received_at": stamp["_received_at"],
                "status": "accepted",
                "mode": "delta",
            }
            for stamp in STAMPS
        ],
        "delivery_contract": [
            {
                **_named(stamp),
                "contract": contract,
                "mapped_columns": f",{','.join(columns[contract])},",
                "unreadable_keys": 0,
            }
            for contract, facts in every.items()
            for stamp in STAMPS
            if any(fact["_batch_id"] == stamp["_batch_id"] for fact in facts)
        ],
    }


def raw(every: Portfolio) -> Portfolio:
    """The rows as the raw tables hold them."""
    unwanted = {"_delivery", "_delivery_id", "_as_at", "_received_at"}
    return {
        contract: [{column: value for column, value in fact.items() if column not in unwanted} for fact in facts]
        for contract, facts in every.items()
    }


def _named(stamp: Fact) -> Fact:
    return {"delivery_id": stamp["_delivery_id"], "batch_id": stamp["_batch_id"], "feed": stamp["_feed"]}


def _stamp(number: int, received_at: datetime, as_at: datetime | None) -> Fact:
    return {
        "_feed": "test",
        "_delivery_id": f"{received_at:%Y%m%dT%H%M%S}-{number}",
        "_batch_id": f"00000000000000a{number}",
        "_as_at": as_at,
        "_received_at": received_at,
    }


STAMPS: tuple[Fact, ...] = (
    _stamp(1, datetime(2026, 6, 1), None),
    _stamp(2, datetime(2026, 6, 2), datetime(2026, 5, 20)),
    _stamp(3, datetime(2026, 6, 10, 12), None),
    _stamp(4, datetime(2026, 6, 12), datetime(2026, 6, 5)),
    _stamp(5, datetime(2026, 6, 20), datetime(2026, 7, 5)),
)
"""What the pipeline would say of the deliveries. The second speaks of an earlier day than the first, the fourth than the
third; the last of a day to come. Readings come in the first or the third and are corrected in the second."""
APPROVALS = [None, date(2026, 5, 15), date(2026, 6, 1), date(2026, 6, 5), date(2026, 6, 9), date(2026, 6, 10)]


def _order(reading: Fact) -> tuple[Any, ...]:
    reported = reading.get("reported_at") or reading["_as_at"] or reading["_received_at"]
    return reported, reading["_received_at"], reading["_row"]


def _rate(currency: str, day: date, rate: float) -> Fact:
    return {"currency": currency, "date": day, "rate": rate}


class Draft:
    """A portfolio being drawn."""

    def __init__(self, random: Random, prefix: str, settings: Settings) -> None:
        self.random = random
        self.prefix = prefix
        self.settings = settings
        self.as_of = settings.as_of
        self.delivery = 0
        self.tables: Portfolio = {}

    def draw(self) -> None:
        """Fills the tables."""
        self._projects()
        self._outputs()
        self._named("outcome", self.random.randint(0, 3))
        self._named("objective", self.random.randint(0, 2))
        self._kpis()
        self._benefits()
        self._edges()
        self._readings()
        self._earlier_registers()
        self._categories()
        self._risks()

    # Small helpers

    def _add(self, contract: str, **fact: Any) -> None:
        self.tables.setdefault(contract, []).append(fact)

    def _id(self, kind: str, number: int | str) -> str:
        return f"{self.prefix}.{kind}{number}"

    def _ids(self, contract: str) -> list[str]:
        return [fact[f"{contract}_id"] for fact in self.tables.get(contract, [])]

    def _one(self, choices: Sequence[T]) -> T:
        return self.random.choice(choices)

    def _chance(self, probability: float) -> bool:
        return self.random.random() < probability

    def _maybe(self, probability: float, value: T) -> T | None:
        return value if self._chance(probability) else None

    def _near(self, low: int, high: int) -> date:
        """A day so many days from `as_of`; often `as_of` itself, or the day beside it."""
        days = self._one([0, 0, -1, 1]) if self._chance(0.1) else self.random.randint(low, high)
        return self.as_of + timedelta(days=days)

    def _named(self, contract: str, count: int) -> None:
        for number in range(count):
            self._add(contract, **{f"{contract}_id": self._id(contract[:4], number), "name": f"{contract} {number}"})

    # Contracts

    def _projects(self) -> None:
        stages = ["delivery"] * 5 + ["closed"] * 2 + ["cancelled"] * 2 + ["idea", "business_case"]
        for number in range(self.random.randint(1, 3)):
            name = self._id("project", number)
            budget = self._maybe(0.8, Decimal(self.random.randint(0, 9)) * 100)
            self._add("project", project_id=name, name=f"project {number}", stage=self._one(stages), budget=budget)
            for day in sorted({self._near(-200, 20) for _ in range(self.random.randint(0, 3))}):
                planned = self._maybe(0.9, Decimal(self.random.randint(0, 9)) * 100)
                earned = self._maybe(0.9, Decimal(self.random.randint(0, 90)) * 10)
                if planned is not None and self._chance(0.3):
                    earned = planned * Decimal("0.9")
                spent = self._maybe(0.9, self._one([planned, earned, budget, Decimal("500.01"), Decimal(0)]))
                self._add(
                    "project_status",
                    project_id=name,
                    status_date=day,
                    planned_value=planned,
                    earned_value=earned,
                    actual_cost=spent,
                )
            for gate in range(self.random.randint(0, 2)):
                self._add(
                    "stage_gate",
                    project_id=name,
                    gate=f"G{gate}",
                    planned_date=self._maybe(0.9, self._near(-60, 30)),
                    actual_date=self._maybe(0.4, self._near(-60, 20)),
                )

    def _outputs(self) -> None:
        for number in range(self.random.randint(0, 4)):
            baseline = self._near(-700, 60)
            slip = timedelta(days=self._one([0, 0, 14, 15, 40, -20, -45, 120, 300]))
            project = self._one(self.tables["project"])
            came = baseline + timedelta(days=self._one([0, 0, -30, 20, 60, 200]))
            self._add(
                "output",
                output_id=self._id("output", number),
                name=f"output {number}",
                project_id=self._id("project", "gone") if self._chance(0.05) else project["project_id"],
                baseline_date=baseline,
                forecast_date=self._maybe(0.7, baseline + slip),
                delivered_date=self._maybe(0.3 if project["stage"] == "cancelled" else 0.8, came),
            )

    def _kpis(self) -> None:
        for number in range(self.random.randint(1, 3)):
            frequency = self._one(["month", "month", "month", "quarter", "quarter", "week", "day", "year"])
            reading = self._one([None, None, None, frequency, *FINER[frequency] * 2])
            if self._chance(0.04):
                reading = COARSER[frequency]
            self._add(
                "kpi",
                kpi_id=self._id("kpi", number),
                name=f"kpi {number}",
                unit="%",
                frequency=frequency,
                reading_frequency=reading,
                aggregation=self._one([None, "last", "mean", "mean", "sum", "sum", "min", "max"]),
                min_coverage=self._one([None, None, 0.5, 1.0, 0.0, 0.25]),
                direction=self._one([None, "increase", "increase", "decrease"]),
                grace_days=self._one([None, None, 0, 5, 45]),
            )

    def _benefits(self) -> None:
        for number in range(self.random.randint(1, 4)):
            self._benefit(self._id("benefit", number))

    def _benefit(self, name: str) -> None:
        kpi = self._one(self.tables["kpi"])
        step = DAYS[kpi["frequency"]]
        start = self._near(-22 * step, self._one([-10 * step, 3 * step]))
        if self._chance(0.25):
            start = start_of_period(start, kpi["frequency"], self.settings.fiscal_year_start)
        finish = start + timedelta(days=self._one([-20, -1, 0, 1, 2 * step, 5 * step, 8 * step, 10 * step, 30 * step]))
        baseline = self._one([0.0, 10.0, 0.1, 50.0, 100.0, -3.5, 1234.5, round(self.random.uniform(-50, 200), 4)])
        target = baseline + self._one([0.0, 0.1, 10.0, 10.0, -5.0, -10.0, 33.3, round(self.random.uniform(-40, 60), 3)])
        ends = [
            finish,
            start,
            start - timedelta(days=9),
            self.as_of,
            self.as_of - timedelta(days=self._one([1, 10, 50])),
        ]
        self._add(
            "benefit",
            benefit_id=name,
            name=f"benefit {name}",
            kind=self._one(["benefit", "benefit", "benefit", "disbenefit"]),
            type=self._one(["cashable", "cashable", "non_cashable", "quantifiable", "qualitative", None]),
            owner=self._maybe(0.85, f"{self.prefix}.owner"),
            kpi_id=self._one([kpi["kpi_id"]] * 18 + [None, self._id("kpi", "gone")]),
            dimension=self._one([None, None, "", "", "north", "south"]),
            kpi_share=self._one([None, None, "1", "0.5", "0.4", "0.6", "0.333333", "0", "0.000001"]),
            baseline_value=self._maybe(0.95, baseline),
            baseline_date=self._maybe(0.6, start - timedelta(days=self._one([0, 1, step, 2 * step]))),
            target_value=self._maybe(0.95, target),
            target_date=self._maybe(0.96, finish),
            do_nothing_value=self._do_nothing(baseline, target),
            start_date=self._maybe(0.95, start),
            end_date=self._maybe(0.15, self._one(ends)) or self._maybe(0.3, self._near(1, 900)),
            unit_value=self._one([None, None, 1000.0, 12.5, 0.1, 0.0, 3.0]),
            currency=self._one([None, None, "GBP", "EUR", "EUR", "USD", "XTS"]),
            tolerance=self._one([None, None, 0.1, 0.0, 0.05, 0.3, 1.0]),
            verified_date=self._maybe(0.12, self._near(-100, 30)),
        )
        fact = self.tables["benefit"][-1]
        fact["kpi_share"] = None if fact["kpi_share"] is None else Decimal(fact["kpi_share"])
        if self._chance(0.4):
            self._profile(name, start, finish, baseline, target)

    def _earlier_registers(self) -> None:
        """Approvals; of some benefits also what other deliveries said of the plan; the fact drawn first stays current."""
        for fact in list(self.tables["benefit"]):
            fact["approved_date"] = self._one(APPROVALS)
            if self._chance(0.3):
                continue
            numbers = self.random.sample(range(len(STAMPS)), self.random.randint(2, 4))
            *others, last = sorted(
                numbers, key=lambda number: STAMPS[number]["_as_at"] or STAMPS[number]["_received_at"]
            )
            fact["_delivery"] = last
            for number in others:
                self._add("benefit", **{**fact, **self._other_promise(fact), "_delivery": number})

    def _other_promise(self, fact: Fact) -> Fact:
        """Some figures of the plan, other than they are or not there at all; often none differs."""
        changed: Fact = {}
        for column in ("baseline_value", "target_value", "target_date", "do_nothing_value"):
            if self._chance(0.3):
                step = timedelta(days=30) if column == "target_date" else 1.0
                changed[column] = None if fact[column] is None or self._chance(0.4) else fact[column] + step
        if self._chance(0.1):
            changed |= dict.fromkeys(("baseline_value", "target_value", "target_date", "do_nothing_value"))
        return changed

    def _categories(self) -> None:
        """Of a benefit in every delivery the same; a rare one is a reference class of few."""
        categories = {name: self._one(["access"] * 5 + ["cost"] * 3 + [None, "rare"]) for name in self._ids("benefit")}
        for fact in self.tables["benefit"]:
            fact["category"] = categories[fact["benefit_id"]]

    def _risks(self) -> None:
        subjects = [(kind, name) for kind in ("benefit", "output", "project") for name in self._ids(kind)]
        drawn = [subject for subject in subjects for _ in range(self.random.randint(0, 2))]
        for number, (kind, name) in enumerate([*drawn, ("output", self._id("output", "gone"))]):
            self._add(
                "risk",
                risk_id=self._id("risk", number),
                description=f"risk {number}",
                subject_type=kind,
                subject_id=name,
                probability=self._one([None, 0.0, 0.1, 0.5, 0.9, 1.0]),
                impact=self._one([None, Decimal(0), Decimal(1), Decimal("10.50"), Decimal(1000), Decimal(100000)]),
                currency=self._one([None, None, None, None, "EUR", "USD", "XTS"]),
                status=self._one(["open"] * 6 + ["closed", "realised"]),
                closed_date=self._maybe(0.15, self._near(-30, 30)),
            )

    def _do_nothing(self, baseline: float, target: float) -> float | None:
        return self._maybe(
            0.3, self._one([baseline, target, baseline - 10, baseline + 7.7, 2 * target - baseline, 0.7])
        )

    def _profile(self, name: str, start: date, finish: date, baseline: float, target: float) -> None:
        span = max((finish - start).days, 10)
        early = [-span, -1, 0] if self._chance(0.4) else [0]
        offsets = {self._one(early), *(self.random.randint(1, span + 20) for _ in range(self.random.randint(0, 3)))}
        if self._chance(0.5):
            offsets.discard(0)
        for offset in sorted(offsets):
            share = self._one([0.0, 0.25, 0.5, 1.0, 1.0, 1.2, -0.2])
            value = self._one([target, baseline, baseline + share * (target - baseline)])
            self._add("benefit_profile", benefit_id=name, date=start + timedelta(days=offset), planned_value=value)

    # The network

    def _edges(self) -> None:
        wanted = [
            ("output", "outcome", 0.45),
            ("output", "benefit", 0.35),
            ("outcome", "outcome", 0.2),
            ("outcome", "benefit", 0.5),
            ("benefit", "benefit", 0.12),
            ("benefit", "outcome", 0.04),
            ("outcome", "objective", 0.2),
            ("benefit", "objective", 0.4),
            ("output", "objective", 0.03),
        ]
        drawn: set[tuple[str, str, str, str]] = set()
        for origin, target, probability in wanted:
            origins, targets = self._ids(origin), self._ids(target)
            for left in [*origins, self._id(origin, "gone")]:
                for right in [*targets, self._id(target, "gone")]:
                    is_gone = left.endswith("gone") or right.endswith("gone")
                    is_backward = origin == target and left >= right
                    if self._chance(probability * (0.04 if is_gone else 0.2 if is_backward else 1)):
                        drawn.add((origin, left, target, right))
        if self._chance(0.06):
            drawn |= self._ladder()
        for from_type, from_id, to_type, to_id in sorted(drawn):
            weights = ["1", "0.5", "0.5", "0.3", "0.25", "0.05", "0.05", "0.1", "0.6", "0.333333", "0", "0.000001"]
            self._add(
                "dependency",
                from_type=from_type,
                from_id=from_id,
                to_type=to_type,
                to_id=to_id,
                weight=self._maybe(0.7, Decimal(self._one(weights))),
                lag_days=self._one([None, 0, 0, 10, 30, 90]),
            )

    def _ladder(self) -> set[tuple[str, str, str, str]]:
        """Two outcomes a rung, each leading to both of the next: twice as many paths with every rung."""
        rungs = [[self._id("rung", f"{level}{side}") for side in "ab"] for level in range(6)]
        for name in [name for rung in rungs for name in rung]:
            self._add("outcome", outcome_id=name, name=name)
        steps = {
            ("outcome", low, "outcome", high) for lower, upper in pairwise(rungs) for low, high in product(lower, upper)
        }
        feet = {("output", name, "outcome", foot) for name in self._ids("output")[:1] for foot in rungs[0]}
        return steps | feet | {("outcome", top, "benefit", self._ids("benefit")[0]) for top in rungs[-1]}

    # Readings

    def _readings(self) -> None:
        world = read_world(self.tables, self.settings)
        found = Realisation(replace(world, rates={}))
        measures = {
            (kpi, dimension): "random" for kpi in world.kpis for dimension in ("", "north") if self._chance(0.3)
        }
        drivers: dict[tuple[str, str], Benefit] = {}
        for benefit in world.benefits.values():
            if benefit.kpi_id in world.kpis and self._chance(0.9):
                drivers[benefit.kpi_id, benefit.dimension] = benefit
                measures[benefit.kpi_id, benefit.dimension] = self._one(MODES)
        for (kpi_id, dimension), mode in measures.items():
            self.delivery = self._one([0, 0, 2])
            self._series(found, world.kpis[kpi_id], dimension, drivers.get((kpi_id, dimension)), mode)
        if self._chance(0.2):
            self._reading(self._id("kpi", "gone"), self.as_of, "", 1.0)
        self._corrections()

    def _series(self, found: Realisation, kpi: Kpi, dimension: str, driver: Benefit | None, mode: str) -> None:
        fiscal, step = self.settings.fiscal_year_start, DAYS[kpi.frequency]
        start = driver.start_date if driver and driver.start_date else self.as_of - timedelta(days=8 * step)
        begin = max(start - timedelta(days=3 * step), self.as_of - timedelta(days=40 * step))
        stop = self.as_of + timedelta(days=self._one([-12, -4, -2, -1, 0, 0, 0, 0, 1]) * step)
        presence, fullness = self._one([0.4, 0.9, 1.0]), self._one([0.6, 0.8, 0.95, 1.0])
        for period in starts_between(begin, stop, kpi.frequency, fiscal):
            if self._chance(presence):
                is_late = (period - start).days > (self.as_of - start).days - 3 * step
                value = self._value(found, driver, period, mode, is_late)
                self._fill(kpi, dimension, period, value, fullness)

    def _value(self, found: Realisation, driver: Benefit | None, period: date, mode: str, is_late: bool) -> Fraction:
        plan = found.plans[driver.benefit_id] if driver else None
        rows = [row for row in found.periods[driver.benefit_id] if row.period_start == period] if driver else []
        reference = rows[0].reference_value if rows else None
        rephased = rows[0].figures["rephased"] if rows else None
        if plan is None or reference is None or rephased is None or mode == "random":
            base = plan.curve.before if plan and self._chance(0.6) else Fraction(self.random.randint(-200, 900), 10)
            return base + (self._one([Fraction(0), plan.slack, -plan.slack, 2 * plan.slack]) if plan else 0)
        slack, full = plan.slack, plan.full_improvement
        off = Fraction(self.random.randint(2, 9), 4) * (slack + full / 20)
        improvement = {
            "on": rephased,
            "bound": rephased + self._one([-slack, slack]),
            "inside": rephased + self._one([-slack, slack]) / 2,
            "behind": rephased - slack - off,
            "ahead": rephased + slack + off,
            "away": min(Fraction(0), rephased) - slack - self._one([Fraction(0), off]),
            "eroding": full - slack - (off if is_late else self._one([Fraction(0), -slack])),
            "full": full - self._one([slack, Fraction(0)]),
        }[mode]
        return reference + plan.sign * improvement

    def _fill(self, kpi: Kpi, dimension: str, period: date, value: Fraction, fullness: float) -> None:
        fiscal, end = self.settings.fiscal_year_start, end_of_period(period, kpi.frequency)
        steps = starts_between(period, end, kpi.reading_frequency, fiscal)
        for number, step in enumerate(steps):
            if len(steps) > 1 and not self._chance(fullness):
                continue
            figure = float(value)
            is_last = number == len(steps) - 1
            if kpi.aggregation == "sum":
                figure = float(value / len(steps))
            elif kpi.aggregation in ("min", "max") and not is_last and self._chance(0.5):
                figure += self.random.randint(0, 40) / 4 * (1 if kpi.aggregation == "min" else -1)
            elif kpi.aggregation == "last" and not is_last:
                figure += self.random.randint(-40, 40) / 4
            length = (end_of_period(step, kpi.reading_frequency) - step).days
            days = {step + timedelta(days=self._one([0, 0, length, self.random.randint(0, length)]))}
            if self._chance(0.1):
                days.add(step + timedelta(days=self.random.randint(0, length)))
            for day in self.random.sample(sorted(days), len(days)):
                self._reading(kpi.kpi_id, day, dimension, figure)
        if not steps:
            self._reading(kpi.kpi_id, period, dimension, float(value))

    def _reading(self, kpi_id: str, day: date, dimension: str, value: float) -> None:
        key = {"kpi_id": kpi_id, "period_start": day, "dimension": dimension}
        if any(all(fact[name] == key[name] for name in key) for fact in self.tables.get("kpi_reading", [])):
            return
        unit = self._one([None] * 100 + ["%"] * 100 + ["pieces"])
        self._add(
            "kpi_reading", **key, value=value, unit=unit, reported_at=self._reported(day), _delivery=self.delivery
        )

    def _reported(self, day: date) -> datetime | None:
        moment = datetime(day.year, day.month, day.day, 12) + timedelta(days=self._one([10, 20, 40]))
        return self._maybe(0.5, moment)

    def _corrections(self) -> None:
        """The second delivery: some readings again, with another value, unit or date within the period."""
        for fact in list(self.tables.get("kpi_reading", [])):
            if self._chance(0.06):
                again = {**fact, "value": fact["value"] + self._one([0.0, 1.0, -2.5]), "_delivery": 1}
                again["unit"] = self._one([fact["unit"], "%", "pieces"])
                again["reported_at"] = self._reported(fact["period_start"])
                self.tables["kpi_reading"].append(again)
