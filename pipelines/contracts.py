"""`expectations/*.yml` -> `Contract`: the columns, keys and rules of one entity in Fruition's own vocabulary.

A contract is an Open Data Contract Standard 3 document. It is checked against the standard's own schema, then its
pydantic model, then what Fruition asks beyond: the types it loads, and rules that name a severity and its reason.
"""

from __future__ import annotations

import importlib.resources
import json
import re
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any, Literal, cast

from jsonschema import Draft201909Validator
from open_data_contract_standard.model import DataQuality, OpenDataContractStandard, SchemaObject, SchemaProperty
from pydantic import ValidationError

from pipelines.documents import read_yaml
from pipelines.errors import ConfigError

Severity = Literal["error", "warning"]
SEVERITIES: tuple[Severity, ...] = ("error", "warning")
TYPES = ("varchar", "date", "timestamp", "double", "integer", "boolean")
DECIMAL = re.compile(r"decimal\((\d+),(\d+)\)")
MOST_DIGITS = 38


@dataclass(frozen=True)
class Default:
    """What stands where nobody said anything: a value, another column's value, or a setting's."""

    value: str | int | float | None = None
    column: str | None = None
    setting: str | None = None


@dataclass(frozen=True)
class Column:
    """One column: its SQL type, whether it is part of the key, and what its values may be."""

    name: str
    type: str
    description: str
    title: str
    key_position: int | None = None
    required: bool = False
    allowed: tuple[str, ...] = ()
    minimum: str | float | None = None
    maximum: str | float | None = None
    default: Default | None = None

    @property
    def is_key(self) -> bool:
        return self.key_position is not None


@dataclass(frozen=True)
class Rule:
    """One rule of several columns: a Great Expectations expectation, its severity and the reason for that."""

    id: str
    title: str
    severity: Severity
    reason: str
    expectation: str
    arguments: dict[str, Any] = field(hash=False)


@dataclass(frozen=True)
class Contract:
    """One entity: `columns` in order, `rules` in order; `grain` says what a row is."""

    name: str
    version: str
    title: str
    description: str
    grain: str
    columns: tuple[Column, ...]
    rules: tuple[Rule, ...]

    @property
    def keys(self) -> tuple[Column, ...]:
        """The columns of the business key, in key order."""
        return tuple(sorted((c for c in self.columns if c.is_key), key=lambda c: c.key_position or 0))

    @property
    def reported_at(self) -> str | None:
        """The column that orders versions of a row, where the contract has one."""
        return next((c.name for c in self.columns if c.name == "reported_at"), None)

    def column(self, name: str) -> Column:
        return next(c for c in self.columns if c.name == name)


def load_contracts(folder: Path) -> dict[str, Contract]:
    """Every contract of a folder by name; the first fault raises `ConfigError` naming file and key."""
    contracts = {path.stem: _remembered(path, path.stat().st_mtime_ns) for path in sorted(folder.glob("*.yml"))}
    if not contracts:
        raise ConfigError(f"{folder.name}/ holds no contract (*.yml).")
    return contracts


@cache
def _remembered(path: Path, _changed_ns: int) -> Contract:
    """A contract, read once a process for as long as its file stays the same: reading takes 50 ms."""
    return load_contract(path)


def load_contract(path: Path) -> Contract:
    """One contract from its file; `ConfigError` names the file and the key at fault."""
    document = read_yaml(path)
    error = next(iter(_validator().iter_errors(document)), None)
    if error is not None:
        where = ".".join(str(part) for part in error.absolute_path) or "the document"
        raise ConfigError(f"{path.name}: {where}: {error.message[:300]}")
    try:
        standard = OpenDataContractStandard.model_validate(document)
    except ValidationError as fault:
        first = fault.errors()[0]
        raise ConfigError(f"{path.name}: {'.'.join(map(str, first['loc']))}: {first['msg']}") from fault
    if standard.id != path.stem or not standard.schema_ or len(standard.schema_) != 1:
        raise ConfigError(f"{path.name}: id: must be {path.stem!r}, with exactly one object under schema.")
    return _contract(path, standard, standard.schema_[0])


@cache
def _validator() -> Draft201909Validator:
    text = importlib.resources.files("open_data_contract_standard").joinpath("schema.json").read_text("utf-8")
    return Draft201909Validator(json.loads(text))


def _contract(path: Path, standard: OpenDataContractStandard, schema: SchemaObject) -> Contract:
    columns = tuple(_column(path, entry) for entry in schema.properties or [])
    if not any(column.is_key for column in columns):
        raise ConfigError(f"{path.name}: schema.properties: no property has primaryKey.")
    rules = tuple(_rule(path, entry) for entry in schema.quality or [])
    rule_ids = [rule.id for rule in rules]
    if len(set(rule_ids)) != len(rule_ids):
        raise ConfigError(f"{path.name}: schema.quality: a rule id stands twice.")
    return Contract(
        name=path.stem,
        version=standard.version or "",
        title=schema.businessName or path.stem,
        description=" ".join((schema.description or "").split()),
        grain=schema.dataGranularityDescription or "",
        columns=columns,
        rules=rules,
    )


def _column(path: Path, entry: SchemaProperty) -> Column:
    where = f"{path.name}: schema.properties.{entry.name}"
    if not _is_loadable(entry.physicalType or ""):
        raise ConfigError(
            f"{where}.physicalType: is {entry.physicalType!r}; Fruition loads {', '.join(TYPES)} and decimal(p,s)."
        )
    if entry.quality:
        raise ConfigError(f"{where}.quality: put rules under the object's quality, where they are run in order.")
    if not entry.name or not entry.description:
        raise ConfigError(f"{where}: needs a name and a description.")
    options = entry.logicalTypeOptions or {}
    unknown = set(options) - {"minimum", "maximum"}
    if unknown:
        raise ConfigError(f"{where}.logicalTypeOptions: {', '.join(sorted(unknown))} would be ignored; remove it.")
    return Column(
        name=entry.name,
        type=entry.physicalType or "",
        description=" ".join(entry.description.split()),
        title=entry.businessName or entry.name,
        key_position=entry.primaryKeyPosition if entry.primaryKey else None,
        required=bool(entry.required),
        allowed=tuple(str(value.value) for value in entry.enum or []),
        minimum=options.get("minimum"),
        maximum=options.get("maximum"),
        default=_default(where, entry),
    )


def _is_loadable(type_: str) -> bool:
    digits = DECIMAL.fullmatch(type_)
    return type_ in TYPES or (digits is not None and int(digits[2]) <= int(digits[1]) <= MOST_DIGITS)


def _default(where: str, entry: SchemaProperty) -> Default | None:
    given = {custom.property: custom.value for custom in entry.customProperties or []}
    if not given:
        return None
    if len(given) > 1 or not set(given) <= {"default", "defaultColumn", "defaultSetting"}:
        raise ConfigError(f"{where}.customProperties: one of default, defaultColumn, defaultSetting is understood.")
    return Default(
        value=given.get("default"),
        column=cast(str | None, given.get("defaultColumn")),
        setting=cast(str | None, given.get("defaultSetting")),
    )


def _rule(path: Path, entry: DataQuality) -> Rule:
    where = f"{path.name}: schema.quality.{entry.id or entry.name}"
    if entry.type != "custom" or entry.engine != "greatExpectations":
        raise ConfigError(f"{where}: type must be custom and engine greatExpectations; nothing else is run.")
    severity = next((known for known in SEVERITIES if known == entry.severity), None)
    if severity is None:
        raise ConfigError(f"{where}.severity: is {entry.severity!r}; give error (reject the row) or warning.")
    if not entry.id or not entry.businessImpact:
        raise ConfigError(f"{where}: needs an id, and a businessImpact that gives the reason for its severity.")
    implementation = entry.implementation
    if not isinstance(implementation, dict) or set(implementation) != {"expectation", "kwargs"}:
        raise ConfigError(f"{where}.implementation: needs exactly expectation and kwargs.")
    return Rule(
        id=entry.id,
        title=entry.name or entry.id,
        severity=severity,
        reason=" ".join(entry.businessImpact.split()),
        expectation=str(implementation["expectation"]),
        arguments=dict(implementation["kwargs"]),
    )


def describe_for_sql(contracts: dict[str, Contract]) -> str:
    """The contracts as the JSON text that the dbt project reads its columns, keys and defaults from."""
    return json.dumps({name: _describe(contract) for name, contract in contracts.items()})


def _describe(contract: Contract) -> dict[str, Any]:
    return {
        "keys": [column.name for column in contract.keys],
        "effective": contract.reported_at,
        "grain": contract.grain,
        "description": contract.description,
        "columns": [
            {
                "name": column.name,
                "type": column.type,
                "description": column.description,
                "default": column.default.value if column.default else None,
                "default_column": column.default.column if column.default else None,
                "default_setting": column.default.setting if column.default else None,
            }
            for column in contract.columns
        ],
    }
