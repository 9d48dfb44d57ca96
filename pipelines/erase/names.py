"""Where a name stands in a text: whole words, in any letter case, in Python and in SQL alike."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from pipelines.sql import literal

# Before and after a name there is no letter or digit. In the JSON of a rejected row a line break is written \n.
BEFORE = r"(^|[^\p{L}\p{N}]|\\[bfnrt])"
AFTER = r"($|[^\p{L}\p{N}])"
WORDS = frozenset({"name", "file", "message", "next_step"})
BLANKS = r"[\s\x{00A0}]+"


@dataclass(frozen=True)
class Names:
    """The ways in which a name is spelt, and what takes their place."""

    pattern: re.Pattern[str]
    sql_pattern: str
    placeholder: str

    @classmethod
    def of(cls, names: Iterable[str], placeholder: str) -> Names:
        given = list(names)
        composed = {unicodedata.normalize("NFC", name) for name in given}
        forms = composed | {unicodedata.normalize("NFD", name) for name in given}
        spellings = sorted(forms, key=lambda name: (-len(name), name))
        words = [[re.escape(word) for word in name.split()] for name in spellings]
        text = "|".join(r"[\s\u00a0]+".join(each) for each in words)
        sql = "|".join(BLANKS.join(each) for each in words)
        return cls(
            re.compile(rf"(?<![^\W_])(?:{text})(?![^\W_])", re.IGNORECASE), f"(?i){BEFORE}(?:{sql}){AFTER}", placeholder
        )

    def within(self, text: str) -> bool:
        return self.pattern.search(text) is not None

    def replaced(self, text: str) -> str:
        return self.pattern.sub(self.placeholder, text)

    def replaced_in(self, document: dict[str, Any]) -> dict[str, Any]:
        """The same in what a manifest or report says in words: a file's name, messages; its other values are ours."""
        return {
            key: self.replaced(value) if key in WORDS and isinstance(value, str) else value
            for key, value in document.items()
        }

    def sql_within(self, column: str) -> str:
        return f"regexp_matches({column}, {literal(self.sql_pattern)})"

    def sql_replaced(self, column: str) -> str:
        """Twice, since one blank can both end a name and begin the next."""
        once = f"regexp_replace({column}, {literal(self.sql_pattern)}, {literal(self._replacement)}, 'g')"
        return f"regexp_replace({once}, {literal(self.sql_pattern)}, {literal(self._replacement)}, 'g')"

    @property
    def _replacement(self) -> str:
        return rf"\1{self.placeholder}\2"
