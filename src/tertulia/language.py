"""Which language a text is in: a code within the program, an English name at the prompt.

Source: langid (Lui and Baldwin, 2012), through py3langid. Its model of 2 MB is loaded at the first call, which takes a
second or two.
"""

from __future__ import annotations

import re
from functools import cache, lru_cache
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
"""Languages that a question may be in. Among more, a short English one is soon taken for Norwegian."""
COMMON = frozenset(["ca", "da", "de", "en", "es", "fi", "fr", "it", "nl", "no", "pt", "ro", "ru", "sv"])
"""Languages that a document is usually in."""
ENOUGH = 10
"""Letters of a question below which a guess is worth nothing."""
BEGINNING = 2000
"""Characters of a question that are looked at, from its beginning."""
SPANISH = re.compile(
    r"[¿¡ñ]|\b(?:cu[aá]nt[oa]s?|cu[aá]l|qu[eé]|calcula|resuelve|m[aá]s|menos|por|entre|dividido|de|del|el|la|son|es)\b",
    re.I,
)
ENGLISH = re.compile(
    r"\b(?:what|how|is|are|calculate|compute|solve|plus|minus|times|divided|by|of|the|equals?)\b", re.I
)


def language_of(text: str) -> str:
    """ISO 639-1 code of the language a question begins in, one of `NAMES`; empty if it is too short to tell."""
    return _guess(text[:BEGINNING])


def likely_language_of(text: str) -> str:
    """As `language_of`, and of a shorter text by words and signs that only Spanish or only English has.

    It says how numbers in the text are to be read, for which a guess is too little: `1.500 * 2` alone gives none.
    """
    text = text[:BEGINNING]
    is_spanish, is_english = SPANISH.search(text) is not None, ENGLISH.search(text) is not None
    if _letters(text) < 4 * ENOUGH and is_spanish is not is_english:
        return "es" if is_spanish else "en"
    return _guess(text)


def name_of(code: str) -> str:
    """The language's English name, as in `Spanish`; empty if it is none of `NAMES`."""
    return NAMES.get(code, "")


def language_of_document(text: str, otherwise: str = "") -> str:
    """ISO 639-1 code of the language most of a document or a passage is in; `otherwise` when it is too short to tell.

    A rare language is not believed where a common one is expected: short texts are taken for their neighbours. Only the
    first 3000 characters are looked at. Call it in a thread, as it may be called for every passage.
    """
    if _letters(text[:400]) < (80 if otherwise else 12):
        return otherwise
    found = str(_identifier().classify(text[:3000])[0])
    return otherwise if otherwise in COMMON and found not in COMMON else found


def _letters(text: str) -> int:
    return sum(character.isalpha() for character in text)


@lru_cache(maxsize=256)
def _guess(text: str) -> str:
    if _letters(text) < ENOUGH:
        return ""
    ranked: list[tuple[str, float]] = _identifier().rank(text)
    return next(code for code, _ in ranked if code in NAMES)


@cache
def _identifier() -> Any:
    from py3langid import langid  # reads its tables: too slow for every start

    return langid.LanguageIdentifier.from_model_file(langid.MODEL_FILE)
