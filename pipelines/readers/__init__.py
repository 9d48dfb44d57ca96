"""Bytes -> named tables of text. A reader is one function; `READERS` is the list of them."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

from pipelines.readers.csv import read_csv
from pipelines.readers.excel import read_excel
from pipelines.readers.tables import Malformed, Table
from pipelines.workspace import Workspace

Reader = Callable[[Path, Any, Workspace], list[Table]]

READERS: dict[str, Reader] = {"csv": read_csv, "excel": read_excel}

__all__ = ["READERS", "Malformed", "Reader", "Table"]
