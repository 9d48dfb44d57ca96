"""What a reader yields: tables of text in the workspace, with the records it could not take apart."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from pipelines.errors import DeliveryRefused

LINE_COLUMN = "_row"


@dataclass(frozen=True)
class Malformed:
    """A record that is no row of its table: its line, the rule it broke, and its text as it stands in the source."""

    line: int
    rule: str
    message: str
    raw: str
    column: str | None = None


@dataclass(frozen=True)
class Table:
    """A table of text in the workspace.

    `relation` is its SQL name there: the `columns`, all `varchar` and null where empty, and `_row bigint`, the line of
    the source. `counted` is the number of records by a count that the parser had no part in, the malformed ones among
    them. `fault` is why the table cannot be read; it counts once the table is asked for.
    """

    name: str
    relation: str
    columns: tuple[str, ...]
    counted: int
    malformed: tuple[Malformed, ...] = ()
    fault: DeliveryRefused | None = None


def column_names(cells: Sequence[str | None], whose: str) -> tuple[str, ...]:
    """The names in a header, each without the blanks around it; an empty cell's column gets one by its position.

    Raises `DeliveryRefused` where two columns have the same name, or one the name that Fruition keeps for the line. The
    names themselves are not repeated: a file without a header has values there.
    """
    names = [(cell or "").strip() for cell in cells]
    positions: dict[str, int] = {}
    for position, name in enumerate(names, 1):
        first = positions.setdefault(name.casefold(), position)
        if name and first != position:
            raise DeliveryRefused(
                "header",
                f"{whose} gives columns {first} and {position} the same name.",
                "Give every column a name of its own.",
            )
    if LINE_COLUMN in positions:
        raise DeliveryRefused(
            "header", f"{whose} has a column {LINE_COLUMN}, the name kept for the line's number.", "Rename the column."
        )
    return tuple(name or _free_name(position, positions) for position, name in enumerate(names, 1))


def _free_name(position: int, taken: dict[str, int]) -> str:
    name = f"column_{position}"
    while name in taken:
        name += "_"
    return name
