"""Quotes that are in their source: checked letter by letter, or chosen by code."""

from __future__ import annotations

import math
import re
import unicodedata
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from ...errors import NotSupported
from ...language import language_of_document
from ...types import Passage
from .extras import need
from .store import Located
from .words import STEMMERS, fold, sentences, terms

How = Literal["exact", "normalized", "corrected"]
CLOSE = 90.0
"""Similarity, of 100, from which a quote may be a slip of the pen."""
LONGEST = 10_000
"""Characters of a passage, or of a quote, above which a quote must be there letter for letter."""
PLACES = 1000
"""Places at which a passage has the letters of a quote, above which no more are looked at."""
SHORTEST_CORRECTED = 20
"""Characters below which a near match proves nothing."""
QUOTE_MARKS = "\"'«»“”„‘’‹›`"
UNSEEN = frozenset("*_`#|\\\u00ad\u200b")
"""Markup and soft hyphens: a quote need not repeat them."""
SAME = str.maketrans({"‘": "'", "’": "'", "‚": "'", "“": '"', "”": '"', "„": '"', "«": '"', "»": '"', "…": "..."}) | {
    ord(dash): "-" for dash in "‐‑‒–—―−"
}

TURNS = re.compile(
    r"\d+|\b(?:no|not|cannot|n't|never|none|nobody|nothing|neither|nor|without|except|unless|hardly|"
    r"ni|sin|nunca|jamas|tampoco|nadie|nada|ningun\w*|excepto|salvo|apenas|"
    r"more|less|fewer|most|least|mas|menos|mayor|menor|before|after|antes|despues|above|below|over|under|"
    r"all|some|only|every|any|always|todos?|todas?|algun\w*|solo|siempre|"
    r"minimum|maximum|minim[oa]|maxim[oa]|increas\w*|decreas\w*|aument\w*|dismin\w*|redu[cj]\w*|"
    r"zero|one|two|three|four|five|six|seven|eight|nine|ten|hundred|thousand|m?illion|billion|"
    r"cero|un[oa]?|dos|tres|cuatro|cinco|seis|siete|ocho|nueve|diez|cien\w*|mil|millon\w*|"
    r"half|double|twice|mitad|doble|true|false|verdader[oa]|fals[oa])\b|n't\b|[<>=±%$€£+]|-(?=\d)"
)
"""What turns the meaning of a sentence around: numbers, negations, comparisons, quantities."""
NEGATION_BEFORE = re.compile(
    r"(?:\b(?:no|not|cannot|never|without|neither|nor|hardly|sin|ni|nunca|jamas|tampoco|apenas)|n't|n’t)[\s\"'«“(]+$"
)


@dataclass(frozen=True)
class Quote:
    """A piece of a document, in the document's own letters."""

    text: str
    source: str
    start: int
    """First character, counted in the text of the document, or in the passage if that does not know its place."""
    end: int
    how: How
    score: float = 100.0
    """Likeness of what was claimed and what is there, of 100."""
    document: int | None = None
    passage: int | None = None
    title: str = ""
    page: int | None = None
    section: str = ""


def check(quote: str, passage: Passage) -> Quote | None:
    """What the passage really says where the quote claims to be from; None if it says no such thing.

    `exact` is letter for letter; `normalized` differs in case, accents, space, quotation marks or markup only;
    `corrected` is a near match of which all numbers, negations and comparisons agree, and needs the extra `docs`.
    A quote must begin and end where words do, and not right after a negation: `90` is not in `1990`, nor
    `se cobra` in `no se cobra`.
    """
    claimed = quote.strip().strip(QUOTE_MARKS).strip()
    if not any(character.isalnum() for character in claimed):
        return None
    start = _at_words(passage.text, claimed)
    if start is not None:
        return _quote(passage, start, start + len(claimed), "exact")
    if max(len(passage.text), len(claimed)) > LONGEST:
        return None
    folded = _fold(passage.text)
    needle = _fold(claimed).text
    start = _at_words(folded.text, needle) if needle else None
    if start is not None:
        return _quote(passage, *folded.span(start, start + len(needle)), "normalized")
    return _corrected(needle, folded, passage)


def best_sentences(question: str, passage: Passage, n: int = 1) -> list[Quote]:
    """The sentences of the passage that say most about the question, best first.

    Chosen by the words they share with it, rare words and numbers counting more: for models too small to quote
    by themselves. Where question and passage are in different languages, only names and numbers are shared:
    then `Library.best_sentences`, which also compares meanings, does better.
    """
    spans = sentences(passage.text)
    return pick(passage, spans, sentence_scores(question, [passage.text[start:end] for start, end in spans]), n)


def pick(passage: Passage, spans: Sequence[tuple[int, int]], scores: Sequence[float], n: int) -> list[Quote]:
    """The `n` spans of highest score as quotes, the earlier one first where scores are equal."""
    order = sorted(range(len(spans)), key=lambda i: (-scores[i], i))
    return [_quote(passage, *spans[i], "exact") for i in order[: max(0, n)]]


def sentence_scores(question: str, texts: Sequence[str]) -> list[float]:
    """How much each sentence shares with the question, 0 or more; a neighbour's words count a little."""
    language = language_of_document(" ".join(texts), "en")
    language = language if language in STEMMERS else ""
    wanted = set(terms(question, language))
    held = [set(terms(text, language)) for text in texts]
    seen = Counter(word for words in held for word in words)
    weights = {word: math.log(1 + len(texts) / seen[word]) for word in wanted if seen[word]}
    own = [sum(weights.get(word, 0.0) for word in words) / (1 + 0.15 * math.log1p(len(words))) for words in held]
    return [score + 0.2 * max([0.0, *own[max(0, i - 1) : i]]) for i, score in enumerate(own)]


@dataclass(frozen=True)
class _Folded:
    """Text without case, accents and typography, that knows where each character came from."""

    text: str
    origins: tuple[int, ...]

    def span(self, start: int, end: int) -> tuple[int, int]:
        return self.origins[start], self.origins[end - 1] + 1


def _fold(text: str) -> _Folded:
    characters: list[str] = []
    origins: list[int] = []
    for position, original in enumerate(text):
        for character in _simple(original):
            if character == " " and (not characters or characters[-1] == " "):
                continue
            characters.append(character)
            origins.append(position)
    kept = "".join(characters)
    whole = len(kept.rstrip())
    return _Folded(kept[:whole], tuple(origins[:whole]))


def _simple(character: str) -> str:
    if character in UNSEEN:
        return ""
    if character.isspace():
        return " "
    if character.isascii():
        return character.lower()
    decomposed = unicodedata.normalize("NFKD", character.translate(SAME).casefold())
    return "".join(part for part in decomposed if not unicodedata.combining(part))


def _at_words(text: str, needle: str) -> int | None:
    """Where the needle begins, if some occurrence begins and ends where words do, and not after a negation."""
    start = text.find(needle)
    for _ in range(PLACES):
        if start < 0:
            break
        inside = _joined(text, start) or _joined(text, start + len(needle))
        if not inside and not _loses_negation(text, start):
            return start
        start = text.find(needle, start + 1)
    return None


def _joined(text: str, position: int) -> bool:
    """Whether a word, or a number with its decimals, goes on across this position."""
    if not 0 < position < len(text):
        return False
    before, after = text[position - 1], text[position]
    if before.isalnum() and after.isalnum():
        return True
    around = text[max(0, position - 2) : position + 2]
    return re.search(r"\d[.,]\d", around) is not None


def _loses_negation(text: str, start: int) -> bool:
    return NEGATION_BEFORE.search(fold(text[max(0, start - 20) : start])) is not None


def _corrected(needle: str, folded: _Folded, passage: Passage) -> Quote | None:
    if len(needle) < SHORTEST_CORRECTED or len(needle) > len(folded.text) + 20:
        return None
    try:
        fuzz = need("rapidfuzz.fuzz")
    except NotSupported:
        return None
    found = fuzz.partial_ratio_alignment(needle, folded.text, score_cutoff=CLOSE)
    if found is None:
        return None
    start, end = _whole_words(folded.text, found.dest_start, found.dest_end)
    if _loses_negation(folded.text, start):
        return None
    there = folded.text[start:end]
    score = float(fuzz.ratio(needle, there))
    if score < CLOSE or turns(needle) != turns(there) or not _same_words(needle, there, fuzz):
        return None
    return _quote(passage, *folded.span(start, end), "corrected", score)


def turns(text: str) -> list[str]:
    """All that decides what a sentence claims, in order."""
    return TURNS.findall(fold(text).translate(SAME))


def _same_words(claimed: str, there: str, fuzz: object) -> bool:
    """Whether each word of one has its like in the other, so that only spelling differs."""
    ratio = fuzz.ratio  # type: ignore[attr-defined]
    mine, theirs = (re.findall(r"\w+", text) for text in (claimed, there))
    unmatched = list((Counter(mine) - Counter(theirs)).elements()), list((Counter(theirs) - Counter(mine)).elements())
    return len(unmatched[0]) == len(unmatched[1]) and all(
        max((ratio(word, other) for other in unmatched[1]), default=0) >= 75 for word in unmatched[0]
    )


def _whole_words(text: str, start: int, end: int) -> tuple[int, int]:
    while start > 0 and _joined(text, start):
        start -= 1
    while end < len(text) and _joined(text, end):
        end += 1
    stripped = text[start:end]
    return start + len(stripped) - len(stripped.lstrip()), end - (len(stripped) - len(stripped.rstrip()))


def _quote(passage: Passage, start: int, end: int, how: How, score: float = 100.0) -> Quote:
    text = passage.text[start:end]
    if not isinstance(passage, Located):
        return Quote(text, passage.source, start, end, how, score)
    return Quote(
        text,
        passage.source,
        passage.start + start,
        passage.start + end,
        how,
        score,
        document=passage.document,
        passage=passage.id,
        title=passage.title,
        page=passage.page,
        section=passage.section,
    )
