"""Where a value that somebody proposes is printed: the check that nothing is made up."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from ..documents.words import fold
from ..vision import Paper, Word
from .found import Value
from .values import Habits, value_of
from .wanted import Field

LONGEST = 12
"""Words that a value may have."""


def where(value: Any, field: Field, paper: Paper, habits: Habits) -> Value | None:
    """The words that say the value; None if none do. Case, accents and space do not count, digits all do."""
    if value is None or (isinstance(value, str) and not value.strip()):
        return None
    for page in paper.pages:
        for words in _spans(page.rows):
            text = " ".join(word.text for word in words)
            if field.kind == "text" or field.kind == "choice":
                if _bare(text) == _bare(str(value)):
                    return Value(_as_printed(text, field, value), words, page.number, 0.7, "model")
            elif (said := value_of(text, field, habits)) is not None and _same(said, value, field, habits):
                return Value(said, words, page.number, 0.7, "model")
    return None


def _same(said: Any, value: Any, field: Field, habits: Habits) -> bool:
    return bool(said == value) or said == value_of(str(value), field, habits)


def _as_printed(text: str, field: Field, value: Any) -> Any:
    return value if field.kind == "choice" else text.strip(" .:")


def _spans(rows: Any) -> Iterator[tuple[Word, ...]]:
    """All runs of words in a row, the shorter first."""
    for row in rows:
        words = row.words
        for length in range(1, min(len(words), LONGEST) + 1):
            for start in range(len(words) - length + 1):
                yield words[start : start + length]


def _bare(text: str) -> str:
    return re.sub(r"[\s.,:;·]+", "", fold(text))
