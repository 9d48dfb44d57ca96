"""`docs/data-dictionary.md` from the contracts and the marts' own descriptions: `make docs`."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from pipelines.contracts import Column, Contract, load_contracts
from pipelines.documents import read_yaml
from pipelines.settings import REPOSITORY

TARGET = REPOSITORY / "docs" / "data-dictionary.md"
HEAD = """# Data dictionary

Made by `make docs` from `expectations/*.yml` and `warehouse/models/**/*.yml`; edit those.

The published file is `published/benefits.duckdb`: schema `marts` for reports, `core` for the current row of each contract,
`meta` for deliveries, rejects, feed health and builds. Money is in the reporting currency where a column says so.
"""


def dictionary() -> str:
    """The whole dictionary as Markdown: marts first, then the contracts."""
    marts = [
        line for path in sorted((REPOSITORY / "warehouse" / "models" / "marts").glob("*.yml")) for line in _mart(path)
    ]
    contracts = [
        line for contract in load_contracts(REPOSITORY / "expectations").values() for line in _contract(contract)
    ]
    return "\n".join([HEAD, "## Marts\n", *marts, "## Contracts and current rows (`core`)\n", *contracts])


def _mart(path: Path) -> Iterator[str]:
    models: list[dict[str, Any]] = read_yaml(path).get("models", [])
    for model in models:
        yield f"### `marts.{model['name']}`\n\n{_line(model['description'])}\n"
        yield "| column | type | meaning |\n|---|---|---|"
        for column in model.get("columns", []):
            yield f"| `{column['name']}` | {column.get('data_type', '')} | {_cell(column.get('description', ''))} |"
        yield ""


def _contract(contract: Contract) -> Iterator[str]:
    yield f"### `core.{contract.name}`\n\n{contract.grain} {contract.description}\n"
    yield "| column | type | | meaning |\n|---|---|---|---|"
    for column in contract.columns:
        yield f"| `{column.name}` | {column.type} | {_marks(column)} | {_cell(column.description)} |"
    yield ""
    if contract.rules:
        yield "| rule | severity | what it asks, and why |\n|---|---|---|"
        for rule in contract.rules:
            yield f"| `{rule.id}` | {rule.severity} | {_cell(rule.title)}. {_cell(rule.reason)} |"
        yield ""


def _marks(column: Column) -> str:
    """Key, required, default."""
    marks = ["key"] if column.is_key else ["required"] if column.required else []
    if column.default is not None:
        given = column.default.column or column.default.setting or column.default.value
        marks.append(
            f"default {given!r}" if not (column.default.column or column.default.setting) else f"default: {given}"
        )
    return ", ".join(marks)


def _line(text: str) -> str:
    return " ".join(text.split())


def _cell(text: str) -> str:
    return _line(text).replace("|", "\\|").rstrip(".")


def main() -> None:
    """Write the dictionary."""
    TARGET.write_text(dictionary(), encoding="utf-8")
    print(f"Wrote {TARGET.relative_to(REPOSITORY)}.")


if __name__ == "__main__":
    main()
