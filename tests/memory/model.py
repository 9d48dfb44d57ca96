"""What should be known, in plain Python: files as they came, how each was read, and what each build had seen.

It shares nothing with the pipeline but the definition of a current row (tests/warehouse/reference_versions.py). Time is
counted: the n-th delivery comes on the n-th day of RECEIPTS, the n-th build knows what came before the n-th of BUILDS.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any, Literal

from tests.warehouse.reference_versions import Contract, Delivery, Key, current_rows

RECEIPTS = datetime(2030, 1, 1)
BUILDS = datetime(2100, 1, 1)
NEVER = datetime(9999, 1, 1)

OBJECTIVE = Contract("objective", ("objective_id", "name", "weight", "owner"), ("objective_id",))
READING = Contract(
    "kpi_reading",
    ("kpi_id", "period_start", "dimension", "value", "unit", "reported_at"),
    ("kpi_id", "period_start", "dimension"),
    effective="reported_at",
)

Row = dict[str, Any]


@dataclass(frozen=True)
class Line:
    """A line of a file: the text of its cells by column of the contract; None is an empty cell."""

    cells: tuple[tuple[str, str | None], ...]

    def __getitem__(self, column: str) -> str | None:
        return dict(self.cells)[column]


@dataclass(frozen=True)
class File:
    """A file: for which feed, of which moment, with which lines; `is_broken` where its header is not the feed's."""

    feed: str
    lines: tuple[Line, ...]
    as_at: datetime | None = None
    is_broken: bool = False

    @property
    def content(self) -> tuple[object, ...]:
        """What is the same where the bytes are."""
        return self.lines, self.is_broken


@dataclass(frozen=True)
class Way:
    """How a feed is read: its contract, columns and mode; `factor` is what the mapping multiplies values with."""

    feed: str
    contract: Contract
    mapped: tuple[str, ...]
    mode: Literal["delta", "snapshot"] = "delta"
    has_as_at: bool = False
    factor: int = 1


@dataclass(frozen=True)
class Attempt:
    """A file, read in a way: one delivery. `build` is the first that knew it, None until then."""

    number: int
    root: int
    file: File
    way: Way
    status: Literal["accepted", "refused", "repeat"]
    build: int | None = None


@dataclass
class Memory:
    """Everything that came, in order, and how many builds there were."""

    attempts: list[Attempt] = field(default_factory=list)
    builds: int = 0

    def deliver(self, file: File, way: Way) -> Attempt:
        """A file comes: read, refused, or a repeat of what its feed said last."""
        last = next((one for one in reversed(self.standing(file.feed)) if one.status != "repeat"), None)
        is_repeat = last is not None and last.status == "accepted" and last.file == file
        number = len(self.attempts)
        return self._add(Attempt(number, number, file, way, "repeat" if is_repeat else status_of(file, way)))

    def replay(self, root: Attempt, way: Way) -> list[Attempt]:
        """Every delivery of the same bytes to the same feed is read anew, unless it would be read as it was."""
        same = [
            one
            for one in self.standing(root.file.feed)
            if one.status != "repeat" and one.file.content == root.file.content
        ]
        return [
            self._add(Attempt(len(self.attempts), one.root, one.file, way, status_of(one.file, way)))
            for one in same
            if not (one.status == "accepted" and one.way == way)
        ]

    def build(self) -> int:
        """A build knows everything that has come by now."""
        self.attempts = [one if one.build else replace(one, build=self.builds + 1) for one in self.attempts]
        self.builds += 1
        return self.builds

    def standing(self, feed: str) -> list[Attempt]:
        """Of each delivery of a feed the attempt that counts: the last accepted, else the last; by first receipt."""
        standing: dict[int, Attempt] = {}
        for one in self.attempts:
            before = standing.get(one.root)
            if one.file.feed == feed and (not before or one.status == "accepted" or before.status != "accepted"):
                standing[one.root] = one
        return [standing[root] for root in sorted(standing)]

    def current(self, contract: Contract, build: int) -> dict[Key, tuple[Any, ...]]:
        """The current row of each key of a contract, as a build knew it."""
        accepted = [one for one in self.attempts if one.way.contract is contract and one.status == "accepted"]
        deliveries = [self._delivery(one, accepted) for one in accepted]
        rows = current_rows(contract, deliveries, _moment(build))
        return {key: row.values for key, row in rows.items()}

    def _delivery(self, one: Attempt, accepted: list[Attempt]) -> Delivery:
        later = [other for other in accepted if other.root == one.root and other.number > one.number]
        return Delivery(
            delivery_id=f"{one.number:06d}",
            feed=one.file.feed,
            batch_id=str(one.number),
            is_snapshot=one.way.mode == "snapshot",
            as_at=one.file.as_at,
            received_at=RECEIPTS + timedelta(days=one.root),
            known_from=_moment(one.build),
            mapped=frozenset(one.way.mapped),
            rows=tuple(accepted_rows(one.file, one.way)),
            rejected_keys=frozenset(key for key in rejected_keys(one.file, one.way) if key is not None),
            has_unreadable_key=None in rejected_keys(one.file, one.way),
            root_id=f"{one.root:06d}",
            withdrawn_at=_moment(later[0].build) if later else None,
        )

    def _add(self, attempt: Attempt) -> Attempt:
        self.attempts.append(attempt)
        return attempt


def _moment(build: int | None) -> datetime:
    return NEVER if build is None else BUILDS + timedelta(days=build)


def status_of(file: File, way: Way) -> Literal["accepted", "refused"]:
    """Whether a file can be read at all."""
    return "refused" if file.is_broken or not file.lines else "accepted"


def accepted_rows(file: File, way: Way) -> list[Row]:
    """The typed rows of the lines that are sound, with the line each stands in; the header is line 1."""
    return [
        dict.fromkeys(way.contract.columns) | _typed(line, way) | {"_row": number}
        for number, line in enumerate(file.lines, start=2)
        if is_sound(line, way)
    ]


def is_sound(line: Line, way: Way) -> bool:
    """A line whose key can be read, and every other cell too."""
    return _key(line, way) is not None and all(text != BAD for _, text in line.cells)


def rejected_keys(file: File, way: Way) -> list[Key | None]:
    """The keys of the lines that are not; None where it cannot be read."""
    return [_key(line, way) for line in file.lines if not is_sound(line, way)]


def _key(line: Line, way: Way) -> Key | None:
    texts = {column: line[column] or DEFAULTS.get(column) for column in way.contract.keys}
    if any(text in {None, BAD} for text in texts.values()):
        return None
    return tuple(CASTS.get(column, str)(str(text)) for column, text in texts.items())


BAD = "bad"
DEFAULTS = {"dimension": ""}
CASTS: dict[str, Callable[[str], Any]] = {
    "period_start": lambda text: datetime.fromisoformat(text).date(),
    "reported_at": datetime.fromisoformat,
    "value": float,
    "weight": Decimal,
}


def _typed(line: Line, way: Way) -> Row:
    typed: Row = {
        column: DEFAULTS.get(column) if text is None else CASTS.get(column, str)(text) for column, text in line.cells
    }
    if typed.get("value") is not None:
        typed["value"] *= way.factor
    return typed
