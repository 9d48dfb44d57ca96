from __future__ import annotations

import multiprocessing
import os
import signal
import sys
import time
from collections.abc import Callable
from multiprocessing.synchronize import Event
from pathlib import Path
from typing import Any, cast

import duckdb
import pytest
from filelock import FileLock

from pipelines import lake, publish, warehouse
from pipelines.disk import naming_a_full_disk
from pipelines.errors import BuildFailed, ConfigError, DiskFull, LakeDamaged, WarehouseBusy
from pipelines.settings import Settings
from pipelines.transform import running
from pipelines.transform.memory import Memory
from pipelines.transform.steps import Kinds
from pipelines.transform.versions import Outdated, bring_up_to_date
from pipelines.warehouse import loading, opening
from tests.door import HEADER, Door, reading, readings

spawned = multiprocessing.get_context("fork")


def contents(door: Door) -> dict[str, list[Any]]:
    """Everything that loading brings into the warehouse."""
    tables = ("raw.kpi_reading", "meta.delivery", "meta.delivery_contract", "meta.rejected_row")
    return {table: door.warehouse(f"select * from {table} order by all") for table in tables}


def deliver(door: Door) -> None:
    """Two batches, one of them asserted twice, a repeat, a refused delivery and a rejected row."""
    door.feed(tolerance={"rejected_rows": "40%"})
    for content in (
        readings(4) + reading("X", value="x"),
        HEADER + reading(value=2),
        readings(4) + reading("X", value="x"),
    ):
        door.deliver(content)
    door.deliver(readings(4) + reading("X", value="x"))
    door.deliver(HEADER)


def test_loading_brings_rows_rejects_and_ledger(door: Door) -> None:
    deliver(door)
    assert warehouse.load(door.settings) == warehouse.Loaded(deliveries=5, rows=5, rejects=1)
    assert door.warehouse(
        "select status, counted, accepted, rejected, rule from meta.delivery order by delivery_id"
    ) == [
        ("accepted", 5, 4, 1, None),
        ("accepted", 1, 1, 0, None),
        ("accepted", 5, 4, 1, None),
        ("repeat", 0, 0, 0, None),
        ("refused", 0, 0, 0, "empty"),
    ]
    assert door.warehouse("select mapped_columns, count(*) from meta.delivery_contract group by all") == [
        (",kpi_id,period_start,dimension,value,unit,", 3)
    ]
    assert door.warehouse("select column_name, rule, key_text from meta.rejected_row") == [
        ("value", "type", "X\x1f2026-01-05\x1f")
    ]


def test_loading_again_changes_nothing(door: Door) -> None:
    deliver(door)
    warehouse.load(door.settings)
    before = contents(door)
    assert warehouse.load(door.settings) == warehouse.Loaded(0, 0, 0)
    assert contents(door) == before


def test_a_warehouse_made_anew_from_the_lake_comes_out_the_same(door: Door) -> None:
    deliver(door)
    warehouse.load(door.settings)
    before = contents(door)
    door.settings.warehouse.unlink()
    warehouse.load(door.settings)
    assert contents(door) == before


def test_two_processes_that_load_at_once_double_nothing(door: Door) -> None:
    deliver(door)
    both = [spawned.Process(target=warehouse.load, args=(door.settings,)) for _ in range(2)]
    for process in both:
        process.start()
    for process in both:
        process.join(60)
    assert [process.exitcode for process in both] == [0, 0]
    at_once = contents(door)
    door.settings.warehouse.unlink()
    warehouse.load(door.settings)
    assert contents(door) == at_once


def hold(path: Path, held: Event, release: Event) -> None:
    with FileLock(path):
        held.set()
        release.wait(60)


def open_without_asking(path: Path, held: Event, release: Event) -> None:
    with duckdb.connect(str(path)):
        held.set()
        release.wait(60)


def elsewhere(target: Any, path: Path) -> tuple[Any, Event]:
    """Another process that has something open, and the event that lets go of it."""
    held, release = spawned.Event(), spawned.Event()
    process = spawned.Process(target=target, args=(path, held, release))
    process.start()
    assert held.wait(60)
    return process, release


def test_a_lock_that_is_not_let_go_ends_in_a_clear_message_after_a_bounded_wait(
    door: Door, monkeypatch: pytest.MonkeyPatch
) -> None:
    door.settings.warehouse.parent.mkdir(parents=True)
    process, release = elsewhere(hold, door.settings.warehouse.with_suffix(".lock"))
    monkeypatch.setattr(opening, "LOCK_SECONDS", 0.2)
    with pytest.raises(WarehouseBusy, match="warehouse: another process has been at it for longer than 0 s") as caught:
        warehouse.load(door.settings)
    release.set()
    process.join()
    assert caught.value.exit_code == 3


def test_somebody_who_has_the_file_open_in_another_program_is_waited_for_and_named(
    door: Door, monkeypatch: pytest.MonkeyPatch
) -> None:
    deliver(door)
    warehouse.load(door.settings)
    process, release = elsewhere(open_without_asking, door.settings.warehouse)
    with (
        monkeypatch.context() as patch,
        pytest.raises(WarehouseBusy, match=r"Another program has had benefits\.duckdb open"),
    ):
        patch.setattr(opening, "LOCK_SECONDS", 0.2)
        warehouse.load(door.settings)
    release.set()
    assert warehouse.load(door.settings).deliveries == 0
    process.join()


def test_a_feed_that_another_process_keeps_ingesting_ends_in_a_clear_message(door: Door) -> None:
    path = door.settings.lake / "_manifests" / "readings" / ".lock"
    path.parent.mkdir(parents=True)
    process, release = elsewhere(hold, path)
    busy = pytest.raises(WarehouseBusy, match="feed readings: another process has been at it")
    with busy, lake.Lake(door.settings.lake, lock_seconds=0.1).hold_feed("readings"):
        pass
    release.set()
    process.join()
    with lake.Lake(door.settings.lake, lock_seconds=0.1).hold_feed("readings"):
        pass


def hold_for_a_while(settings: Settings, held: Event, seconds: float) -> None:
    with warehouse.held(settings):
        held.set()
        time.sleep(seconds)


def test_who_waits_for_a_lock_says_for_whom(door: Door, caplog: pytest.LogCaptureFixture) -> None:
    held = spawned.Event()
    process = spawned.Process(target=hold_for_a_while, args=(door.settings, held, 2.5))
    process.start()
    assert held.wait(60)
    with warehouse.held(door.settings):
        pass
    assert f"warehouse: waiting for process {process.pid} on " in caplog.text
    process.join()
    assert not list(door.settings.warehouse.parent.glob("*.holder"))


def die_while_loading(settings: Settings, point: str) -> None:
    """Load, and be killed at the second delivery: after its rows, or after its ledger line, before the commit."""
    function = getattr(loading, point)
    calls = 0

    def killed(*arguments: Any) -> Any:
        nonlocal calls
        calls += 1
        result = function(*arguments)
        if calls == 2:
            sys.stdout.flush()
            os.kill(os.getpid(), signal.SIGKILL)
        return result

    setattr(loading, point, killed)
    warehouse.load(settings)


@pytest.mark.parametrize("point", ["_insert_batch", "_insert_ledger"])
def test_a_load_that_is_killed_in_a_transaction_is_finished_by_the_next_with_the_same_tables(
    door: Door, point: str
) -> None:
    deliver(door)
    process = spawned.Process(target=die_while_loading, args=(door.settings, point))
    process.start()
    process.join(60)
    assert process.exitcode == -signal.SIGKILL
    assert door.warehouse("select count(*) from meta.delivery") == [(1,)]
    assert warehouse.load(door.settings).deliveries == 4
    after = contents(door)
    door.settings.warehouse.unlink()
    warehouse.load(door.settings)
    assert contents(door) == after


def test_a_batch_that_is_missing_or_altered_is_not_loaded(door: Door) -> None:
    door.deliver(readings(2))
    (path,) = (door.settings.lake / "kpi_reading").glob("*/*.parquet")
    good = path.read_bytes()
    path.write_bytes(good[:-1] + b"x")
    with pytest.raises(LakeDamaged, match="was altered"):
        warehouse.load(door.settings)
    path.unlink()
    with pytest.raises(LakeDamaged, match="is missing"):
        warehouse.load(door.settings)
    path.write_bytes(good)
    assert warehouse.load(door.settings).rows == 2


def test_a_contract_that_gains_a_column_gives_it_to_the_raw_table(door: Door) -> None:
    door.deliver(readings(1))
    warehouse.load(door.settings)
    with warehouse.writing(door.settings) as connection:
        connection.execute("alter table raw.kpi_reading drop column unit")
    warehouse.load(door.settings)
    assert door.warehouse("select kpi_id, unit from raw.kpi_reading") == [("K1", None)]


def test_a_raw_table_that_does_not_fit_its_contract_says_what_to_do(door: Door) -> None:
    door.deliver(readings(1))
    warehouse.load(door.settings)
    with warehouse.writing(door.settings) as connection:
        connection.execute("alter table raw.kpi_reading alter column value type varchar")
    with pytest.raises(ConfigError, match=r"kpi_reading\.yml: the column value was varchar and is now double"):
        warehouse.load(door.settings)


def test_a_home_whose_path_looks_like_a_partition_injects_no_column(tmp_path: Path) -> None:
    door = Door(Settings(home=tmp_path / "env=prod", feeds=tmp_path / "feeds"))
    deliver(door)
    assert warehouse.load(door.settings).rejects == 1


def test_stages_in_one_opening_share_the_connection_and_it_is_closed_with_the_outermost(door: Door) -> None:
    door.deliver(readings(2))
    with warehouse.writing(door.settings) as connection:
        with warehouse.writing(door.settings) as again:
            assert again is connection
        warehouse.load(door.settings)
        assert connection.execute("select count(*) from raw.kpi_reading").fetchall() == [(2,)]
    with pytest.raises(duckdb.ConnectionException):
        connection.execute("select 1")
    with warehouse.writing(door.settings) as later:
        assert later.execute("select count(*) from raw.kpi_reading").fetchall() == [(2,)]


def test_an_opening_that_fails_is_closed_as_any_other(door: Door) -> None:
    with pytest.raises(ZeroDivisionError), warehouse.writing(door.settings), warehouse.writing(door.settings):
        raise ZeroDivisionError
    with warehouse.writing(door.settings) as connection:
        assert connection.execute("select 1").fetchall() == [(1,)]


@pytest.mark.parametrize(
    ("rows", "threads", "compression"),
    [(running.FEW_ROWS - 1, 1, "uncompressed"), (running.FEW_ROWS, warehouse.THREADS, "auto")],
)
def test_a_small_warehouse_is_built_by_one_thread_and_a_large_one_by_all(
    door: Door, rows: int, threads: int, compression: str
) -> None:
    with warehouse.writing(door.settings) as connection:
        connection.execute("create schema raw")
        connection.execute(f"create table raw.half as from range({rows // 2})")
        connection.execute(f"create table raw.rest as from range({rows - rows // 2})")
        running.suit_to_size(connection)
        found = connection.execute("select current_setting('threads'), current_setting('force_compression')").fetchone()
    assert found is not None
    assert (found[0], found[1].lower()) == (threads, compression)


def test_what_is_open_for_writing_is_read_through_the_same_connection(door: Door) -> None:
    door.deliver(readings(2))
    with warehouse.writing(door.settings) as connection:
        warehouse.load(door.settings)
        with warehouse.reading(door.settings) as reader:
            assert reader is connection


def test_a_publication_that_fails_midway_leaves_nothing_and_can_be_made_again(door: Door) -> None:
    part = door.settings.home / ".benefits.duckdb.part"
    with warehouse.writing(door.settings) as connection:
        connection.execute("set force_compression = 'uncompressed'")
        for _ in range(2):
            with (
                pytest.raises(duckdb.Error),
                publish._attached(connection, part),
                warehouse.transaction(connection),
            ):
                connection.execute("create table published.half as from range(10)")
                connection.execute("select * from nowhere")
            assert not list(door.settings.home.glob(".benefits.duckdb.part*"))
        with publish._attached(connection, part):
            connection.execute("create table published.whole as from range(10)")
        assert part.exists()
        assert str(connection.execute("select current_setting('force_compression')").fetchone()).lower().count("uncomp")


@pytest.mark.parametrize(("said", "raised"), [("No space left on device", DiskFull), ("division by zero", BuildFailed)])
def test_a_table_that_cannot_be_published_is_named_unless_the_disk_is_full(
    door: Door, said: str, raised: type[Exception]
) -> None:
    tables = {("marts", "broken"): f"select error('{said}')"}
    part = door.settings.home / ".benefits.duckdb.part"
    with warehouse.writing(door.settings) as connection:
        with pytest.raises(raised) as caught, naming_a_full_disk(), publish._attached(connection, part):
            publish._copy(door.settings, connection, tables)
        assert ("marts.broken" in str(caught.value)) == (raised is BuildFailed)


def test_a_transaction_that_fails_leaves_nothing_and_none_open_and_its_own_error(door: Door) -> None:
    with warehouse.writing(door.settings) as connection:
        with pytest.raises(KeyError), warehouse.transaction(connection):
            connection.execute("create table half (step varchar)")
            raise KeyError
        with pytest.raises(KeyError), warehouse.transaction(connection):
            connection.execute("rollback")  # as DuckDB does by itself where the disk is full
            raise KeyError
        with warehouse.transaction(connection):
            connection.execute("create table half (step varchar)")
    assert door.warehouse("from half") == []


@pytest.mark.parametrize(
    "fail",
    [
        lambda connection: warehouse.settle(connection, cast(Any, "no time")),
        lambda connection: bring_up_to_date(connection, Outdated("kpi_reading", True, Kinds()), "select nothing"),
    ],
)
def test_what_fails_amid_its_statements_leaves_no_transaction_open(
    door: Door, fail: Callable[[duckdb.DuckDBPyConnection], None]
) -> None:
    deliver(door)
    warehouse.load(door.settings)
    with warehouse.writing(door.settings) as connection:
        with pytest.raises(duckdb.Error):
            fail(connection)
        warehouse.settle(connection)


def test_rows_that_differ_in_an_empty_list_alone_have_another_digest(door: Door) -> None:
    warehouse.load(door.settings)
    with warehouse.writing(door.settings) as connection:
        connection.execute("create schema core; create table core.listed (id integer, rows varchar[])")
        digests = set()
        for listed in ("null", "[]", "[null]", "['']"):
            connection.execute(f"delete from core.listed; insert into core.listed values (1, {listed})")
            digests.add(Memory(connection, "plan", afresh=True)._rows_of('"core"."listed"'))
        assert len(digests) == 4
