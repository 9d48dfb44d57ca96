"""The questions that every build answers, as the lake remembers them: what the portfolio selection is asked, and since when.

All that were ever kept are remembered, so that a build that looks back answers the one of its time.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from pipelines.errors import ConfigError, LakeDamaged
from pipelines.lake import TIMESTAMP, Lake, read_json, write_json
from pipelines.locks import hold
from pipelines.selection import Question


@dataclass(frozen=True)
class KeptQuestion:
    """A question, and the moment from which on it is the one that builds answer."""

    asked_at: datetime
    question: Question


def kept_questions(lake: Lake) -> list[KeptQuestion]:
    """Every question kept, the newest last; `LakeDamaged` where they cannot be read."""
    path = _path(lake)
    if not path.exists():
        return []
    try:
        return [_from_json(document) for document in read_json(path)["questions"]]
    except (ConfigError, KeyError, TypeError, ValueError) as error:
        raise LakeDamaged(f"lake/_questions/{path.name} cannot be read: restore it from a backup.") from error


def keep_question(lake: Lake, kept: KeptQuestion) -> None:
    """Remember a question: from then on it is the one that builds answer."""
    with hold(_path(lake).with_suffix(".lock"), "portfolio question", lake.lock_seconds):
        write_json(_path(lake), {"questions": [_to_json(one) for one in (*kept_questions(lake), kept)]})


def _path(lake: Lake) -> Path:
    return lake.folder / "_questions" / "portfolio.json"


def _to_json(kept: KeptQuestion) -> dict[str, Any]:
    question = kept.question
    return {
        "asked_at": kept.asked_at.strftime(TIMESTAMP),
        "budget": question.budget,
        "role_capacity": dict(question.role_capacity),
    }


def _from_json(document: dict[str, Any]) -> KeptQuestion:
    budget = document["budget"]
    capacity = {str(role): float(fte) for role, fte in document["role_capacity"].items()}
    question = Question(None if budget is None else float(budget), capacity)
    return KeptQuestion(datetime.strptime(document["asked_at"], TIMESTAMP), question)
