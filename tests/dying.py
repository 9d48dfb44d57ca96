"""A process that ends at a moment of the test's choosing: before one of its durable calls."""

from __future__ import annotations

import os
from collections.abc import Callable
from typing import Any

KILLED = 137
DURABLE = ("fsync", "replace", "rename", "unlink", "rmdir", "mkdir")


def die_at(call: int, names: tuple[str, ...] = DURABLE) -> None:
    """Every call of these names that Python makes in this process counts; the n-th ends it, before it is made."""
    calls = 0

    def counted(real: Callable[..., Any]) -> Callable[..., Any]:
        def counting(*arguments: Any, **keywords: Any) -> Any:
            nonlocal calls
            calls += 1
            if calls == call:
                os._exit(KILLED)
            return real(*arguments, **keywords)

        return counting

    for name in names:
        setattr(os, name, counted(getattr(os, name)))
