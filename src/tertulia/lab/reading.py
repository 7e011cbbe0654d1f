"""How an answer is read: the same stated rule for every strategy, in English and Spanish.

1. The *conclusion* is what stands in the last `\\boxed{…}`; else what follows the last `Answer:` (or `Respuesta:`,
   `Final answer:`, `Resultado:` …); else the last line that is not empty.
2. A number is the last one of the conclusion, or of the whole text if the conclusion has none.
3. The parts of an answer are read in all that follows the first `Answer:`, or in the whole text if there is none.
4. `1.234,5` and `1,234.5` are the same number. Where the marks leave it open (`1.234`), the language says which
   reading comes first, and the other one is accepted too, except by strict checking.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import date

from ..numbers import Number, apart, figures
from ..tools.conclusions import MARK, clean, conclusion, folded

LISTED = re.compile(r"^\s*(?:(?:step|part|paso|parte)\s+)?(?:\d{1,2}|[a-z])[.):]\s+", re.IGNORECASE | re.MULTILINE)
"""The number or letter of a line in a list, which is no part of the answer."""
PART = re.compile(r"(?:^|(?<=[\s;,.]))\(?([a-h1-8])[.):](?=\s)", re.IGNORECASE | re.MULTILINE)
"""The letter or number under which a part of an answer stands."""
MONTHS = {
    name: number
    for names in (
        "january february march april may june july august september october november december",
        "enero febrero marzo abril mayo junio julio agosto septiembre octubre noviembre diciembre",
        "jan feb mar apr may jun jul aug sep oct nov dec",
    )
    for number, name in enumerate(names.split(), 1)
}
ISO = re.compile(r"\b(\d{4})-(\d{1,2})-(\d{1,2})\b")
DAY_FIRST = re.compile(
    r"\b(\d{1,2})(?:st|nd|rd|th|º)?\s+(?:de\s+|of\s+)?([a-záéíóú]+)\.?,?\s+(?:del?\s+)?(\d{4})\b", re.I
)
MONTH_FIRST = re.compile(r"\b([a-z]+)\.?\s+(\d{1,2})(?:st|nd|rd|th)?,?\s+(\d{4})\b", re.I)
SLASHED = re.compile(r"\b(\d{1,2})[/.](\d{1,2})[/.](\d{4})\b")
CLOCK = re.compile(r"\b(\d{1,2})[:.h](\d{2})(?::\d{2})?(?!\d)\s*(a\.?\s?m\b|p\.?\s?m\b)?", re.I)


def region(text: str) -> str:
    """Where the parts of an answer are read: all after the first `Answer:`, else all the text; lists unnumbered.

    The first, since each part may have an `Answer:` of its own.
    """
    text = clean(text)
    mark = MARK.search(text)
    return LISTED.sub("", text[mark.end() :].strip() or text if mark else text)


def lettered(text: str, count: int) -> list[str]:
    """What stands under each of `(a)`, `(b)`, … or `1.`, `2.`, … in an answer; empty if not all are there in order.

    Where it has them twice, the last ones.
    """
    text = clean(text)
    mark = MARK.search(text)
    text = text[mark.end() :] if mark and text[mark.end() :].strip() else text
    found = list(PART.finditer(text))
    names = [match[1].lower() for match in found]
    for first in range(len(found) - count, -1, -1):
        if names[first : first + count] in ([*"abcdefgh"[:count]], [*"12345678"[:count]]):
            ends = [*(match.start() for match in found[first + 1 : first + count]), len(text)]
            return [text[match.end() : end] for match, end in zip(found[first : first + count], ends, strict=True)]
    return []


def numbers(text: str, language: str = "en") -> list[Number]:
    """All numbers of a text, in their order, ordinals too: the 14th may be what was asked for.

    The parts of a fraction, or of what spaces divide, are numbers each.
    """
    return [number for number in apart(figures(text, language)) if number.kind != "name"]


def last_number(text: str, language: str = "en") -> Number | None:
    """The number that the answer comes to; None if it has none."""
    found = numbers(conclusion(text), language) or numbers(region(text), language)
    return found[-1] if found else None


def choice(text: str, options: Sequence[str]) -> str | None:
    """Which option is chosen: the last one that is named in the conclusion, else in the text; None if none is.

    An option may have several names, as in `A|Ana`: it is called by the first one, and the others are looked for only
    where no first one is. Letters must be capitals that stand alone; other names are found without regard to case and
    accents.
    """
    names = [option.split("|") for option in options]
    for place in (conclusion(text), region(text)):
        for rank in range(max(map(len, names), default=0)):
            called = [(own[0], own[rank]) for own in names if rank < len(own)]
            found = [(match.end(), option) for option, name in called for match in mentions(place, name)]
            if found:
                return max(found)[1]
    return None


def named_options(text: str, options: Sequence[str]) -> list[str]:
    """The options that a text names, each time it does, in the order of the text and by their first names."""
    found = [
        (match.start(), option.split("|")[0])
        for option in options
        for name in option.split("|")
        for match in mentions(text, name)
    ]
    return [name for _, name in sorted(found)]


def in_order(text: str, names: Sequence[str]) -> bool:
    """Whether the names come in this order somewhere in the text, with none of them between."""
    found = sorted((match.start(), number) for number, name in enumerate(names) for match in mentions(text, name))
    said = [number for _, number in found]
    wanted = list(range(len(names)))
    return any(said[start : start + len(names)] == wanted for start in range(len(said)))


def mentions(text: str, option: str) -> list[re.Match[str]]:
    """Where an option is named in a text."""
    if len(option) == 1:
        return list(re.finditer(rf"(?<![\w'’]){re.escape(option)}(?![\w'’])", text))
    return list(re.finditer(rf"\b{re.escape(folded(option))}\b", folded(text)))


def dates(text: str) -> set[date]:
    """All dates of a text; one with slashes is read both ways."""
    found = {(int(y), int(m), int(d)) for y, m, d in ISO.findall(text)}
    found |= {(int(y), MONTHS.get(folded(m), 0), int(d)) for d, m, y in DAY_FIRST.findall(text)}
    found |= {(int(y), MONTHS.get(folded(m), 0), int(d)) for m, d, y in MONTH_FIRST.findall(text)}
    for one, other, year in SLASHED.findall(text):
        found |= {(int(year), int(one), int(other)), (int(year), int(other), int(one))}
    return {day for parts in found if (day := _date(*parts))}


def _date(year: int, month: int, day: int) -> date | None:
    try:
        return date(year, month, day)
    except ValueError:
        return None


def times(text: str) -> set[tuple[int, int]]:
    """All times of day of a text, as hours 0 to 23 and minutes."""
    found = set()
    for hours, minutes, half in CLOCK.findall(text):
        hour = int(hours)
        if half:
            hour = hour % 12 + (12 if half[0] in "pP" else 0)
        if hour < 24 and int(minutes) < 60:
            found.add((hour, int(minutes)))
    return found
