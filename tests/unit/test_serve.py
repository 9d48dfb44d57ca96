"""The serving PostgreSQL: what is published, row for row, and never half of it."""

from __future__ import annotations

import multiprocessing
import signal
import struct
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import date, datetime
from pathlib import Path
from random import Random
from typing import Any

import duckdb
import psycopg
import pytest
from typer.testing import CliRunner

from pipelines import serve as serving
from pipelines.cli import app
from pipelines.doctor import diagnose
from pipelines.errors import ConfigError, SourceUnavailable
from pipelines.rebuild import Rebuilt
from pipelines.serve import serve
from pipelines.settings import Settings
from pipelines.transform import Build
from pipelines.warehouse import Loaded
from tests.postgres import Cluster, running_cluster
from tests.serving import rows, same, tables

EXTREMES = """
create table marts.extremes as select * from (values
    (1, true, 9223372036854775807::bigint, 12345678901234.56::decimal(18, 2), 'inf'::double, date '0001-01-01',
     timestamp '1999-12-31 23:59:59.999999', 'plain', ['a', null, 'say "hi", \\ {b}'], [1.5, 'nan'::double],
     '{"k": [1, null]}'::json, 170141183460469231731687303715884105727::hugeint, {'left': 1, 'right': 'x'},
     time '23:59:59', '6f1c2f9e-3c1b-4a52-8b0a-0c8f3d0b9d11'::uuid, 0.1::float, timestamptz '2026-03-29 01:30:00+00'),
    (2, false, -9223372036854775808, -0.01, '-inf', '9999-12-31', '2026-06-30 00:00:00', '', [], [], '""', 0, null,
     '00:00:00', null, 'nan', null),
    (3, null, null, null, 'nan', null, null, null, null, null, null, null, null, null, null, null, null),
    (4, true, 0, 0.00, 5e-324, '2026-06-30', '0001-01-01', 'tab\tline\nquote"comma,\\N \\. é 🌍', ['NULL'], [null], 'null',
     -1, null, '12:00:00', null, -0.0, null)
) as _(id, flag, big, amount, ratio, day, moment, word, words, numbers, document, huge, pair, hour, code, small, zoned)
"""


@pytest.fixture(scope="module")
def cluster(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cluster]:
    with running_cluster(tmp_path_factory.mktemp("postgres")) as cluster:
        yield cluster


@pytest.fixture
def url(cluster: Cluster) -> Iterator[str]:
    """A database of its own for a test."""
    with psycopg.connect(cluster.url, autocommit=True) as server:
        server.execute("drop database if exists serving with (force)")
        server.execute("create database serving")
    yield cluster.url.removesuffix("postgres") + "serving"


@pytest.fixture
def settings(tmp_path: Path, url: str) -> Settings:
    return Settings(home=tmp_path / "home", feeds=tmp_path / "feeds", serve_url=url)


def publish(settings: Settings, build: int, *statements: str, rows: int = 50) -> None:
    """A published file in which every row of two marts says of which build it is."""
    settings.published.parent.mkdir(parents=True, exist_ok=True)
    part = settings.published.with_name("part")
    with duckdb.connect(str(part)) as connection:
        connection.execute("create schema marts; create schema meta; create schema core")
        connection.execute(f"create table meta.build as select {build} as seq, date '2026-06-30' as as_of")
        for table in ("first", "second"):
            connection.execute(f"create table marts.{table} as select {build} as build, i from range({rows}) as _(i)")
        connection.execute("create table core.project as select 1 as project_id")
        for statement in statements:
            connection.execute(statement)
    part.replace(settings.published)


def test_every_type_arrives_to_the_last_bit(settings: Settings, url: str) -> None:
    publish(settings, 1, EXTREMES)
    serve(settings)
    types = dict(
        rows(url, "select column_name, data_type from information_schema.columns where table_name = 'extremes'")
    )
    assert types == {
        "id": "integer", "flag": "boolean", "big": "bigint", "amount": "numeric", "ratio": "double precision",
        "day": "date", "moment": "timestamp without time zone", "word": "text", "words": "ARRAY", "numbers": "ARRAY",
        "document": "text", "huge": "numeric", "pair": "text", "hour": "time without time zone", "code": "uuid",
        "small": "real", "zoned": "timestamp with time zone",
    }  # fmt: skip
    columns = "id, flag, big, amount, ratio, day, moment, word, words, numbers, code, hour, zoned"
    exact = f"select {columns} from marts.extremes order by id"
    with duckdb.connect(str(settings.published), read_only=True) as published:
        published.execute("set timezone = 'UTC'")
        expected = published.execute(exact).fetchall()
        texts = "select document::varchar, huge::varchar, pair::varchar, small::varchar from marts.extremes order by id"
        expected_texts = published.execute(texts).fetchall()
    for one, other in zip(expected, rows(url, exact), strict=True):
        assert same(one, other), (one, other)
    found = rows(url, "select document, huge::text, pair, lower(small::text) from marts.extremes order by id")
    assert [row[:3] for row in found] == [row[:3] for row in expected_texts]
    assert [row[3] and float(row[3]) for row in found][::3] == [row[3] and float(row[3]) for row in expected_texts][::3]


def test_doubles_of_any_bits_survive(settings: Settings, url: str) -> None:
    random = Random(20260625)
    bits = [struct.unpack("d", random.randbytes(8))[0] for _ in range(5000)]
    publish(settings, 1, "create table marts.doubles (i integer, x double)")
    with duckdb.connect(str(settings.published)) as published:
        published.executemany("insert into marts.doubles values (?, ?)", list(enumerate(bits)))
    serve(settings)
    assert same([x for (x,) in rows(url, "select x from marts.doubles order by i")], bits)


def test_readers_see_one_build_in_every_statement_while_copies_are_swapped(settings: Settings, url: str) -> None:
    publish(settings, 1)
    serve(settings)
    stop, seen, failures = threading.Event(), set[int](), list[str]()
    both = "select build from marts.first union all select build from marts.second"
    together = f"select min(build), max(build), count(*) from ({both}) as _".encode()

    def read(isolation: psycopg.IsolationLevel | None) -> None:
        with psycopg.connect(url, autocommit=isolation is None) as server:
            server.isolation_level = isolation
            while not stop.is_set():
                try:
                    for _ in range(2):
                        lowest, highest, count = server.execute(together).fetchone() or (0, 0, 0)
                        seen.add(lowest)
                        if lowest != highest or count != 100:
                            failures.append(f"{lowest}, {highest}, {count}")
                    server.rollback()
                except psycopg.Error as error:
                    failures.append(repr(error))
                    server.rollback()

    isolations = (None, None, None, psycopg.IsolationLevel.REPEATABLE_READ, psycopg.IsolationLevel.SERIALIZABLE)
    readers = [threading.Thread(target=read, args=(isolation,)) for isolation in isolations]
    for reader in readers:
        reader.start()
    try:
        for build in range(2, 22):
            publish(settings, build)
            serve(settings)
    finally:
        stop.set()
        for reader in readers:
            reader.join()
    assert failures == []
    assert len(seen) > 10


def test_a_snapshot_older_than_the_copy_sees_the_copy_whole(settings: Settings, url: str) -> None:
    publish(settings, 1)
    serve(settings)
    with psycopg.connect(url) as server:
        server.isolation_level = psycopg.IsolationLevel.REPEATABLE_READ
        server.execute("select now(), txid_current()")
        server.execute("select count(*) from pg_class")
        publish(settings, 2)
        serve(settings)
        assert server.execute("select min(build), count(*) from marts.first").fetchone() == (2, 50)


def test_who_reads_on_is_waited_for_and_new_readers_are_not_kept_waiting(
    settings: Settings, url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    publish(settings, 1)
    serve(settings)
    publish(settings, 2)
    monkeypatch.setattr(serving, "PATIENCE_SECONDS", 3.0)
    with psycopg.connect(url) as server:
        assert server.execute("select max(build) from marts.first").fetchone() == (1,)
        served = threading.Thread(target=lambda: failing(lambda: serve(settings)))
        served.start()
        longest = 0.0
        while served.is_alive():
            started = time.monotonic()
            assert rows(url, "select max(build) from marts.second") == [(1,)]
            longest = max(longest, time.monotonic() - started)
        assert longest < 1.5
        assert server.execute("select max(build) from marts.second").fetchone() == (1,)
        with pytest.raises(SourceUnavailable, match="reading the served tables in one transaction"):
            serve(settings)
    serve(settings)
    assert rows(url, "select max(build) from marts.first") == [(2,)]


def failing(act: Callable[[], object]) -> None:
    with pytest.raises(SourceUnavailable):
        act()


def test_a_copy_that_is_killed_leaves_nothing_and_the_next_one_does_it(
    settings: Settings, url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    publish(settings, 1)
    serve(settings)
    publish(settings, 2, "create table marts.third as select 1 as x")
    reached = multiprocessing.get_context("fork").Event()

    def die_there(server: object) -> None:
        reached.set()
        time.sleep(60)

    with monkeypatch.context() as patched:
        patched.setattr(serving, "_carry_grants_over", die_there)
        process = multiprocessing.get_context("fork").Process(target=serve, args=(settings,))
        process.start()
        assert reached.wait(30)
        process.kill()
        process.join()
    assert process.exitcode == -signal.SIGKILL
    assert tables(url) == {"marts.first", "marts.second", "meta.build"}
    assert rows(url, "select max(build) from marts.first") == [(1,)]
    serve(settings)
    assert tables(url) == {"marts.first", "marts.second", "marts.third", "meta.build"}
    assert rows(url, "select max(build) from marts.first") == [(2,)]
    assert rows(url, "select count(*) from pg_namespace where nspname ~ '_(old|new)$'") == [(0,)]
    assert [path.name for path in settings.published.parent.iterdir()] == ["benefits.duckdb"]


def test_an_old_schema_that_a_stopped_run_left_goes_with_the_next(
    settings: Settings, url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    publish(settings, 1)
    serve(settings)
    with monkeypatch.context() as patched:
        patched.setattr(serving, "_drop_old", lambda server: None)
        serve(settings)
    assert "marts_old.first" in tables(url)
    publish(settings, 2)
    serve(settings)
    assert tables(url) == {"marts.first", "marts.second", "meta.build"}


def test_a_server_that_is_killed_while_copying_serves_what_it_served_before(
    settings: Settings, url: str, cluster: Cluster, monkeypatch: pytest.MonkeyPatch
) -> None:
    publish(settings, 1)
    serve(settings)
    publish(settings, 2)

    def crash(server: object) -> None:
        cluster.stop(signal.SIGQUIT)
        carry(server)  # type: ignore[arg-type]

    carry = serving._carry_grants_over
    with monkeypatch.context() as patched:
        patched.setattr(serving, "_carry_grants_over", crash)
        with pytest.raises(SourceUnavailable, match="cannot be had"):
            serve(settings)
    with pytest.raises(SourceUnavailable, match="cannot be had"):
        serve(settings)
    cluster.start()
    assert rows(url, "select max(build) from marts.first") == [(1,)]
    serve(settings)
    assert rows(url, "select max(build) from marts.first") == [(2,)]
    assert tables(url) == {"marts.first", "marts.second", "meta.build"}


def test_who_could_read_still_can_and_nobody_else(settings: Settings, url: str) -> None:
    publish(settings, 1)
    serve(settings)
    with psycopg.connect(url, autocommit=True) as server:
        for role in ("analyst", "one_mart", "nobody"):
            server.execute(f"drop role if exists {role}".encode())
            server.execute(f"create role {role}".encode())
        server.execute(
            "grant usage on schema marts to analyst, one_mart; grant select on all tables in schema marts to analyst"
        )
        server.execute("grant select on marts.first to one_mart")
        server.execute("grant usage on schema meta to public; grant select on meta.build to public")
    publish(settings, 2, "create table marts.third as select 1 as x")
    serve(settings)
    assert readable(url, "analyst") == {"marts.first", "marts.second", "marts.third", "meta.build"}
    assert readable(url, "one_mart") == {"marts.first", "meta.build"}
    assert readable(url, "nobody") == {"meta.build"}


def readable(url: str, role: str) -> set[str]:
    found = set()
    for table in tables(url):
        with psycopg.connect(url) as server:
            server.execute(f"set role {role}".encode())
            try:
                server.execute(f"select from {table}".encode())
            except psycopg.errors.InsufficientPrivilege:
                continue
        found.add(table)
    return found


def test_default_privileges_give_a_reader_the_first_copy(settings: Settings, url: str) -> None:
    with psycopg.connect(url, autocommit=True) as server:
        server.execute("drop role if exists reader")
        server.execute("create role reader")
        server.execute("alter default privileges grant usage on schemas to reader")
        server.execute("alter default privileges grant select on tables to reader")
    publish(settings, 1)
    serve(settings)
    assert readable(url, "reader") == {"marts.first", "marts.second", "meta.build"}


def test_a_schema_that_is_somebody_elses_is_left_alone(settings: Settings, url: str) -> None:
    with psycopg.connect(url) as server:
        server.execute("create schema marts")
        server.execute("create table marts.theirs as select 1 as x")
    publish(settings, 1)
    with pytest.raises(ConfigError, match="schema marts that is not Fruition's"):
        serve(settings)
    assert tables(url) == {"marts.theirs"}


def test_a_view_on_what_is_served_is_named_rather_than_lost(settings: Settings, url: str) -> None:
    publish(settings, 1)
    serve(settings)
    with psycopg.connect(url) as server:
        server.execute("create view public.mine as select * from marts.first")
    publish(settings, 2)
    with pytest.raises(ConfigError, match=r"public\.mine"):
        serve(settings)
    assert rows(url, "select max(build) from public.mine") == [(1,)]


@pytest.mark.parametrize(
    ("statement", "name"),
    [
        ("create view marts.mine as select * from marts.first", r"marts\.mine"),
        ("create view meta.mine as select 1 as x", r"meta\.mine"),
        ("create materialized view marts.mine as select * from marts.first", r"marts\.mine"),
        ('create table marts."My own" as select 1 as x', r"marts\.\"My own\""),
        ("create function marts.mine() returns int language sql as 'select 1'", r"marts\.mine"),
        ("create type marts.mine as enum ('x')", r"marts\.mine"),
    ],
)
def test_what_somebody_made_within_the_served_schemas_is_named_rather_than_lost(
    settings: Settings, url: str, statement: str, name: str
) -> None:
    publish(settings, 1)
    serve(settings)
    with psycopg.connect(url) as server:
        server.execute(statement.encode())
    publish(settings, 2)
    with pytest.raises(ConfigError, match=f"did not make: {name}. Drop it, or move it"):
        serve(settings)
    assert rows(url, "select max(build) from marts.first") == [(1,)]


def test_what_somebody_makes_while_the_copy_is_made_is_named_too(
    settings: Settings, url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    publish(settings, 1)
    serve(settings)
    publish(settings, 2)
    copy = serving._copy

    def meanwhile(*arguments: Any) -> dict[str, int]:
        with psycopg.connect(url) as server:
            server.execute("create view marts.mine as select * from marts.first")
        return copy(*arguments)

    monkeypatch.setattr(serving, "_copy", meanwhile)
    with pytest.raises(ConfigError, match=r"marts\.mine"):
        serve(settings)
    assert rows(url, "select max(build) from marts.mine") == [(1,)]


def test_a_mart_that_is_no_more_goes_and_what_was_served_before_tables_were_named_is_replaced(
    settings: Settings, url: str
) -> None:
    publish(settings, 1, "create table marts.former as select 1 as x")
    serve(settings)
    with psycopg.connect(url) as server:
        server.execute("comment on schema marts is 'Served by Fruition: build 1 as of 2026-06-30. Each publication.'")
    publish(settings, 2)
    serve(settings)
    assert tables(url) == {"marts.first", "marts.second", "meta.build"}
    assert serving.served_build(url) == "build 2 as of 2026-06-30"


def test_a_rebuild_says_what_it_found_though_the_server_is_away(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    away = replace(settings, serve_url="postgresql://me:hush@127.0.0.1:1/nowhere")
    built = Build(date(2026, 6, 30), datetime(2026, 7, 1), True, settings.warehouse, 3, (), 0.1)
    rebuilt = Rebuilt(Loaded(2, 3, 0), built, settings.published, 4, ())
    monkeypatch.setattr(Settings, "from_environment", classmethod(lambda cls, given=None: away))
    monkeypatch.setattr("pipelines.rebuild.rebuild", lambda *arguments: rebuilt)
    result = CliRunner().invoke(app, ["rebuild", "--recompute"])
    assert "Recomputed 4 recorded builds: 0 gaps differ." in result.output
    assert isinstance(result.exception, SourceUnavailable)


def test_row_security_is_named_rather_than_lost(settings: Settings, url: str) -> None:
    publish(settings, 1)
    serve(settings)
    with psycopg.connect(url) as server:
        server.execute("alter table marts.second enable row level security")
    publish(settings, 2)
    with pytest.raises(ConfigError, match=r"marts\.second"):
        serve(settings)
    assert rows(url, "select max(build) from marts.first") == [(1,)]


def test_a_role_that_may_not_write_is_a_matter_of_configuration(settings: Settings, url: str, cluster: Cluster) -> None:
    with psycopg.connect(url, autocommit=True) as server:
        server.execute("drop role if exists visitor")
        server.execute("create role visitor login password 'hunter2'")
    publish(settings, 1)
    visiting = url.replace(f"postgres:{cluster.password}", "visitor:hunter2")
    with pytest.raises(ConfigError, match="permission denied for database") as refused:
        serve(replace(settings, serve_url=visiting))
    assert "hunter2" not in str(refused.value)


@pytest.mark.parametrize(
    "wrong", ["postgresql://user:hunter2@127.0.0.1:1/serving", "postgresql://user:hunter2@nowhere.invalid/x"]
)
def test_a_server_that_is_away_is_a_source_unavailable_and_no_secret_is_told(settings: Settings, wrong: str) -> None:
    publish(settings, 1)
    away = replace(settings, serve_url=wrong)
    with pytest.raises(SourceUnavailable) as unavailable:
        serve(away)
    assert unavailable.value.exit_code == 3
    assert "hunter2" not in f"{unavailable.value} {away!r}"


def test_without_a_serving_database_nothing_is_done(settings: Settings) -> None:
    assert serve(replace(settings, serve_url=None)) is None


def test_the_doctor_says_which_build_is_served(settings: Settings, url: str) -> None:
    def finding() -> tuple[str, str]:
        diagnosis = diagnose({"FRUITION_HOME": str(settings.home), "FRUITION_SERVE_URL": url})
        assert not any(url in f"{check.seen} {check.todo}" for check in diagnosis.checks)
        [check] = [check for check in diagnosis.checks if check.name == "Serving PostgreSQL"]
        return check.state, check.seen

    publish(settings, 1)
    assert finding() == ("warning", "serves nothing yet; published is build 1 as of 2026-06-30.")
    serve(settings)
    assert finding() == ("ok", "serves build 1 as of 2026-06-30")
    publish(settings, 2)
    assert finding()[0] == "warning"
