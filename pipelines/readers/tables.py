"""What a reader yields: tables of text in the workspace, with the records it could not take apart."""

from __future__ import annotations

from dataclasses import dataclass


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
    them.
    """

    name: str
    relation: str
    columns: tuple[str, ...]
    counted: int
    malformed: tuple[Malformed, ...] = ()


def quoted(identifier: str) -> str:
    """An SQL identifier in double quotes."""
    return '"' + identifier.replace('"', '""') + '"'
