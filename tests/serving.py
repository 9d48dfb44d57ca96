"""What PostgreSQL serves, beside what is published."""

from __future__ import annotations

import json
import math
import struct
from typing import Any

import duckdb
import psycopg
from psycopg import sql

from pipelines.settings import Settings


def rows(url: str, query: str) -> list[tuple[Any, ...]]:
    with psycopg.connect(url) as server:
        return server.execute(query.encode()).fetchall()


def tables(url: str) -> set[str]:
    listed = "select schemaname || '.' || tablename from pg_tables where schemaname !~ '^(pg_|information_)'"
    return {name for (name,) in rows(url, listed)}


def same(one: object, other: object) -> bool:
    """Equal to the last bit, also where it is no number."""
    if isinstance(one, float) and isinstance(other, float):
        return struct.pack("d", one) == struct.pack("d", other) or (math.isnan(one) and math.isnan(other))
    if isinstance(one, list | tuple) and isinstance(other, list | tuple):
        return len(one) == len(other) and all(map(same, one, other))
    return type(one) is type(other) and one == other


def assert_served_as_published(settings: Settings, url: str) -> int:
    """Every table of marts and meta: the same columns, rows and descriptions. Returns how many tables there were."""
    with duckdb.connect(str(settings.published), read_only=True) as published, psycopg.connect(url) as server:
        published.execute("set timezone = 'UTC'")
        server.execute("set timezone = 'UTC'")
        found = published.execute(
            "select schema_name, table_name, comment from duckdb_tables() where schema_name in ('marts', 'meta')"
        ).fetchall()
        assert {f"{schema}.{name}" for schema, name, _ in found} == tables(url)
        for schema, name, comment in found:
            columns = published.execute(
                "select column_name, comment, data_type from duckdb_columns() where schema_name = $1 and table_name = $2 "
                "order by column_index",
                [schema, name],
            ).fetchall()
            described = server.execute(
                "select attname, col_description(attrelid, attnum) from pg_attribute "
                "where attrelid = %s::regclass and attnum > 0 order by attnum",
                [f'{schema}."{name}"'],
            ).fetchall()
            assert described == [column[:2] for column in columns]
            assert server.execute("select obj_description(%s::regclass)", [f"{schema}.{name}"]).fetchone() == (comment,)
            theirs = published.execute(f'select * from {schema}."{name}"').fetchall()
            ours = server.execute(sql.SQL("select * from {}").format(sql.Identifier(schema, name))).fetchall()
            assert len(theirs) == len(ours)
            for one, other in zip(sorted(map(bare, theirs), key=repr), sorted(map(bare, ours), key=repr), strict=True):
                assert same(one, other), (schema, name, one, other)
    return len(found)


def bare(row: tuple[Any, ...]) -> tuple[Any, ...]:
    """A row whose decimals, big integers and structures can be compared between two drivers."""
    return tuple(json.dumps(value) if isinstance(value, dict) else value for value in row)
