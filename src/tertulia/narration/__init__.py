"""A run told in sentences, in English or Spanish. Screens format them, and word nothing."""

from __future__ import annotations

from dataclasses import dataclass

from ..events import Asked, Event
from ..types import Question
from . import catalogue
from .catalogue import LANGUAGES, Language
from .sentences import SILENT, Kind, Sentence, needed, sentence

__all__ = [
    "LANGUAGES",
    "SILENT",
    "Kind",
    "Language",
    "Narrator",
    "Sentence",
    "catalogue",
    "language_of",
    "needed",
    "sentence",
]


@dataclass
class Narrator:
    """Tells the events of one run."""

    language: Language | None = None
    """None until the question is known; then its own, if that is one of the languages that there are."""

    def tell(self, event: Event) -> Sentence | None:
        """The event in a sentence; None if it is silent."""
        if self.language is None and isinstance(event, Asked):
            self.language = language_of(event.question)
        if isinstance(event, SILENT):
            return None
        return sentence(event, self.language or "en")


def language_of(question: Question) -> Language:
    """The language in which the run of a question is told: Spanish if the question is in Spanish, else English."""
    return "es" if question.language == "Spanish" else "en"
