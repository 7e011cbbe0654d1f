"""What was read of paper: the data, and for each value where it is printed."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from ..vision import Box, Word, around

By = Literal["label", "table", "place", "choice", "model"]


@dataclass(frozen=True)
class Evidence:
    """Where a value is printed."""

    pointer: str
    """JSON pointer of the value, as in `/items/0/price`."""
    page: int
    """From 1."""
    box: Box | None
    """In pixels of the image, or of the page at 144 dots per inch; None in formats that have no places."""
    text: str
    """As it is printed."""
    confidence: float
    """0 to 1: that of the recognition, less what is unsure about the place."""
    by: By = "label"
    """How it was found: beside its label, in a table, by its place, as one of the choices, or by the model."""


@dataclass(frozen=True)
class Check:
    """A sum that the data should bear out."""

    says: str
    """As in `subtotal + tax = total: 100 + 21 = 121`."""
    holds: bool


@dataclass(frozen=True)
class Extraction:
    """What was read of one file."""

    source: str
    data: Mapping[str, Any]
    """Follows the schema, but for what was not found, which is null."""
    evidence: tuple[Evidence, ...] = ()
    missing: tuple[str, ...] = ()
    """JSON pointers of what was not found."""
    checks: tuple[Check, ...] = ()
    rejected: tuple[str, ...] = ()
    """What the model proposed and is printed nowhere."""
    notes: tuple[str, ...] = field(default=())


@dataclass(frozen=True)
class Value:
    """A value with the words that it was read from."""

    value: Any
    words: tuple[Word, ...]
    page: int
    score: float
    """How sure the place is, 0 to 1."""
    by: By = "label"

    def evidence(self, pointer: str) -> Evidence:
        sure = min((word.confidence for word in self.words), default=0.0)
        text = " ".join(word.text for word in self.words)
        box = around([word.box for word in self.words])
        return Evidence(pointer, self.page, box, text, round(sure * min(1.0, self.score), 3), self.by)
