from __future__ import annotations

import shutil
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import yaml

from pipelines import warehouse
from pipelines.compatibility import is_widened
from pipelines.errors import ConfigError
from tests.door import Door

Column = dict[str, Any]
COST = "project_id,period_start,cost_type,planned_cost,currency\nP1,2026-01-01,capex,10.25,GBP\n"
MAPPING = {name: name for name in COST.splitlines()[0].split(",")}


@pytest.fixture
def door(door: Door, tmp_path: Path) -> Door:
    """A home whose contracts are its own to change, with one delivery of cost made under version 1.0.0 of it."""
    contracts = tmp_path / "expectations"
    contracts.mkdir()
    for name in ("cost", "kpi_reading"):
        shutil.copy(door.settings.contracts / f"{name}.yml", contracts)
    door = Door(replace(door.settings, contracts=contracts))
    change(door, lambda columns: retyped(columns, "planned_cost", "decimal(9,2)"), version="1.0.0")
    door.feed(delivers=[{"contract": "cost", "columns": MAPPING}])
    door.deliver(COST)
    warehouse.load(door.settings)
    return door


def change(door: Door, edit: Callable[[dict[str, Column]], object], version: str = "2.0.0", name: str = "cost") -> None:
    """Edit a contract's columns, by name, under another version."""
    path = door.settings.contracts / f"{name}.yml"
    document = yaml.safe_load(path.read_text())
    columns = {column["name"]: column for column in document["schema"][0]["properties"]}
    edit(columns)
    document["schema"][0]["properties"] = list(columns.values())
    document["version"] = version
    path.write_text(yaml.safe_dump(document, sort_keys=False))


def retyped(columns: dict[str, Column], name: str, type_: str) -> None:
    columns[name]["physicalType"] = type_
    columns[name]["logicalType"] = {"timestamp": "timestamp", "varchar": "string", "date": "date"}.get(type_, "number")
    columns[name].pop("logicalTypeOptions", None)


def added(columns: dict[str, Column], name: str = "approved_by") -> None:
    columns[name] = {
        "name": name, "businessName": name, "description": "Who approved it.", "logicalType": "string",
        "physicalType": "varchar",
    }  # fmt: skip


def raw(door: Door, columns: str = "*") -> list[Any]:
    return door.warehouse(f"select {columns} from raw.cost order by all")


def from_nothing(door: Door, columns: str = "*") -> list[Any]:
    door.settings.warehouse.unlink()
    warehouse.load(door.settings)
    return raw(door, columns)


@pytest.mark.parametrize(
    ("was", "is_", "holds_all"),
    [
        ("integer", "integer", True),
        ("integer", "double", True),
        ("integer", "decimal(12,2)", True),
        ("integer", "decimal(11,2)", False),
        ("decimal(18,2)", "decimal(20,4)", True),
        ("decimal(18,2)", "decimal(18,4)", False),
        ("decimal(18,2)", "decimal(20,1)", False),
        ("decimal(18,2)", "double", False),
        ("date", "timestamp", True),
        ("timestamp", "date", False),
        ("double", "integer", False),
        ("varchar", "double", False),
        ("double", "varchar", False),
        ("boolean", "integer", False),
    ],
)
def test_a_type_is_widened_where_it_holds_every_value_of_the_old(was: str, is_: str, holds_all: bool) -> None:
    assert is_widened(was, is_) is holds_all


def test_a_column_added_is_empty_in_what_came_before_and_filled_in_what_comes(door: Door) -> None:
    change(door, added, version="1.1.0")
    door.feed(delivers=[{"contract": "cost", "columns": {**MAPPING, "approved_by": "'VMO'"}}])
    door.deliver(COST.replace("P1", "P2"))
    warehouse.load(door.settings)
    assert raw(door, "project_id, approved_by") == [("P1", None), ("P2", "VMO")]
    assert from_nothing(door, "project_id, approved_by") == [("P1", None), ("P2", "VMO")]


def test_a_type_widened_holds_what_came_before_exactly_and_what_did_not_fit(door: Door) -> None:
    def widen(columns: dict[str, Column]) -> None:
        retyped(columns, "planned_cost", "decimal(20,4)")
        retyped(columns, "period_start", "timestamp")

    before = raw(door, "_key")
    change(door, widen)
    warehouse.load(door.settings)
    door.deliver(COST.replace("P1", "P2").replace("10.25", "123456789012.1234"))
    warehouse.load(door.settings)
    columns = "project_id, planned_cost::varchar, period_start::varchar"
    expected = [("P1", "10.2500", "2026-01-01 00:00:00"), ("P2", "123456789012.1234", "2026-01-01 00:00:00")]
    assert raw(door, columns) == expected
    altered = raw(door, "project_id, _key")
    assert from_nothing(door, columns) == expected
    assert raw(door, "project_id, _key") == altered
    assert before[0][0] not in {key for _, key in altered}, "the key's own type was widened, and its bucket follows"


BREAKING = [
    (lambda columns: columns.pop("planned_cost"), "cost.yml: the column planned_cost is gone", "put it back"),
    (lambda columns: retyped(columns, "planned_cost", "decimal(8,2)"),
     "planned_cost was decimal(9,2) and is now decimal(8,2)", "add a column under another name"),
    (lambda columns: retyped(columns, "planned_cost", "double"),
     "planned_cost was decimal(9,2) and is now double", "make it decimal(9,2) again"),
    (lambda columns: columns["planned_cost"].update(name="cost_planned"), "column planned_cost is gone", "new column"),
    (lambda columns: columns["cost_type"].update(primaryKey=False, primaryKeyPosition=-1),
     "its key was project_id, period_start, cost_type in version 1.0.0 and is now project_id, period_start",
     "another contract"),
]  # fmt: skip


@pytest.mark.parametrize(("edit", "what", "next_step"), BREAKING)
def test_a_breaking_change_is_refused_before_anything_is_written(
    door: Door, edit: Callable[[dict[str, Column]], object], what: str, next_step: str
) -> None:
    rows, manifests = raw(door), door.manifests()
    change(door, edit)
    mapping = {"project_id": "project_id", "period_start": "period_start", "cost_type": "cost_type"}
    door.feed(delivers=[{"contract": "cost", "columns": mapping}])
    for attempt in (lambda: door.deliver(COST.replace("P1", "P2")), lambda: warehouse.load(door.settings)):
        with pytest.raises(ConfigError) as refused:
            attempt()
        assert what in str(refused.value)
        assert next_step in str(refused.value)
    assert raw(door) == rows
    assert door.manifests() == manifests
    door.settings.warehouse.unlink()
    with pytest.raises(ConfigError, match=r"cost\.yml"):
        warehouse.load(door.settings)


def test_columns_changed_under_the_same_version_ask_for_another(door: Door) -> None:
    change(door, added, version="1.0.0")
    with pytest.raises(ConfigError, match=r"cost\.yml: its columns are others .* raise `version`"):
        door.deliver(COST.replace("P1", "P2"))


def test_rules_and_required_values_are_asked_of_what_comes_from_now_on(door: Door) -> None:
    change(door, lambda columns: columns["currency"].update(required=True), version="1.0.1")
    assert door.deliver(COST.replace("P1", "P2")).accepted == 1
    assert warehouse.load(door.settings).rows == 1


def test_a_contract_that_is_gone_while_the_lake_holds_its_rows_is_asked_back(door: Door) -> None:
    (door.settings.contracts / "cost.yml").unlink()
    with pytest.raises(ConfigError, match=r"expectations/cost\.yml is gone, .* put it back"):
        warehouse.load(door.settings)


def test_a_contract_of_which_nothing_ever_came_may_change_as_it_likes(door: Door) -> None:
    change(door, lambda columns: columns.pop("unit"), name="kpi_reading")
    warehouse.load(door.settings)
    assert "unit" not in [row[0] for row in door.warehouse("describe raw.kpi_reading")]


def test_what_was_refused_leaves_no_version_behind(door: Door) -> None:
    change(door, added, version="1.1.0")
    assert door.deliver(COST.splitlines()[0] + "\n").status == "refused"
    assert [path.name for path in door.settings.lake.glob("_contracts/cost/*")] == ["1.0.0.json"]
