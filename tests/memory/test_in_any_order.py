"""Anything that can happen to a memory, in any order, beside a model of it in plain Python."""

from __future__ import annotations

import itertools
import shutil
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from random import Random
from typing import Any

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, precondition, rule, run_state_machine_as_test

from pipelines.lake import Lake
from pipelines.replay import replay
from tests.faults import small
from tests.memory.home import AS_OF, Home
from tests.memory.model import BAD, OBJECTIVE, READING, File, Line, Memory, Way, status_of

REGISTER = Way("register", OBJECTIVE, ("objective_id", "name", "weight"), mode="snapshot", has_as_at=True)
OWNERS = Way("owners", OBJECTIVE, ("objective_id", "owner"))
READINGS = Way("readings", READING, ("kpi_id", "period_start", "value", "dimension", "reported_at"))
WAYS = {way.feed: way for way in (REGISTER, OWNERS, READINGS)}

LETTERS = ("A", "B", "C")
DATES = [datetime(2026, month, 1) for month in (1, 2, 3)]


def lines(way: Way, cells: Callable[[str], st.SearchStrategy[tuple[str | None, ...]]]) -> st.SearchStrategy[Any]:
    """A few lines, at most one a letter."""
    one = st.sampled_from(LETTERS).flatmap(lambda letter: st.tuples(st.just(letter), cells(letter)))
    drawn = st.lists(one, max_size=3, unique_by=lambda pair: pair[0])
    return drawn.map(lambda pairs: tuple(Line(tuple(zip(way.mapped, values, strict=True))) for _, values in pairs))


def key(letter: str) -> st.SearchStrategy[str | None]:
    """Now and then it is missing, so that nobody can tell which row is meant."""
    return st.sampled_from([letter] * 9 + [None])


REGISTERS = lines(
    REGISTER,
    lambda letter: st.tuples(key(letter), st.sampled_from(["one", "two"]), st.sampled_from([None, "0.5", "0.25", BAD])),
)
OWNERSHIP = lines(OWNERS, lambda letter: st.tuples(key(letter), st.sampled_from(["Ada", "Bo", None])))
MEASURED = lines(
    READINGS,
    lambda letter: st.tuples(
        key(letter),
        st.sampled_from(["2026-01-01", "2026-02-01", BAD]),
        st.sampled_from(["1", "2", "3", BAD]),
        st.sampled_from([None, "north"]),
        st.sampled_from([None, "2026-02-03T00:00:00", "2026-02-04T00:00:00"]),
    ),
)
BROKEN = st.sampled_from([False] * 9 + [True])
FILES = st.one_of(
    st.builds(File, st.just("register"), REGISTERS, st.sampled_from(DATES), BROKEN),
    st.builds(File, st.just("owners"), OWNERSHIP, st.none(), BROKEN),
    st.builds(File, st.just("readings"), MEASURED, st.none(), BROKEN),
)


class Machine(RuleBasedStateMachine):
    """Each rule happens to the home and to the model; after each build both must know the same."""

    folder: Path

    def __init__(self) -> None:
        super().__init__()
        self.place = Path(tempfile.mkdtemp(dir=self.folder))
        furnished = small.settings_of(self.folder)
        self.home = Home(replace(furnished, home=self.place / "home", feeds=self.place / "feeds"))
        self.home.settings.feeds.mkdir()
        self.ways = dict(WAYS)
        for way in self.ways.values():
            self.home.write_feed(way)
        self.memory = Memory()

    def teardown(self) -> None:
        shutil.rmtree(self.place)

    @rule(file=FILES)
    def deliver(self, file: File) -> None:
        """New facts, corrections, late ones, snapshots that leave something out, rejected rows, broken files."""
        self._deliver(file)

    @precondition(lambda self: self.memory.attempts)
    @rule(data=st.data())
    def deliver_again(self, data: st.DataObject) -> None:
        """The same bytes: a repeat, or something taken back."""
        self._deliver(data.draw(st.sampled_from(self.memory.attempts)).file)

    @rule(file=FILES, call=st.integers(1, 40))
    def deliver_and_be_killed(self, file: File, call: int) -> None:
        """Whenever the run dies, the next one finishes it."""
        self.home.drop(file, self.ways[file.feed])
        self.home.die(call, "ingest", file.feed)
        self.home.sweep(file.feed)
        self.memory.deliver(file, self.ways[file.feed])
        self._compare_deliveries()

    @rule(factor=st.sampled_from([1, 10]))
    def mend_the_feed(self, factor: int) -> None:
        """From now on values are read otherwise."""
        self.ways["readings"] = replace(READINGS, factor=factor)
        self.home.write_feed(self.ways["readings"])

    @rule(mode=st.sampled_from(["snapshot", "delta"]))
    def mend_the_mode(self, mode: Any) -> None:
        """From now on what the register leaves out is closed, or is not."""
        self.ways["register"] = replace(REGISTER, mode=mode)
        self.home.write_feed(self.ways["register"])

    @precondition(lambda self: any(one.status != "repeat" for one in self.memory.attempts))
    @rule(data=st.data())
    def replay(self, data: st.DataObject) -> None:
        """What was read before is read anew, in its old place."""
        root = data.draw(st.sampled_from([one for one in self.memory.attempts if one.status != "repeat"]))
        expected = [one.status for one in self.memory.replay(root, self.ways[root.file.feed])]
        assert self.home.replay(root) == expected

    @rule()
    def build(self) -> None:
        self.home.build()
        self._compare_now(self.memory.build())

    @precondition(lambda self: self.memory.builds)
    @rule(call=st.integers(1, 60))
    def build_and_be_killed(self, call: int) -> None:
        """A build that dies may have been recorded or not; the next one knows the same."""
        self.home.die(call, "run", "--as-of", AS_OF.isoformat())
        self.build()

    @precondition(lambda self: self.memory.builds)
    @rule()
    def rebuild(self) -> None:
        """From the lake alone: the last build again, without what has come since."""
        self.home.rebuild()
        self._compare_now(self.memory.builds)

    @precondition(lambda self: self.memory.builds)
    @rule(data=st.data())
    def look_back(self, data: st.DataObject) -> None:
        number = data.draw(st.integers(1, self.memory.builds))
        for contract in (OBJECTIVE, READING):
            assert self.home.then(number, contract) == self.memory.current(contract, number)

    def _deliver(self, file: File) -> None:
        self.home.drop(file, self.ways[file.feed])
        attempt = self.memory.deliver(file, self.ways[file.feed])
        assert self.home.sweep(file.feed) == [attempt.status]

    def _compare_now(self, build: int) -> None:
        for contract in (OBJECTIVE, READING):
            assert self.home.now(contract) == self.memory.current(contract, build)

    def _compare_deliveries(self) -> None:
        assert self.home.statuses() == [one.status for one in self.memory.attempts]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """Where the homes are, and the dbt project that they share."""
    folder = tmp_path_factory.mktemp("memory")
    small.furnish(folder)
    yield folder


@pytest.mark.parametrize(("examples", "steps"), [(3, 12), pytest.param(40, 25, marks=pytest.mark.soak)])
def test_the_memory_is_what_the_model_says_whatever_happens(folder: Path, examples: int, steps: int) -> None:
    run_state_machine_as_test(
        type("Here", (Machine,), {"folder": folder}),
        settings=settings(
            max_examples=examples,
            stateful_step_count=steps,
            deadline=None,
            derandomize=True,
            suppress_health_check=list(HealthCheck),
        ),
    )


def random_file(random: Random, feed: str) -> File:
    """A file of readings or of the register, by the same strategies' values."""
    way = WAYS[feed]
    chosen = random.sample(LETTERS, random.randint(1, 3))
    if feed == "register":
        cells = [(letter, random.choice(["one", "two"]), random.choice([None, "0.5", "0.25"])) for letter in chosen]
        return File(feed, tuple(Line(tuple(zip(way.mapped, c, strict=True))) for c in cells), random.choice(DATES))
    rows = [(letter, "2026-01-01", random.choice("123"), None, None) for letter in chosen]
    return File(feed, tuple(Line(tuple(zip(way.mapped, row, strict=True))) for row in rows))


@pytest.mark.parametrize("seed", [0, *(pytest.param(seed, marks=pytest.mark.soak) for seed in range(1, 20))])
def test_replays_in_any_order_give_the_same_tables(folder: Path, seed: int) -> None:
    random = Random(seed)
    files = [random_file(random, random.choice(["register", "readings"])) for _ in range(4)]
    orders = random.sample(list(itertools.permutations(range(4))), 3)
    results = []
    for number, order in enumerate(orders):
        place = folder / f"order-{seed}-{number}"
        home = Home(replace(small.settings_of(folder), home=place / "home", feeds=place / "feeds"))
        home.settings.feeds.mkdir(parents=True)
        memory = Memory()
        before = {"register": replace(REGISTER, mode="delta"), "readings": replace(READINGS, factor=10)}
        for way in before.values():
            home.write_feed(way)
        for file in files:
            home.drop(file, before[file.feed])
            home.sweep(file.feed)
            memory.deliver(file, before[file.feed])
        for way in (REGISTER, READINGS):
            home.write_feed(way)
        roots = [one for one in memory.attempts if one.status == "accepted"]
        for index in order:
            if index < len(roots):
                home.replay(roots[index])
                memory.replay(roots[index], WAYS[roots[index].file.feed])
        home.build()
        memory.build()
        for contract in (OBJECTIVE, READING):
            assert home.now(contract) == memory.current(contract, 1)
        results.append({contract.name: home.now(contract) for contract in (OBJECTIVE, READING)})
        shutil.rmtree(place)
    assert all(result == results[0] for result in results)
    assert all(status_of(file, WAYS[file.feed]) == "accepted" for file in files)


def test_a_snapshot_read_again_as_of_an_earlier_day_no_longer_closes_what_came_after_that(folder: Path) -> None:
    place = folder / "moved-back"
    home = Home(replace(small.settings_of(folder), home=place / "home", feeds=place / "feeds"))
    home.settings.feeds.mkdir(parents=True)
    home.write_feed(REGISTER)
    feed = home.settings.feeds / "register.yml"
    declared = feed.read_text()
    feed.write_text(declared.replace("as_at:\n", "as_at:\n  format: '%Y-%d-%m'\n"))  # 5 February becomes 2 May
    whole, part = (
        tuple(Line(((("objective_id", x)), ("name", "one"), ("weight", None))) for x in xs) for xs in ("AB", "A")
    )
    for file in (File("register", whole, datetime(2026, 3, 3)), File("register", part, datetime(2026, 2, 5))):
        home.drop(file, REGISTER)
        assert home.sweep("register") == ["accepted"]
    home.build()
    assert set(home.now(OBJECTIVE)) == {("A",)}
    feed.write_text(declared)
    manifests = sorted(Lake.of(home.settings).manifests(), key=lambda manifest: manifest.delivery_id)
    (result,) = replay(home.settings, [manifests[1].batch_id])
    assert (result.as_at_before, result.as_at) == (datetime(2026, 5, 2), datetime(2026, 2, 5))
    home.build()
    assert set(home.now(OBJECTIVE)) == {("A",), ("B",)}
    assert set(home.then(1, OBJECTIVE)) == {("A",)}
