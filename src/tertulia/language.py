"""Which language a text is written in, so that the answer can be in the question's."""

from __future__ import annotations

from functools import cache
from typing import Any

NAMES = {
    "ca": "Catalan",
    "de": "German",
    "en": "English",
    "es": "Spanish",
    "fr": "French",
    "it": "Italian",
    "nl": "Dutch",
    "pl": "Polish",
    "pt": "Portuguese",
    "ru": "Russian",
    "ja": "Japanese",
    "zh": "Chinese",
}
ENOUGH = 10
"""Letters below which a guess is worth nothing."""


def language(text: str) -> str:
    """The language's English name, as in `Spanish`; empty if the text is too short to tell.

    Only the languages in `NAMES` are told apart. Source: langid (Lui and Baldwin, 2012), through py3langid.
    """
    if sum(character.isalpha() for character in text) < ENOUGH:
        return ""
    code: str = _identifier().classify(text[:2000])[0]
    return NAMES.get(code, "")


@cache
def _identifier() -> Any:
    from py3langid import langid  # reads its tables: too slow for every start

    identifier = langid.LanguageIdentifier.from_model_file(langid.MODEL_FILE)
    identifier.set_languages(list(NAMES))
    return identifier
