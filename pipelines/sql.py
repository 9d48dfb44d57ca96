"""Names and texts as they stand in SQL."""

from __future__ import annotations


def quoted(identifier: str) -> str:
    """An SQL identifier in double quotes."""
    return '"' + identifier.replace('"', '""') + '"'


def literal(text: str | None) -> str:
    """An SQL text in single quotes; null where there is none."""
    return "null::varchar" if text is None else "'" + text.replace("'", "''") + "'"
