"""The reference itself: examples worked by hand, and what must hold of every portfolio."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Mapping
from dataclasses import replace
from datetime import date, datetime
from decimal import Decimal
from fractions import Fraction
from typing import Any

import pytest
from hypothesis import given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from tests.warehouse.portfolios import (
    Portfolio,
    in_small_numbers,
    in_smaller_unit,
    merged,
    on_the_bound,
    portfolio,
    stamped,
)
from tests.warehouse.reference import Realisation, Reckoning, Settings, open_gaps, read_world
from tests.warehouse.reference.alignment import alignment
from tests.warehouse.reference.calendar import add_months, end_of_period, start_of_period
from tests.warehouse.reference.gaps import AMOUNTS
from tests.warehouse.reference.gaps.forecast import to_come
from tests.warehouse.reference.plan import Curve
from tests.warehouse.reference.realisation import MEASURES
from tests.warehouse.reference_versions import Contract, Delivery, current_rows

SETTINGS = Settings(as_of=date(2026, 6, 30))
FAST = hypothesis_settings(max_examples=25, deadline=None, derandomize=True, database=None)
SEEDS = st.integers(min_value=0, max_value=10**9)


def realise(*tables: Portfolio) -> Realisation:
    """The reference over portfolios and the rates of their build, up to what was realised."""
    return Realisation(read_world(stamped(merged(tables, SETTINGS))[1], SETTINGS))


def reckon(*tables: Portfolio) -> Reckoning:
    """All of the reference over portfolios and the rates of their build."""
    return Reckoning(read_world(stamped(merged(tables, SETTINGS))[1], SETTINGS))


@pytest.mark.parametrize(
    ("frequency", "fiscal_year_start", "day", "first", "last"),
    [
        ("week", 1, date(2026, 1, 1), date(2025, 12, 29), date(2026, 1, 4)),
        ("month", 4, date(2024, 2, 29), date(2024, 2, 1), date(2024, 2, 29)),
        ("quarter", 1, date(2026, 6, 30), date(2026, 4, 1), date(2026, 6, 30)),
        ("quarter", 2, date(2026, 1, 31), date(2025, 11, 1), date(2026, 1, 31)),
        ("year", 4, date(2026, 3, 31), date(2025, 4, 1), date(2026, 3, 31)),
        ("year", 4, date(2026, 4, 1), date(2026, 4, 1), date(2027, 3, 31)),
    ],
)
def test_a_period_is_the_step_that_holds_the_day(
    frequency: str, fiscal_year_start: int, day: date, first: date, last: date
) -> None:
    assert start_of_period(day, frequency, fiscal_year_start) == first
    assert end_of_period(first, frequency) == last


def test_the_tenth_anniversary_of_a_leap_day_is_the_last_of_february() -> None:
    assert add_months(date(2016, 2, 29), 120) == date(2026, 2, 28)


def test_the_mean_of_a_ramp_over_its_whole_length_is_its_middle() -> None:
    ramp = Curve(Fraction(10), ((date(2026, 1, 1), Fraction(10)), (date(2026, 1, 11), Fraction(20))))
    assert ramp.mean(date(2026, 1, 1), date(2026, 1, 10)) == 15
    assert ramp.mean(date(2025, 12, 22), date(2026, 1, 10)) == Fraction(25, 2)


def test_a_step_counts_from_the_beginning_of_its_day() -> None:
    step = Curve(Fraction(0), ((date(2026, 1, 31), Fraction(31)),))
    assert step.mean(date(2026, 1, 1), date(2026, 1, 31)) == 1
    assert step.over(date(2026, 1, 1), date(2026, 1, 31), "last") == 31


def test_a_diamond_sums_its_paths_and_keeps_the_longest_lag() -> None:
    edges: list[dict[str, Any]] = [
        _edge("output", "o", "outcome", "left", None, 10),
        _edge("output", "o", "outcome", "right", "0.5", 90),
        _edge("outcome", "left", "benefit", "b", "0.6", 5),
        _edge("outcome", "right", "benefit", "b", "0.9", 0),
    ]
    tables: Portfolio = {
        "output": [{"output_id": "o", "project_id": "p", "baseline_date": date(2026, 1, 1)}],
        "outcome": [{"outcome_id": "left"}, {"outcome_id": "right"}],
        "benefit": [{"benefit_id": "b", "kind": "benefit"}],
        "dependency": edges,
    }
    (link,) = realise(tables).links
    assert (link.share, link.lag_days, link.path_count) == (Fraction(6, 15) + Fraction(9, 15) / 2, 90, 2)


def _edge(from_type: str, from_id: str, to_type: str, to_id: str, weight: str | None, lag: int) -> dict[str, Any]:
    ends = {"from_type": from_type, "from_id": from_id, "to_type": to_type, "to_id": to_id}
    return {**ends, "weight": None if weight is None else Decimal(weight), "lag_days": lag}


def test_a_benefit_exactly_on_its_bound_is_on_it_whatever_the_last_bits_say() -> None:
    found = reckon(on_the_bound(SETTINGS))
    (period,) = [period for period in found.periods["bound.lenient"] if period.is_measured]
    assert period.rag == "amber"
    profile = {"AHEAD_OF_PROFILE", "DELIVERED_NOT_REALISED", "DISBENEFIT_EXCEEDED", "MOVED_AWAY", "BEHIND_PROFILE"}
    asked = profile | {"OVERCLAIMED", "RESOURCE_OVERLOAD"}
    flagged = [(gap.code, gap.subject_id) for gap in open_gaps(found) if gap.code in asked]
    assert flagged == [("DELIVERED_NOT_REALISED", "bound.away")]


def test_five_are_a_class_four_are_not_and_what_is_just_paid_back_is() -> None:
    found = reckon(in_small_numbers(SETTINGS))
    bases = {name: (ratios.basis, ratios.p50) for name, ratios in found.forecast.ratios.items()}
    assert bases["few.five0"] == ("category", Fraction(725, 1000))
    assert bases["few.four0"] == ("all", Fraction(6875, 10000))
    projects = {name: found.value.project_value(project) for name, project in found.world.projects.items()}
    assert [projects[f"few.of_{kind}"]["cost_p50"] for kind in ("five", "four")] == [120, 120]
    days = [projects[f"few.of_{kind}"]["finish_p50"] - date(2025, 5, 26) for kind in ("five", "four")]
    assert [day.days for day in days] == [8, 7]
    assert projects["few.late"]["planned_payback_date"] == date(2026, 5, 31)
    assert (projects["few.even"]["planned_npv"], projects["few.even"]["forecast_npv"]) == (0, Fraction(-1, 10))
    asked = ("RISK_EXPOSED", "NPV_ERODED", "OUTPUT_SLIPPING")
    gaps = {(gap.code, gap.subject_id) for gap in open_gaps(found) if gap.code in asked}
    assert gaps == {("RISK_EXPOSED", "few.five1"), ("NPV_ERODED", "few.worse"), ("OUTPUT_SLIPPING", "few.late15")}


@given(SEEDS)
@FAST
def test_every_gap_is_what_came_late_and_what_came_without_effect(seed: int) -> None:
    for periods in realise(portfolio(seed, "p", SETTINGS)).periods.values():
        for period in periods:
            late, unused, total = (period.figures[name] for name in ("delivery_gap", "realisation_gap", "total_gap"))
            assert (late is None) == (period.figures["planned"] is None)
            assert total is None or (late is not None and unused is not None and late + unused == total)


@given(SEEDS)
@FAST
def test_settled_shares_into_a_node_never_exceed_the_whole(seed: int) -> None:
    found = realise(portfolio(seed, "p", SETTINGS))
    into: dict[tuple[str, str], Fraction] = defaultdict(Fraction)
    for settled in found.network.edges:
        into[settled.edge.target] += settled.weight
    assert all(total <= 1 for total in into.values())
    assert all(0 <= link.share <= 1 for link in found.links)


@given(SEEDS)
@FAST
def test_every_benefit_has_a_delivery_whatever_is_missing_about_it(seed: int) -> None:
    tables = portfolio(seed, "p", SETTINGS)
    assert set(realise(tables).deliveries) == {fact["benefit_id"] for fact in tables["benefit"]}


@given(SEEDS, st.sampled_from([2, 4, 1024]))
@FAST
def test_counting_in_a_smaller_unit_changes_no_amount_and_no_gap(seed: int, factor: int) -> None:
    tables = portfolio(seed, "p", SETTINGS)
    one, other = reckon(tables), reckon(in_smaller_unit(tables, "p", factor))
    assert _amounts(one) == _amounts(other)
    for name, periods in one.periods.items():
        for left, right in zip(periods, other.periods[name], strict=True):
            assert left.rag == right.rag
            assert [_rounded(left.reporting[m]) for m in MEASURES] == [_rounded(right.reporting[m]) for m in MEASURES]
    assert _rounded_gaps(one) == _rounded_gaps(other)


def _amounts(found: Reckoning) -> Mapping[str, object]:
    """What projects and benefits are worth."""
    projects = {name: found.value.project_value(project) for name, project in found.world.projects.items()}
    columns = [f"{basis}_{figure}" for basis in ("planned", "forecast") for figure in ("benefit", "npv")]
    worth = {name: [_rounded(value[column]) for column in columns] for name, value in projects.items()}
    times = {name: (value["forecast_payback_date"], value["time_to_benefit_days"]) for name, value in projects.items()}
    to_come = {name: _rounded(one.to_come_reporting) for name, one in found.forecast.completions.items()}
    return {"worth": worth, "times": times, "to come": to_come}


def _rounded_gaps(found: Reckoning, without: Collection[str] = ()) -> set[tuple[str, str, float | None]]:
    return {(gap.code, gap.subject_id, _rounded(gap.amount)) for gap in open_gaps(found) if gap.code not in without}


FORECAST_BY_OTHERS = {"FORECAST_SHORTFALL", "RISK_EXPOSED", "NPV_ERODED"}
"""They rest on the ratios of the reference class, as do all amounts still to come."""


@pytest.mark.parametrize("examples", [10, pytest.param(250, marks=pytest.mark.soak)])
def test_the_gaps_of_a_benefit_do_not_depend_on_others_but_where_the_rule_says_so(examples: int) -> None:
    hypothesis_settings(FAST, max_examples=examples)(given(SEEDS)(gaps_do_not_depend_on_others))()


def gaps_do_not_depend_on_others(seed: int) -> None:
    tables, other = portfolio(seed, "p", SETTINGS), portfolio(seed + 1, "q", SETTINGS)
    beside = {**tables["benefit"][0], "benefit_id": "p.another", "kind": "benefit"}
    alone = reckon(tables)
    among = reckon(tables, {"benefit": [beside]}, other)
    without = FORECAST_BY_OTHERS | {"DOUBLE_COUNTED", "MISSING_FX_RATE"}
    found = {gap for gap in _own_gaps(among, without) if "p.another" not in gap}
    assert found == _own_gaps(alone, without)


def _own_gaps(found: Reckoning, without: Collection[str]) -> set[tuple[str, str, float | None]]:
    """The gaps of the first portfolio; amounts that come from forecasts left out."""
    return {
        (gap.code, gap.subject_id, None if AMOUNTS.get(gap.code) is to_come else _rounded(gap.amount))
        for gap in open_gaps(found)
        if gap.code not in without and "p." in gap.subject_id
    }


@given(SEEDS)
@FAST
def test_what_is_attributable_lies_within_its_interval(seed: int) -> None:
    for rows in reckon(portfolio(seed, "p", SETTINGS)).evidence.values():
        for row in rows:
            assert (row.low is None) == (row.high is None)
            assert (row.low is not None) == (row.attributable is not None and row.used in ("trend", "control"))
            if row.attributable is not None and row.low is not None and row.high is not None:
                assert row.low <= row.attributable <= row.high


@given(SEEDS)
@FAST
def test_the_fan_opens_where_an_improvement_is_due(seed: int) -> None:
    for rows in reckon(portfolio(seed, "p", SETTINGS)).forecast.outlooks.values():
        for row in rows:
            assert row.rephased < 0 or row.p10 <= row.p50 <= row.p90


@given(SEEDS)
@FAST
def test_nothing_vanishes(seed: int) -> None:
    tables = portfolio(seed, "p", SETTINGS)
    found, names = reckon(tables), {fact["benefit_id"] for fact in tables["benefit"]}
    assert set(found.forecast.completions) == set(found.evidence) == names
    assert set(found.forecast.ratios) == {name for name in names if found.plans[name]}
    assert set(alignment(found.value)) == {fact["objective_id"] for fact in tables.get("objective", [])}
    for name, rows in found.evidence.items():
        assert [row.period for row in rows] == found.periods[name]
    for name, outlook in found.forecast.outlooks.items():
        assert len(outlook) == (len(found.whole_life(found.world.benefits[name])) if found.plans[name] else 0)


@given(SEEDS)
@FAST
def test_what_projects_realise_is_no_more_than_what_their_benefits_do(seed: int) -> None:
    found = reckon(portfolio(seed, "p", SETTINGS))
    for benefit in found.value.summed:
        shares = [found.value.shares(project, is_planned=True) for project in found.world.projects.values()]
        assert 0 <= sum(share.get(benefit.benefit_id, Fraction(0)) for share in shares) <= 1


def _rounded(amount: Fraction | None) -> float | None:
    return None if amount is None else round(float(amount), 6)


def test_a_late_row_changes_nothing_a_snapshot_closes_its_own_and_a_replay_takes_back_what_it_no_longer_says() -> None:
    contract = Contract("outcome", ("outcome_id", "name", "owner"), ("outcome_id",))

    def delivery(number: int, feed: str, as_at: int, names: dict[str, str], mapped: str) -> Delivery:
        rows = tuple(
            {"outcome_id": key, "name": None, "owner": None, mapped: value, "_row": 2} for key, value in names.items()
        )
        received = datetime(2026, 2, number)
        moment = datetime(2026, 1, as_at)
        columns = frozenset({"outcome_id", mapped})
        return Delivery(f"{number}", feed, f"b{number}", feed == "pmo", moment, received, received, columns, rows)

    deliveries = [
        delivery(1, "pmo", 10, {"a": "new", "b": "seen"}, "name"),
        delivery(2, "pmo", 5, {"a": "old", "c": "only then"}, "name"),
        delivery(3, "vmo", 20, {"b": "ann"}, "owner"),
        replace(delivery(4, "pmo", 25, {"d": "sole"}, "name"), withdrawn_at=datetime(2026, 2, 5)),
        replace(delivery(5, "pmo", 25, {"a": "again"}, "name"), root_id="4", is_snapshot=False),
    ]
    known = {
        day: {key[0]: row.values[1:] for key, row in current_rows(contract, deliveries, datetime(2026, 2, day)).items()}
        for day in (1, 2, 3, 4, 5)
    }
    assert known[1] == {"a": ("new", None), "b": ("seen", None)}
    assert known[2] == known[1]
    assert known[3] == {"a": ("new", None), "b": ("seen", "ann")}
    assert known[4] == {"b": ("seen", "ann"), "d": ("sole", None)}
    assert known[5] == {"a": ("again", None), "b": ("seen", "ann")}
