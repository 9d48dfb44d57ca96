"""What a warehouse file holds, relation by relation, to be compared with another."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import duckdb
import pytest

from pipelines.sql import quoted

Relation = tuple[list[Any], list[tuple[Any, ...]]]


def rows_and_types(database: Path, schema: str) -> dict[str, Relation]:
    """Each relation of a schema: its columns with their types, and its rows in an order that last bits do not change."""
    with duckdb.connect(str(database), read_only=True) as connection:
        names = connection.execute(
            "select table_name from information_schema.tables where table_schema = $1", [schema]
        ).fetchall()
        relations = {}
        for (name,) in names:
            types = [row[:2] for row in connection.execute(f"describe {schema}.{name}").fetchall()]
            texts = [quoted(column) for column, kind in types if kind != "DOUBLE" and column != "evidence"]
            query = f"select * from {schema}.{name} order by {', '.join(texts) or 'all'}, columns(*)"
            relations[name] = types, connection.execute(query).fetchall()
        return relations


def assert_same(one: Path, other: Path, schema: str, *, apart_from: frozenset[str] = frozenset()) -> None:
    """Two files hold the same relations in a schema, column by column and row by row."""
    here, there = rows_and_types(one, schema), rows_and_types(other, schema)
    assert here.keys() == there.keys()
    for name, (types, rows) in here.items():
        if name not in apart_from:
            assert (types, len(rows)) == (there[name][0], len(there[name][1])), name
            for row, its_like in zip(rows, there[name][1], strict=True):
                assert all(is_same(*values) for values in zip(row, its_like, strict=True)), (name, row, its_like)


def is_same(one: object, other: object) -> bool:
    """Equal; sums of doubles, in evidence too, to 1e-9: their last bits differ from run to run on several threads."""
    if isinstance(one, str) and isinstance(other, str) and one != other and one.startswith("{"):
        return is_same(json.loads(one), json.loads(other))
    if isinstance(one, dict) and isinstance(other, dict):
        return one.keys() == other.keys() and all(is_same(one[name], other[name]) for name in one)
    return one == other or (isinstance(one, float) and bool(one == pytest.approx(other, rel=1e-9)))
