"""What a check finds, in the same words everywhere."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

State = Literal["ok", "warning", "fault"]


@dataclass(frozen=True)
class Check:
    """One thing that was looked at: its state, what was seen, and what to do where something is to be done.

    `is_configuration` marks what the repository or the environment must mend; a fault there ends with exit code 2.
    """

    name: str
    state: State
    seen: str
    todo: str = ""
    is_configuration: bool = False


def ok(name: str, seen: str) -> Check:
    """Nothing to do."""
    return Check(name, "ok", seen)


def warning(name: str, seen: str, todo: str) -> Check:
    """Nothing is broken, but somebody should look."""
    return Check(name, "warning", seen, todo)


def fault(name: str, seen: str, todo: str) -> Check:
    """Something is broken."""
    return Check(name, "fault", seen, todo)


def misconfigured(name: str, seen: str, todo: str) -> Check:
    """The repository or the environment is broken."""
    return Check(name, "fault", seen, todo, is_configuration=True)


def counted(count: int, noun: str) -> str:
    """'1 feed', '1,200 feeds'."""
    return f"{count:,} {noun}{'' if count == 1 else 's'}"
