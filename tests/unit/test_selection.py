"""Portfolio selection: against every subset of small portfolios, and what it says of those it leaves out."""

from __future__ import annotations

import itertools
import math
import random
from dataclasses import replace
from datetime import date

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipelines.errors import ConfigError
from pipelines.selection import (
    Candidate,
    Capacity,
    Problem,
    Selection,
    Slot,
    budgets,
    frontier,
    marginals,
    programme,
    reasons,
    select,
)

SPRING, SUMMER = date(2027, 4, 1), date(2027, 7, 1)
NURSES, TRAINERS = Slot("Nurse", SPRING), Slot("Trainer", SUMMER)


def brute_force(problem: Problem) -> tuple[str, ...]:
    """The best set of all there are: worth most, then cheapest, then the one with the first id that differs."""
    usable = sorted(
        (
            one
            for one in problem.candidates
            if one.cost is not None and one.value is not None and (one.value > 0 or one.cost < 0)
        ),
        key=lambda one: one.project_id,
    )
    best: tuple[float, float, tuple[int, ...]] | None = None
    chosen: tuple[str, ...] = ()
    for included in itertools.product((True, False), repeat=len(usable)):
        taken = [one for one, is_in in zip(usable, included, strict=True) if is_in]
        cost = math.fsum(one.cost or 0 for one in taken)
        if problem.budget is not None and cost > problem.budget * (1 + 1e-9):
            continue
        if any(
            math.fsum(one.demand.get(slot, 0) for one in taken) > max(0, capacity.free) * (1 + 1e-9)
            for slot, capacity in problem.capacity.items()
        ):
            continue
        value = math.fsum(one.value or 0 for one in taken)
        # Amounts here are multiples of a quarter, so that equal sums are equal.
        key = (-value, cost, tuple(0 if is_in else 1 for is_in in included))
        if best is None or key < best:
            best, chosen = key, tuple(one.project_id for one in taken)
    return chosen


quarters = st.integers(-8, 40).map(lambda number: number / 4)
demands = st.dictionaries(st.sampled_from([NURSES, TRAINERS]), st.integers(0, 12).map(lambda number: number / 4))


@st.composite
def problems(draw: st.DrawFn) -> Problem:
    count = draw(st.integers(0, 8))
    candidates = tuple(
        Candidate(
            f"P{number}",
            draw(st.none() | quarters),
            draw(st.none() | quarters),
            draw(st.sampled_from([0.0, 0.5, 1.0])),
            draw(demands),
        )
        for number in draw(st.permutations(range(count)))
    )
    capacity = draw(st.dictionaries(st.sampled_from([NURSES, TRAINERS]), st.integers(-4, 40)))
    return Problem(
        candidates,
        draw(st.none() | st.integers(0, 120).map(lambda number: number / 4)),
        {slot: Capacity(free / 4, 3) for slot, free in capacity.items()},
    )


@settings(max_examples=150, deadline=None)
@given(problems())
def test_it_is_the_best_of_all_subsets_ties_included(problem: Problem) -> None:
    found = select(problem)
    assert found.projects == brute_force(problem)
    assert found.bound == pytest.approx(found.value)
    assert set(reasons(problem, found)) == {one.project_id for one in problem.candidates} - set(found.projects)


@settings(max_examples=50, deadline=None)
@given(problems(), st.randoms(use_true_random=False))
def test_the_order_of_the_rows_changes_nothing(problem: Problem, shuffler: random.Random) -> None:
    shuffled = list(problem.candidates)
    shuffler.shuffle(shuffled)
    assert select(replace(problem, candidates=tuple(shuffled))) == select(problem)


@settings(max_examples=30, deadline=None)
@given(problems())
def test_a_greater_budget_is_never_worth_less(problem: Problem) -> None:
    steps = frontier(problem)
    assert [step.budget for step in steps] == budgets(problem)
    assert all(later.value >= sooner.value - 1e-9 for sooner, later in itertools.pairwise(steps))
    assert len(steps) <= 21
    if problem.budget is not None:
        assert select(problem) in steps


def test_among_many_the_answer_is_near_the_best_and_says_how_near(monkeypatch: pytest.MonkeyPatch) -> None:
    chance = random.Random(7)
    many = tuple(
        Candidate(f"P{number:03}", chance.uniform(1, 100), chance.uniform(1, 100), 1.0, {NURSES: chance.uniform(0, 3)})
        for number in range(programme.MANY + 20)
    )
    problem = Problem(many, 3000.0, {NURSES: Capacity(90.0, 3)})
    near, steps = select(problem), frontier(problem)
    assert select(replace(problem, candidates=many[::-1])) == near
    monkeypatch.setattr(programme, "MANY", len(many))
    best = select(problem)
    assert best.bound == best.value
    assert near.value <= best.value * (1 + 1e-9) <= near.bound * (1 + 2e-9)
    assert near.bound <= near.value * (1 + 2 * programme.NEAR)
    assert all(later.value >= sooner.value for sooner, later in itertools.pairwise(steps))
    assert all(step.cost <= (step.budget or 0.0) * (1 + 1e-9) for step in steps)


def worked() -> Problem:
    """A is worth most for its money; B and C together are worth more than A within 10; D asks for too many people."""
    return Problem(
        (
            Candidate("A", npv=9.0, cost=8.0),
            Candidate("B", npv=6.0, cost=5.0),
            Candidate("C", npv=10.0, cost=5.0, alignment=0.5, demand={NURSES: 2.0}),
            Candidate("D", npv=50.0, cost=1.0, demand={TRAINERS: 3.5}),
        ),
        budget=10.0,
        capacity={NURSES: Capacity(2.0, 3), TRAINERS: Capacity(1.0, 3)},
        currency="GBP",
    )


def test_two_that_fit_together_beat_the_one_of_the_greatest_value() -> None:
    """B + C cost 10 and are worth 6 + 10 x 0.5 = 11; A is worth 9 for 8. D needs 3.5 of 1."""
    found = select(worked())
    assert (found.projects, found.value, found.cost) == (("B", "C"), 11.0, 10.0)
    assert reasons(worked(), found) == {
        "A": "It costs GBP 8, and beside the projects selected GBP 0 of the budget is left.",
        "D": "It needs 3.5 FTE-months of Trainer in the quarter from 1 July 2027, and there are 1 free.",
    }


def test_a_little_more_of_each_constraint_is_measured_by_solving_again() -> None:
    """10.1 buys nothing new. One more trainer gives 3 FTE-months: D (50, for 1) then takes C's place beside A or B: A + D."""
    found = marginals(worked(), select(worked()))
    assert [(one.constraint, one.more, one.added_value, one.added, one.removed) for one in found] == [
        ("budget", pytest.approx(0.1), 0.0, (), ()),
        ("Nurse", 1.0, 0.0, (), ()),
        ("Trainer", 1.0, 48.0, ("A", "D"), ("B", "C")),
    ]


def test_people_who_are_overcommitted_are_not_freed_by_one_more() -> None:
    """Projects in delivery ask 5 FTE-months too many: 3 more are theirs, and nothing is added."""
    problem = Problem((Candidate("A", 5.0, 1.0, 1.0, {NURSES: 1.0}),), 9.0, {NURSES: Capacity(-5.0, 3)})
    found = select(problem)
    assert reasons(problem, found)["A"].endswith("and there are 0 free.")
    assert [one.added_value for one in marginals(problem, found)] == [0.0, 0.0]


@pytest.mark.parametrize(
    ("candidate", "reason"),
    [
        (Candidate("A", None, 5.0), "Its forecast NPV is unknown."),
        (Candidate("A", 5.0, None), "Its forecast cost is unknown."),
        (Candidate("A", -5.0, 5.0), "Its forecast NPV of GBP -5 is not positive."),
        (Candidate("A", 0.0, 5.0), "Its forecast NPV of GBP 0 is not positive."),
        (Candidate("A", 5.0, 5.0, alignment=0.0), "It serves no objective that carries a weight."),
        (Candidate("A", 5.0, 2500000.0), "It costs GBP 2,500,000, more than the whole budget of GBP 1,000,000."),
    ],
)
def test_a_candidate_that_fits_in_no_set_is_named_with_the_reason(candidate: Candidate, reason: str) -> None:
    problem = Problem((candidate,), 1000000.0, currency="GBP")
    found = select(problem)
    assert (found.projects, reasons(problem, found)) == ((), {"A": reason})


def test_a_candidate_that_is_crowded_out_of_people_is_told_what_is_left() -> None:
    asks = {NURSES: 2.0}
    problem = Problem(
        (Candidate("A", 5.0, 1.0, 1.0, asks), Candidate("B", 4.0, 1.0, 1.0, asks)),
        budget=None,
        capacity={NURSES: Capacity(3.0, 3)},
    )
    assert reasons(problem, select(problem)) == {
        "B": "It needs 2 FTE-months of Nurse in the quarter from 1 April 2027, "
        "and beside the projects selected 1 are left."
    }


def test_nothing_is_bought_for_nothing_but_what_is_free() -> None:
    candidates = (Candidate("A", 5.0, 1.0), Candidate("B", 1.0, 0.0))
    assert select(Problem(candidates, 0.0)).projects == ("B",)


def test_one_that_is_worth_less_than_nothing_is_taken_where_what_it_saves_buys_more() -> None:
    candidates = (Candidate("A", 5.0, 4.0), Candidate("SALE", -1.0, -3.0))
    assert select(Problem(candidates, 1.0)).projects == ("A", "SALE")
    found = select(Problem(candidates, 4.0, currency="GBP"))
    assert found.projects == ("A",)
    assert reasons(Problem(candidates, 4.0, currency="GBP"), found) == {
        "SALE": "Its forecast NPV of GBP -1 is not positive."
    }


def test_without_candidates_there_is_nothing_to_select() -> None:
    assert select(Problem((), 10.0)) == Selection(10.0, (), 0.0, 0.0, 0.0)
    assert [step.budget for step in frontier(Problem(()))] == [0.0]


def test_a_set_that_exceeds_the_budget_by_a_penny_is_not_taken() -> None:
    """HiGHS's own tolerances would let a penny in ten thousand millions pass."""
    candidates = (Candidate("A", 3.0, 5_000_000_000.00), Candidate("B", 2.0, 5_000_000_000.01))
    assert select(Problem(candidates, 10_000_000_000.00 - 100.0)).projects == ("A",)
    assert select(Problem(candidates, 10_000_000_000.01)).projects == ("A", "B")


def test_of_many_that_are_alike_the_first_are_taken() -> None:
    alike = tuple(Candidate(f"P{number:02}", 5.0, 2.0) for number in reversed(range(50)))
    assert select(Problem(alike, 61.0)).projects == tuple(f"P{number:02}" for number in range(30))


def test_the_steps_of_a_frontier_are_even_and_hold_the_budget_asked_about() -> None:
    candidates = (Candidate("A", 5.0, 60.0), Candidate("B", 5.0, 40.0), Candidate("C", -5.0, 40.0))
    assert budgets(Problem(candidates)) == [5.0 * step for step in range(21)]
    assert budgets(Problem(candidates, 50.0)) == [5.0 * step for step in range(21)]
    uneven = budgets(Problem(candidates, 51.0))
    assert (len(uneven), uneven[0], uneven[-1], 51.0 in uneven) == (21, 0.0, 100.0, True)


@pytest.mark.parametrize("amount", [math.nan, math.inf, -math.inf])
def test_what_is_no_finite_number_is_refused_with_a_next_step(amount: float) -> None:
    sound = Candidate("A", 1.0, 1.0)
    for candidate in (
        replace(sound, npv=amount),
        replace(sound, cost=amount),
        replace(sound, alignment=amount),
        replace(sound, demand={NURSES: amount}),
    ):
        with pytest.raises(ConfigError, match=r"of project A.* is no finite number: give one"):
            Problem((candidate,))
    with pytest.raises(ConfigError, match="The budget is no finite number"):
        Problem((sound,), amount)
    with pytest.raises(ConfigError, match="The free capacity of Nurse is no finite number"):
        Problem((sound,), 1.0, {NURSES: Capacity(amount, 3)})


def test_a_budget_below_0_and_a_project_named_twice_are_refused() -> None:
    with pytest.raises(ConfigError, match="The budget is below 0: give 0 or more"):
        Problem((), -1.0)
    with pytest.raises(ConfigError, match="Project A is a candidate twice"):
        Problem((Candidate("A", 1.0, 1.0), Candidate("A", 2.0, 1.0)))
