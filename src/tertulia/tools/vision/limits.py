"""The most that reading one file may take."""

from __future__ import annotations

from dataclasses import dataclass

from ..documents.reading.formats import ReadingLimits


@dataclass(frozen=True)
class Limits(ReadingLimits):
    """As for documents, with a bound on pages, since each that has no text is recognised anew."""

    seconds: float = 120.0
    pages: int = 20
    """Pages that are read, from the first; the reading says if there are more."""
