from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml

from pipelines.contracts import Contract, load_contract, load_contracts
from pipelines.errors import ConfigError
from pipelines.expectations import build_checks
from pipelines.settings import REPOSITORY

FOLDER = REPOSITORY / "expectations"


def changed(folder: Path, change: Callable[[dict[str, Any]], None]) -> Contract:
    document = yaml.safe_load((FOLDER / "kpi_reading.yml").read_text())
    change(document)
    path = folder / "kpi_reading.yml"
    path.write_text(yaml.safe_dump(document))
    return load_contract(path)


def test_there_are_nineteen_contracts_and_every_rule_of_theirs_can_be_built() -> None:
    contracts = load_contracts(FOLDER)
    assert len(contracts) == 19
    for contract in contracts.values():
        assert len(build_checks(contract)) >= len(contract.rules) + len(contract.keys)


def column(document: dict[str, Any], name: str) -> dict[str, Any]:
    return next(entry for entry in document["schema"][0]["properties"] if entry["name"] == name)


def rule(document: dict[str, Any], name: str) -> dict[str, Any]:
    return next(entry for entry in document["schema"][0]["quality"] if entry["id"] == name)


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (lambda d: d.update(nonsense=1), "nonsense"),
        (lambda d: d["schema"][0].update(nonsense=1), "schema.0"),
        (lambda d: column(d, "value").update(nonsense=1), "schema.0.properties"),
        (lambda d: d.update(id="other"), "id"),
        (lambda d: column(d, "value").update(physicalType="money"), "schema.properties.value.physicalType"),
        (lambda d: column(d, "value").update(logicalTypeOptions={"multipleOf": 2}), "value.logicalTypeOptions"),
        (lambda d: column(d, "value").pop("description"), "schema.properties.value"),
        (lambda d: [column(d, k).pop("primaryKey") for k in ("kpi_id", "period_start", "dimension")], "primaryKey"),
        (lambda d: rule(d, "padded_id").update(severity="critical"), "schema.quality.padded_id.severity"),
        (lambda d: rule(d, "padded_id").update(engine="soda"), "schema.quality.padded_id"),
        (lambda d: rule(d, "padded_id").pop("businessImpact"), "schema.quality.padded_id"),
        (lambda d: rule(d, "padded_id").update(id="blank_text"), "schema.quality"),
        (lambda d: rule(d, "padded_id").update(implementation={"expectation": "X"}), "padded_id.implementation"),
    ],
)
def test_a_contract_that_says_something_unknown_or_too_little_is_named_by_file_and_key(
    tmp_path: Path, change: Callable[[dict[str, Any]], None], words: str
) -> None:
    with pytest.raises(ConfigError) as caught:
        changed(tmp_path, change)
    assert str(caught.value).startswith("kpi_reading.yml: ")
    assert words in str(caught.value)


@pytest.mark.parametrize(
    "implementation",
    [
        {"expectation": "ExpectColumnValuesToBeNise", "kwargs": {"column": "value"}},
        {"expectation": "ExpectColumnValuesToBeBetween", "kwargs": {"column": "value", "minimum": 1}},
        {"expectation": "UnexpectedRowsExpectation", "kwargs": {"unexpected_rows_query": "select value from {batch}"}},
        {"expectation": "UnexpectedRowsExpectation", "kwargs": {"unexpected_rows_query": "select * from batch"}},
        {"expectation": "UnexpectedRowsExpectation", "kwargs": {}},
    ],
)
def test_a_rule_that_cannot_be_built_is_named(tmp_path: Path, implementation: dict[str, Any]) -> None:
    contract = changed(tmp_path, lambda d: rule(d, "padded_id").update(implementation=implementation))
    with pytest.raises(ConfigError, match=r"^kpi_reading\.yml: rule padded_id: "):
        build_checks(contract)


def test_a_contract_is_read_again_once_its_file_has_changed(tmp_path: Path) -> None:
    shutil.copy(FOLDER / "kpi.yml", tmp_path)
    before = load_contracts(tmp_path)["kpi"].version
    path = tmp_path / "kpi.yml"
    path.write_text(path.read_text().replace(f"version: {before}", "version: 9.9.9"))
    assert load_contracts(tmp_path)["kpi"].version == "9.9.9"


def test_a_folder_without_contracts_is_a_fault(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="holds no contract"):
        load_contracts(tmp_path)
