"""Measures, benefits, what was said of them before, and what is claimed (2, contracts)."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta
from decimal import Decimal
from fractions import Fraction

from tests.warehouse.portfolios.draft import DAYS, Draft, Fact
from tests.warehouse.portfolios.stamping import APPROVALS, STAMPS, placed_at, stamped
from tests.warehouse.reference import Realisation, read_world
from tests.warehouse.reference.calendar import start_of_period
from tests.warehouse.reference.evidence import Evidence, evidence_of
from tests.warehouse.reference.facts import Benefit
from tests.warehouse.reference.plan import last_day

FINER = {"day": ["day"], "week": ["day"], "month": ["week", "day"], "quarter": ["month", "week"], "year": ["quarter"]}
COARSER = {"day": "week", "week": "month", "month": "quarter", "quarter": "year", "year": "year"}
CATEGORIES = ["time", "time", "money", "money", "safety", None]
"""Shared by all portfolios of a build: their benefits make the reference classes."""


def draw_kpis(draft: Draft) -> None:
    """Measures; some have another beside them that could serve as a control."""
    for number in draft.some(1, 3):
        frequency = draft.one(["month", "month", "month", "quarter", "quarter", "week", "day", "year"])
        reading = draft.one([None, None, None, frequency, *FINER[frequency] * 2])
        if draft.chance(0.04):
            reading = COARSER[frequency]
        draft.add(
            "kpi",
            kpi_id=draft.id("kpi", number),
            name=f"kpi {number}",
            unit="%",
            frequency=frequency,
            reading_frequency=reading,
            aggregation=draft.one([None, "last", "mean", "mean", "sum", "sum", "min", "max"]),
            min_coverage=draft.one([None, None, 0.5, 1.0, 0.0, 0.25]),
            direction=draft.one([None, "increase", "increase", "decrease"]),
            grace_days=draft.one([None, None, 0, 5, 45]),
        )
        if draft.chance(0.7):
            draft.add(
                "kpi",
                kpi_id=draft.id("control", number),
                name=f"control {number}",
                unit="%",
                frequency=frequency if draft.chance(0.85) else COARSER[frequency],
                aggregation=draft.one([None, "mean"]),
            )


def draw_benefits(draft: Draft) -> None:
    """Benefits and disbenefits, with and without every part of a plan."""
    for number in draft.some(1, 5):
        _benefit(draft, draft.id("benefit", number))


def _benefit(draft: Draft, name: str) -> None:
    kpi = draft.one([*_measures(draft)] * 4 + draft.tables["kpi"])
    step = DAYS[kpi["frequency"]]
    start = draft.near(-22 * step, draft.one([-10 * step, 3 * step]))
    if draft.chance(0.25):
        start = start_of_period(start, kpi["frequency"], draft.settings.fiscal_year_start)
    finish = start + timedelta(days=draft.one([-20, -1, 0, 1, 2 * step, 5 * step, 8 * step, 10 * step, 30 * step]))
    baseline = draft.one([0.0, 10.0, 0.1, 50.0, 100.0, -3.5, 1234.5, round(draft.random.uniform(-50, 200), 4)])
    target = baseline + draft.one([0.0, 0.1, 10.0, 10.0, -5.0, -10.0, 33.3, round(draft.random.uniform(-40, 60), 3)])
    ends = [
        finish,
        start,
        start - timedelta(days=9),
        draft.as_of,
        draft.as_of - timedelta(days=draft.one([1, 10, 50])),
    ]
    fact = draft.add(
        "benefit",
        benefit_id=name,
        name=f"benefit {name}",
        kind=draft.one(["benefit", "benefit", "benefit", "disbenefit"]),
        type=draft.one(["cashable", "cashable", "non_cashable", "quantifiable", "qualitative", None]),
        owner=draft.maybe(0.85, f"{draft.prefix}.owner"),
        kpi_id=draft.one([kpi["kpi_id"]] * 18 + [None, draft.id("kpi", "gone")]),
        dimension=draft.one([None, None, "", "", "north", "south"]),
        kpi_share=draft.one([None, None, "1", "0.5", "0.4", "0.6", "0.333333", "0", "0.000001"]),
        baseline_value=draft.maybe(0.95, baseline),
        baseline_date=draft.maybe(0.6, start - timedelta(days=draft.one([0, 1, step, 2 * step]))),
        target_value=draft.maybe(0.95, target),
        target_date=draft.maybe(0.96, finish),
        do_nothing_value=_do_nothing(draft, baseline, target),
        start_date=draft.maybe(0.95, start),
        end_date=draft.maybe(0.15, draft.one(ends)) or draft.maybe(1 if step == 1 else 0.5, draft.near(1, 900)),
        unit_value=draft.one([None, 1000.0, 12.5, 12.5, 0.1, 0.0, 3.0]),
        currency=draft.one(draft.currencies),
        tolerance=draft.one([None, None, 0.1, 0.0, 0.05, 0.3, 1.0]),
        verified_date=draft.maybe(0.12, draft.near(-100, 30)),
        category=draft.one([*CATEGORIES * 3, f"rare {draft.random.randint(0, 40)}"]),
        counterfactual=draft.one([None, "baseline", "trend", "trend", "trend", "control", "control", "control"]),
    )
    if kpi["frequency"] == "year" and draft.chance(0.5):
        fact["end_date"] = draft.near(11_000, 32_000)
    fact |= _control(draft, kpi)
    fact["kpi_share"] = None if fact["kpi_share"] is None else Decimal(fact["kpi_share"])
    if draft.chance(0.4):
        _profile(draft, name, start, finish, baseline, target)


def _measures(draft: Draft) -> list[Fact]:
    """The KPIs that are no controls."""
    return [kpi for kpi in draft.tables["kpi"] if ".kpi" in kpi["kpi_id"]]


def _control(draft: Draft, kpi: Fact) -> Fact:
    """Another measure, another dimension, both or neither; sometimes one of another frequency, or none there is."""
    beside = kpi["kpi_id"].replace(".kpi", ".control")
    other = draft.one([beside, beside, beside, beside, None, kpi["kpi_id"], draft.id("kpi", 0)])
    dimensions = [None, None, None, "north"] if other == beside else [None, "north", "south", "south"]
    return {"control_kpi_id": other, "control_dimension": draft.one(dimensions)}


def draw_earlier_registers(draft: Draft) -> None:
    """Approvals; of some benefits also what other deliveries said of the plan; the fact drawn first stays current."""
    for fact in list(draft.tables["benefit"]):
        fact["approved_date"] = draft.one(APPROVALS)
        if draft.chance(0.3):
            continue
        numbers = draft.random.sample(range(len(STAMPS)), draft.random.randint(2, 4))
        *others, fact["_delivery"] = sorted(numbers, key=placed_at)
        for number in others:
            draft.add("benefit", **{**fact, **_other_promise(draft, fact), "_delivery": number})


def _other_promise(draft: Draft, fact: Fact) -> Fact:
    """Some figures of the plan, other than they are or not there at all; often none differs."""
    changed: Fact = {}
    for column in ("baseline_value", "target_value", "target_date", "do_nothing_value"):
        if draft.chance(0.3):
            step = timedelta(days=30) if column == "target_date" else 1.0
            changed[column] = None if fact[column] is None or draft.chance(0.4) else fact[column] + step
    for column, values in (
        ("unit_value", [None, 2.0, 500.0]),
        ("end_date", [None, draft.near(-50, 500)]),
        ("currency", draft.currencies),
        ("kpi_share", [None, Decimal("0.5")]),
        ("start_date", [None, draft.near(-400, 100)]),
        ("kpi_id", [None, draft.id("kpi", 0)]),
    ):
        if draft.chance(0.1):
            changed[column] = draft.one(values)
    if draft.chance(0.1):
        changed |= dict.fromkeys(("baseline_value", "target_value", "target_date", "do_nothing_value"))
        if draft.chance(0.3):
            changed |= dict.fromkeys(("start_date", "unit_value", "kpi_id"))
    return changed


def draw_orderly_benefit(draft: Draft) -> None:
    """One of which nothing is missing: delivered, measured before and after, with something beside it to compare with."""
    frequency = draft.one(["month", "month", "month", "quarter", "week", "day", "year"])
    step, project = DAYS[frequency], draft.one(draft.ids("project"))
    for kind in ("orderly", "beside"):
        name, aggregation = draft.id(kind, ""), draft.one([None, "mean", "max"])
        draft.add("kpi", kpi_id=name, name=kind, unit="%", frequency=frequency, aggregation=aggregation)
    came = draft.as_of - timedelta(days=draft.random.randint(1, 14 * step))
    start = came + timedelta(days=draft.one([-step, 0, 0, step // 2]))
    dates = {"baseline_date": came - timedelta(days=draft.one([0, 0, 10])), "delivered_date": came}
    draft.add("output", output_id=draft.id("orderly", ""), name="orderly", project_id=project, **dates)
    target = draft.one([10.0, 40.0, -8.0, 0.7])
    draft.add(
        "benefit",
        benefit_id=draft.id("orderly", ""),
        name="orderly",
        kind=draft.one(["benefit"] * 5 + ["disbenefit"]),
        category=draft.one(CATEGORIES),
        owner=f"{draft.prefix}.owner",
        kpi_id=draft.id("orderly", ""),
        dimension=draft.one([None, "north"]),
        kpi_share=draft.one([None, None, Decimal("0.5")]),
        baseline_value=draft.one([0.0, 20.0, 99.9]),
        target_value=None,
        target_date=start + timedelta(days=draft.one([0, 2, 4, 9]) * step),
        do_nothing_value=None,
        start_date=start,
        end_date=draft.maybe(0.6, draft.near(1, 900)),
        unit_value=draft.one([1000.0, 12.5, 3.0]),
        currency=draft.one([None, None, "EUR", draft.currencies[-1]]),
        counterfactual=draft.one(["trend", "control", "control"]),
        control_kpi_id=draft.maybe(0.9, draft.id("beside", "")),
        control_dimension=draft.one([None, None, "south"]),
    )
    fact = draft.tables["benefit"][-1]
    fact["target_value"] = fact["baseline_value"] + target


def _do_nothing(draft: Draft, baseline: float, target: float) -> float | None:
    return draft.maybe(0.3, draft.one([baseline, target, baseline - 10, baseline + 7.7, 2 * target - baseline, 0.7]))


def _profile(draft: Draft, name: str, start: date, finish: date, baseline: float, target: float) -> None:
    span = max((finish - start).days, 10)
    early = [-span, -1, 0] if draft.chance(0.4) else [0]
    offsets = {draft.one(early), *(draft.random.randint(1, span + 20) for _ in range(draft.random.randint(0, 3)))}
    if draft.chance(0.5):
        offsets.discard(0)
    for offset in sorted(offsets):
        share = draft.one([0.0, 0.25, 0.5, 1.0, 1.0, 1.2, -0.2])
        value = draft.one([target, baseline, baseline + share * (target - baseline)])
        draft.add("benefit_profile", benefit_id=name, date=start + timedelta(days=offset), planned_value=value)


def draw_earlier_profiles(draft: Draft) -> None:
    """Of some points also what other deliveries said; the point drawn first stays current."""
    for fact in list(draft.tables.get("benefit_profile", [])):
        if draft.chance(0.5):
            *others, fact["_delivery"] = sorted(
                draft.random.sample(range(len(STAMPS)), draft.one([1, 2, 3])), key=placed_at
            )
            for number in others:
                value = fact["planned_value"] + draft.one([0.0, 1.0, -2.0])
                draft.add("benefit_profile", **{**fact, "planned_value": value, "_delivery": number})


def draw_claims(draft: Draft) -> None:
    """Claims before, after and in a benefit's life: exactly what can be borne out, less, more, in units or in money."""
    world = read_world(stamped(draft.tables)[1], draft.settings)
    found = Realisation(replace(world, rates={}))
    for benefit in world.benefits.values():
        periods = [(row.period.period_start, _supported(row)) for row in evidence_of(found, benefit)]
        if periods and draft.chance(0.5):
            periods = periods[-6:]
        others: list[tuple[date, list[Fraction]]] = [(draft.near(-800, 60), []) for _ in draft.some(0, 1)]
        end = last_day(benefit)
        if end is not None and draft.chance(0.7):
            others.append((end + timedelta(days=draft.one([0, 1, 10, 40, 100])), []))
        chosen = draft.random.sample(periods, min(len(periods), draft.one([0, 0, 1, 2, 4])))
        claimed = {day + timedelta(days=draft.one([0, 0, 0, 3])): most for day, most in [*others, *chosen]}
        for day, supported in claimed.items():
            _claim(draft, found, benefit, day, draft.one(supported) if supported else None)


def _supported(row: Evidence) -> list[Fraction]:
    """How much improvement can be claimed for a period, but for the slack, or at most."""
    known = [improvement for improvement in (row.period.figures["actual"], row.attributable) if improvement is not None]
    return [] if row.period.figures["actual"] is None else [max(Fraction(0), *known), *([row.high] if row.high else [])]


def _claim(draft: Draft, found: Realisation, benefit: Benefit, day: date, supported: Fraction | None) -> None:
    plan = found.plans[benefit.benefit_id]
    slack, full = (plan.slack, plan.full_improvement) if plan else (Fraction(0), Fraction(10))
    most = (full if supported is None else max(Fraction(0), supported)) + draft.one([slack, slack, Fraction(0)])
    claimed = benefit.kpi_share * most * Fraction(draft.one([4, 4, 4, 0, 2, 5, 8]), 4)
    improvement, amount = float(claimed), None
    if draft.chance(0.4):
        amount = Decimal(str(round(float(claimed * (benefit.unit_value or 1)), 2)))
    draft.add(
        "benefit_claim",
        benefit_id=benefit.benefit_id,
        period_start=day,
        claimed_improvement=improvement if amount is None or draft.chance(0.2) else None,
        claimed_amount=amount,
        claimed_on=draft.maybe(0.5, day + timedelta(days=draft.one([0, 20, 60, 200]))),
    )
