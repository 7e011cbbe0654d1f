"""Words as the index compares them, folded and stemmed, and the sentences that they stand in."""

from __future__ import annotations

import re
import unicodedata
from functools import cache
from typing import Any

from .extras import need

STEMMERS = {
    "ca": "catalan",
    "da": "danish",
    "de": "german",
    "en": "english",
    "es": "spanish",
    "fi": "finnish",
    "fr": "french",
    "it": "italian",
    "nl": "dutch",
    "no": "norwegian",
    "pt": "portuguese",
    "ro": "romanian",
    "ru": "russian",
    "sv": "swedish",
}
"""Snowball's name of each language that is stemmed; words of other languages are only folded."""

_STOP_WORDS = """
    a about an and any are as at be been but by can could did do does for from had has have he her his how i if in
    into is it its may me my not of on or our she should so than that the their them then there these they this
    those to was we were what when where which while who whom whose why will with would you your
    al algo ante aquel asi aun como con cual cuales cuando cuanto cuantos cuya cuyo de del desde donde e el ella
    ellas ellos en entre era eran es esa ese eso esta estan estas este esto estos fue fueron ha han hasta hay la las
    le les lo los mas mi mientras muy ni nos o otra otro para pero por porque que quien quienes se segun ser si sin
    sobre son su sus tal tambien te tiene todo tu un una unas uno unos y ya yo
"""
STOP_WORDS = frozenset(_STOP_WORDS.split())
"""Folded words that say nothing of what a text is about, English and Spanish."""

SENTENCE_END = re.compile(
    r"(?<=[.!?…])[\"'»”’)\]]*\s+(?=[\"'«“‘(\[¿¡]*[^\W_a-z])|\n\s*\n|\n(?=\s*(?:[-*•|#]|\d+[.)])\s?)"
)
ABBREVIATION = re.compile(
    r"(?:\b(?:dr|dra|sr|sra|srta|st|mr|mrs|ms|prof|vs|fig|figs|núm|nº|pág|págs|p|pp|vol|ed|inc|ltd|"
    r"art|cap|ej|e\.g|i\.e|ee|aprox|gral|av|jan|feb|aug|sept|oct|nov|dec)|\b(?-i:[A-ZÁÉÍÓÚÑ]))\.$",
    re.IGNORECASE,
)
WORD = re.compile(r"[\u3040-\u30ff\u3400-\u9fff\uac00-\ud7a3]|[^\W_]+")


def fold(text: str) -> str:
    """Lower case without accents: `Información` becomes `informacion`."""
    if text.isascii():
        return text.lower()
    decomposed = unicodedata.normalize("NFKD", text.casefold())
    return "".join(character for character in decomposed if not unicodedata.combining(character))


def terms(text: str, language: str) -> list[str]:
    """Stems of the words that say something, in order.

    Folding comes before stemming, so that a question typed without accents finds the same words.
    """
    words = [word for word in WORD.findall(fold(text)) if word not in STOP_WORDS]
    stemmer = _stemmer(language)
    if stemmer is None:
        return words
    stems: list[str] = stemmer.stemWords(words)
    if language == "es":  # Snowball leaves the plural of short words: ríos, días, redes
        return [stem[:-1] if len(stem) > 3 and stem.endswith("s") else stem for stem in stems]
    return stems


@cache
def _stemmer(language: str) -> Any:
    if language not in STEMMERS:
        return None
    stemmer = need("Stemmer").Stemmer(STEMMERS[language])
    stemmer.maxCacheSize = 10_000
    return stemmer


def sentences(text: str) -> list[tuple[int, int]]:
    """Where each sentence, line of a list or row of a table begins and ends, without the space around it."""
    spans, start = [], 0
    for border in SENTENCE_END.finditer(text):
        if "\n" not in border[0] and ABBREVIATION.search(text[max(0, border.start() - 12) : border.start()]):
            continue
        spans.append((start, border.end()))
        start = border.end()
    spans.append((start, len(text)))
    return [trimmed for span in spans if (trimmed := trim(text, *span))]


def trim(text: str, start: int, end: int) -> tuple[int, int] | None:
    """The span without white space at its ends; None if nothing is left."""
    part = text[start:end]
    left = len(part) - len(part.lstrip())
    right = len(part.rstrip())
    return (start + left, start + right) if right > left else None
