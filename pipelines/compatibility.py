"""What a contract may become: the lake keeps each version's shape, and whatever it holds must fit the contract of today.

A column may be added, and a type may be widened to one that holds every value of the old. Rules, ranges, allowed values and
`required` are asked of what is delivered from now on. Anything else would make rows that are kept mean something else,
and is refused before anything is written.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from pipelines.contracts import DECIMAL, Contract
from pipelines.errors import ConfigError
from pipelines.lake import Lake, read_json, write_json

INTEGER_DIGITS = 10


@dataclass(frozen=True)
class Shape:
    """What of a contract's version the rows kept under it rest on: column types by name, and the business key in order."""

    contract: str
    version: str
    columns: dict[str, str]
    keys: tuple[str, ...]

    @classmethod
    def of(cls, contract: Contract) -> Shape:
        columns = {column.name: column.type for column in contract.columns}
        return cls(contract.name, contract.version, columns, tuple(key.name for key in contract.keys))


def check(lake: Lake, contracts: Iterable[Contract]) -> None:
    """`ConfigError` where a contract of today does not fit the rows that the lake holds of its earlier versions."""
    today = {contract.name: Shape.of(contract) for contract in contracts}
    for path in sorted(_folder(lake).glob("*/*.json")):
        if path.parent.name in today:
            _check_fits(_read(path), today[path.parent.name])


def check_none_gone(lake: Lake, contracts: dict[str, Contract]) -> None:
    """`ConfigError` where the lake holds rows of a contract that is no more."""
    for path in sorted(_folder(lake).glob("*")):
        if path.is_dir() and path.name not in contracts:
            raise ConfigError(f"expectations/{path.name}.yml is gone, but the lake holds its rows: put it back.")


def remember(lake: Lake, contracts: Iterable[Contract]) -> None:
    """Keep the shape of each contract under its version; call it before the first rows of it are committed."""
    for contract in contracts:
        path = _folder(lake) / contract.name / f"{contract.version}.json"
        if not path.exists():
            shape = Shape.of(contract)
            write_json(path, {"columns": shape.columns, "keys": list(shape.keys)})


def check_column(contract: str, column: str, was: str, is_: str | None) -> None:
    """`ConfigError` unless every value of the type `was` can be kept in a column of the type `is_`; None is no column."""
    if is_ is None:
        raise ConfigError(
            f"{contract}.yml: the column {column} is gone, but the lake holds its values, as {was}: put it back. "
            "A column that nobody needs any more may stay: feeds need not map it. One under a new name is a new column."
        )
    if not is_widened(was, is_):
        raise ConfigError(
            f"{contract}.yml: the column {column} was {was} and is now {is_}, which does not hold every value of it: "
            f"make it {was} again, and add a column under another name for the new meaning."
        )


def is_widened(was: str, is_: str) -> bool:
    """Whether every value of the type `was` is one of the type `is_` too, exactly."""
    was, is_ = was.lower(), is_.lower()
    if was == is_ or (was, is_) in {("integer", "double"), ("date", "timestamp")}:
        return True
    wide, narrow = DECIMAL.fullmatch(is_), DECIMAL.fullmatch(was)
    if wide is None:
        return False
    whole, places = int(wide[1]) - int(wide[2]), int(wide[2])
    if narrow is None:
        return was == "integer" and whole >= INTEGER_DIGITS
    return whole >= int(narrow[1]) - int(narrow[2]) and places >= int(narrow[2])


def _check_fits(was: Shape, is_: Shape) -> None:
    for column, type_ in was.columns.items():
        check_column(is_.contract, column, type_, is_.columns.get(column))
    if was.keys != is_.keys:
        raise ConfigError(
            f"{is_.contract}.yml: its key was {', '.join(was.keys)} in version {was.version} and is now "
            f"{', '.join(is_.keys)}: rows that are kept would stand for something else. Put the key back; what has "
            "another key is another contract, with a name of its own."
        )
    if was.version == is_.version and was.columns != is_.columns:
        raise ConfigError(
            f"{is_.contract}.yml: its columns are others than when rows of version {is_.version} were taken in: "
            "raise `version` (a column added: the middle number; a type widened: the first)."
        )


def _folder(lake: Lake) -> Path:
    return lake.folder / "_contracts"


def _read(path: Path) -> Shape:
    document = read_json(path)
    return Shape(path.parent.name, path.stem, document["columns"], tuple(document["keys"]))
