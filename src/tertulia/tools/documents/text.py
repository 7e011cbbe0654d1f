"""Text as the index sees it: cleaned, folded, stemmed, cut into sentences."""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass
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

HIDDEN = re.compile(
    "[\u0000-\u0008\u000b\u000e-\u001f\u007f-\u0084\u0086-\u009f"  # controls
    "\u00ad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180f\u3164\uffa0"  # soft hyphens and fillers
    "\u200b\u200e\u200f\u202a-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb"  # zero width, bidirectional controls
    "\U0001bca0-\U0001bca3\U0001d173-\U0001d17a\U000e0000-\U000e0fff]"  # tags, spare variation selectors
    "|(?<=[\ufe00-\ufe0f])[\ufe00-\ufe0f]+"  # a second variation selector selects nothing
    # Joiners are letters' own in these scripts and build emoji; anywhere else they only hide.
    "|(?<![\u0600-\u06ff\u0900-\u0dff\u1000-\u109f\ufe0f\u2600-\u27bf\U0001f000-\U0001faff])[\u200c\u200d]"
)
"""Characters that a reader does not see and a model does."""

ORDERS = re.compile(
    r"(ignore|disregard|forget|override)\W+(\w+\W+){0,3}?(previous|prior|above|earlier|system)\b.{0,30}"
    r"(instruction|prompt|message|rule)"
    r"|(ignor[ae]\w*|olvid[ae]\w*|descart[ae]\w*|omit[ae]\w*)\W+(\w+\W+){0,3}?(instruccion|orden|regla|indicacion)\w*"
    r"|(system prompt|prompt del sistema|you are now (a|an|the) |ahora eres (un|una|el|la) )"
    r"|<\|im_(start|end)\|>|\[/?inst\]|<<sys>>",
    re.IGNORECASE,
)
"""Phrases that address a model, in English and Spanish: a hint for the person, not a defence."""

SENTENCE_END = re.compile(
    r"(?<=[.!?…])[\"'»”’)\]]*\s+(?=[\"'«“‘(\[¿¡]*[^\W_a-z])|\n\s*\n|\n(?=\s*(?:[-*•|#]|\d+[.)])\s?)"
)
ABBREVIATION = re.compile(
    r"(?:\b(?:dr|dra|sr|sra|srta|st|mr|mrs|ms|prof|vs|fig|figs|núm|nº|pág|págs|p|pp|vol|ed|inc|ltd|"
    r"art|cap|ej|e\.g|i\.e|ee|aprox|gral|av|jan|feb|aug|sept|oct|nov|dec)|\b(?-i:[A-ZÁÉÍÓÚÑ]))\.$",
    re.IGNORECASE,
)
WORD = re.compile(r"[\u3040-\u30ff\u3400-\u9fff\uac00-\ud7a3]|[^\W_]+")


@dataclass(frozen=True)
class Cleaned:
    """Text without what cannot be seen."""

    text: str
    hidden: int
    """Characters taken out because nobody would see them."""


def clean(text: str) -> Cleaned:
    """Text as a person would see it: composed (NFC), plain line ends, at most one blank line in a row."""
    text = text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
    visible, hidden = HIDDEN.subn("", text.removeprefix("\ufeff"))
    visible = unicodedata.normalize("NFC", visible)
    visible = re.sub("\r\n?|[\x0c\x85\u2028\u2029]", "\n", visible)
    visible = "\n".join(line.rstrip() for line in visible.split("\n"))
    return Cleaned(re.sub(r"\n{3,}", "\n\n", visible).strip(), hidden)


def gives_orders(text: str) -> bool:
    """Whether the text seems to address a model; it may be innocent, and what is not found may be guilty."""
    return ORDERS.search(fold(text)) is not None


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


def language_of(text: str, otherwise: str = "") -> str:
    """ISO 639-1 code of the language most of the text is in; `otherwise` when it is too short to tell.

    A rare language is not believed where a common one is expected: short texts are taken for their neighbours.
    Loads a model of 2 MB at its first call (about a second): call it in a thread.
    """
    enough = 80 if otherwise else 12
    if sum(character.isalpha() for character in text[:400]) < enough:
        return otherwise
    found = str(need("py3langid").classify(text[:3000])[0])
    return otherwise if otherwise in STEMMERS and found not in STEMMERS else found


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
