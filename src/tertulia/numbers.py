"""Reads the numbers in a text as people write them in English and Spanish, and writes them so.

Values are exact: `int`, `Decimal` or `Fraction`, never `float`. Where the marks leave open what a number is, it has
several readings, the one of the text's language first: `1.234` is `Decimal("1.234")` in English and 1234 in Spanish.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Iterator
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, replace
from decimal import Decimal, localcontext
from fractions import Fraction
from typing import Literal

from .excerpts import LOOKED_AT, excerpt, pieces

Value = int | Decimal | Fraction
Unit = Literal["", "%"]
Kind = Literal["number", "ordinal", "name"]

DECIMAL_COMMA = frozenset(["ca", "de", "es", "fr", "it", "nl", "pl", "pt", "ru"])
"""Languages that write `1,5` for one and a half."""
DIGITS = 1000
"""Digits above which a whole number is kept as a `Decimal`, which is as exact, and read in linear time."""
VULGAR = "¼½¾⅐⅑⅒⅓⅔⅕⅖⅗⅘⅙⅚⅛⅜⅝⅞"
NARROW = "\u00a0\u202f\u2009"
"""Spaces that hold a number together."""
WRITTEN = re.compile(
    rf"(?:(?<![\w)\]])(?P<sign>[-−]))?"
    rf"(?:(?:(?P<units>\d{{1,3}})[ {NARROW}]?)?(?P<vulgar>[{VULGAR}])"
    rf"|(?<!\d[.,])\d{{1,3}}(?P<group>[.,'’ {NARROW}])\d{{3}}(?:(?P=group)\d{{3}})*"
    rf"(?:(?!(?P=group))[.,]\d+)?(?![.,]?\d)"
    rf"|(?<!\d[.,])\d+[.,]\d+(?![.,]?\d)"
    rf"|(?<![\w.,])\.\d+(?![.,]?\d)"
    rf"|\d+)"
    rf"(?P<power>[eE][-+]?\d{{1,3}}(?!\w))?"
)
ORDINAL = re.compile(r"(?:st|nd|rd|th|er|er[oa]|[dmntv][oa]|r[oa])\b|\.?[ºª](?!\s?[CF]\b)", re.I)
"""What makes `1st`, `3.º` and `2do` of a number; `20 ºC` is none."""
OPEN = re.compile(r"\d[.,]\d{3}(?!\d)")
"""Where a text may have a number whose reading depends on the language."""
GROUPED = re.compile(r"\d{1,3}(?:,\d{3})+(?:\.\d+)?")
"""A number whose thousands are marked as English does."""
PERCENT = re.compile(rf"[ {NARROW}]?%")
WORDS: dict[str, Value] = {
    word: value
    for words in (
        "zero one two three four five six seven eight nine ten eleven twelve",
        "cero uno dos tres cuatro cinco seis siete ocho nueve diez once doce",
        "_ un",
        "_ una",
    )
    for value, word in enumerate(words.split())
    if word != "_"
}
"""Small numbers in words."""


@dataclass(frozen=True, slots=True)
class Number:
    """A number in a text."""

    values: tuple[Value, ...]
    """What it may be, one or two; the reading of the text's language first."""
    start: int
    end: int
    """Where its digits end; the percent sign is not among them."""
    written: str
    unit: Unit = ""
    parts: tuple[Number, ...] = ()
    """The numbers that it may be instead of one: of `12 345` these are 12 and 345, of `3/4` they are 3 and 4."""
    kind: Kind = "number"

    @property
    def value(self) -> Value:
        """The likeliest reading."""
        return self.values[0]


def read(text: str, language: str = "en") -> list[Number]:
    """All numbers of a text, in their order; ordinals (`3rd`, `2.º`) and digits of names (`CO2`) are none.

    Understood are marks of thousands (`1,234` `1.234` `1 234` `1'234`), decimals, a sign, an exponent, fractions
    (`3/4`, `1 1/2`, `½`) and `%`. Of a text longer than `excerpts.LOOKED_AT` the beginning and the end are read.

    Args:
        language: ISO code of the language it is written in; empty if that is not known.
    """
    return [number for number in figures(text, language) if number.kind == "number"]


def figures(text: str, language: str = "en") -> list[Number]:
    """As `read`, with the ordinals and the digits of names: all that a text may be said to mention."""
    if len(text) > LOOKED_AT:
        return [_moved(found, start) for start, piece in pieces(text) for found in figures(piece, language)]
    found = [_number(match, text, language) for match in WRITTEN.finditer(text)]
    return _joined(text, found) if "/" in text else found


def apart(numbers: Iterable[Number]) -> Iterator[Number]:
    """The numbers, with the parts instead of each that may be several."""
    for number in numbers:
        yield from number.parts or (number,)


def certain(number: Number, language: str) -> Value | None:
    """The one value that a number has in a language; None if that is open.

    In English `1,234` is 1234 and `1.234` a decimal, which is open if it ends in zero (`1.500`). Where decimals have a
    comma, `1.234` is 1234 and `1,234` open, since Mexico writes thousands so. Both are open if the language is not
    known. A fraction, and groups with spaces, count as one number.
    """
    if len(number.values) == 1:
        return number.value
    comma = "," in number.written
    if language in DECIMAL_COMMA:
        return None if comma else number.value
    return number.value if language and (comma or not number.written.endswith("0")) else None


def mentioned(text: str) -> set[Value]:
    """What the figures of a text may mean, in all readings and without signs, and the small numbers it has in words."""
    in_words = {WORDS[word] for word in re.findall(r"[a-z]+", excerpt(text).casefold()) if word in WORDS}
    in_digits = {size(value) for found in figures(text) for one in (found, *found.parts) for value in one.values}
    return in_digits | in_words


def missing(numbers: Iterable[Number], there: AbstractSet[Value]) -> list[str]:
    """The numbers, each once and without its sign, that are not there in any reading; of several in one, those."""
    gone = {
        size(part.value): part.written.lstrip("-−")
        for number in numbers
        for part in number.parts or (number,)
        if all(there.isdisjoint(map(size, one.values)) for one in (number, part))
    }
    return list(gone.values())


def write(
    value: Value, language: str = "en", *, grouped: bool = False, digits: int | None = None, unit: Unit = ""
) -> str:
    """A number in the marks of a language, without zeros at its end that say nothing; `read` gives it back.

    Args:
        grouped: whether thousands are marked.
        digits: most digits, of which only decimals are left out; None for all, or 12 where they have no end.
        unit: what stands after it, as in `15%` and, in Spanish, `15 %`.
    """
    comma = language in DECIMAL_COMMA
    whole, _, decimals = _plain(value, digits).partition(".")
    if grouped:
        whole = f"{Decimal(whole):,f}".replace(",", "." if comma else ",")
    number = f"{whole}{',' if comma else '.'}{decimals}" if decimals else whole
    return f"{number}{' ' if comma and unit else ''}{unit}"


def unmark(text: str, language: str) -> str:
    """The text with its numbers as programs write them, `1,340` as `1340` and, in Spanish, `2,5` as `2.5`.

    Numbers that may be read in two ways, and those that have no comma or mark of thousands, stay as they are. A comma
    between numbers of an English list is a comma: `1,2` stays.

    Args:
        language: ISO code of the language it is written in.
    """
    pieces, at = list[str](), 0
    for found in figures(text, language):
        plain = _unmarked(found, language)
        if plain is not None:
            pieces += [text[at : found.start], plain]
            at = found.end
    return "".join([*pieces, text[at:]])


def _unmarked(number: Number, language: str) -> str | None:
    """A number as programs write it; None if it is to stay."""
    marked = number.written.strip("-−+")
    if number.kind != "number" or number.parts or not re.fullmatch(r"[\d.,]+", marked):
        return None
    if "," not in marked and language not in DECIMAL_COMMA:
        return None
    if language not in DECIMAL_COMMA and not GROUPED.fullmatch(marked):
        return None
    value = certain(number, language)
    if value is None:
        return None
    plain = write(value)
    decimals = len(marked.rpartition(",")[2]) if language in DECIMAL_COMMA and "," in marked else 0
    if decimals and isinstance(value, Decimal):
        plain = f"{value:.{decimals}f}"
    return plain


def is_finite(value: Value) -> bool:
    """Whether decimal digits can say it to the last, as they can not one third."""
    rest = Fraction(value).denominator
    for prime in (2, 5):
        while rest % prime == 0:
            rest //= prime
    return rest == 1


def size(value: Value) -> Value:
    """The value without its sign."""
    return value.copy_abs() if isinstance(value, Decimal) else max(value, -value)  # `-` would round a Decimal


def approximate(value: Value | float) -> float:
    """The nearest `float`; infinite if it is beyond them."""
    try:
        return float(value)
    except OverflowError:
        return float("inf") if value > 0 else float("-inf")


def _number(match: re.Match[str], text: str, language: str) -> Number:
    """The number that a match of `WRITTEN` is."""
    written, start, end = match[0], match.start(), match.end()
    kind: Kind = "number"
    if start and (text[start - 1].isalnum() or text[start - 1] == "_"):
        kind = "name"
    elif written.isdigit() and ORDINAL.match(text, end):
        kind = "ordinal"
    unit: Unit = "%" if PERCENT.match(text, end) else ""
    if match.lastgroup is None:
        return Number((_exact(written.replace(",", ".")),), start, end, written, unit, (), kind)
    parts = _split(match) if match["group"] == " " else ()
    return Number(_readings(match, language), start, end, written, unit, parts, kind)


def _readings(match: re.Match[str], language: str) -> tuple[Value, ...]:
    plain, group = match[0].replace("−", "-"), match["group"]
    if match["vulgar"]:
        over = Fraction(unicodedata.normalize("NFKC", match["vulgar"]).replace("⁄", "/"))
        value = int(match["units"] or 0) + over
        return (-value if match["sign"] else value,)
    decimal = plain.replace(",", ".")
    if group is None:
        return (_exact(decimal),)
    grouped = _exact(plain.replace(group, "").replace(",", "."))
    if plain.count(group) > 1 or group not in ".," or any(mark in plain for mark in ".,".replace(group, "")):
        return (grouped,)
    if match["power"] or plain.lstrip("-").startswith("0"):
        return (_exact(decimal),)
    is_thousands = (group == ",") != (language in DECIMAL_COMMA)
    return (grouped, _exact(decimal)) if is_thousands else (_exact(decimal), grouped)


def _exact(plain: str) -> Value:
    return int(plain) if len(plain) <= DIGITS and plain.lstrip("-").isdigit() else Decimal(plain)


def _split(match: re.Match[str]) -> tuple[Number, ...]:
    """The numbers between the spaces of one."""
    return tuple(
        Number((_exact(part[0].replace("−", "-").replace(",", ".")),), at, at + len(part[0]), part[0])
        for part in re.finditer(r"[^ ]+", match[0])
        for at in [match.start() + part.start()]
    )


def _joined(text: str, numbers: Iterable[Number]) -> list[Number]:
    """The numbers, with one instead of two or three that are a fraction."""
    joined: list[Number] = []
    for number in numbers:
        is_over = bool(joined) and text[joined[-1].end : number.start] == "/"
        joined.append(number)
        if is_over and _is_fraction(text, *joined[-2:]):
            below, above = joined.pop(), joined.pop()
            joined.append(_one((Fraction(above.value, below.value),), (above, below), text))  # type: ignore[arg-type]
            if len(joined) > 1 and _is_mixed(text, *joined[-2:]):
                over, whole = joined.pop(), joined.pop()
                value = whole.value + (-over.value if whole.value < 0 else over.value)  # type: ignore[operator]
                joined.append(_one((value,), (whole, above, below), text))
    return joined


def _one(values: tuple[Value, ...], parts: tuple[Number, ...], text: str) -> Number:
    start, end = parts[0].start, parts[-1].end
    return Number(values, start, end, text[start:end], parts[-1].unit, parts)


def _is_fraction(text: str, above: Number, below: Number) -> bool:
    """Whether a number stands over another, as in `3/4`, and is no part of more, as in `3/4/2026`."""
    return (
        above.kind == below.kind == "number"
        and _is_plain(above.written.lstrip("-−"))
        and _is_plain(below.written)
        and below.value != 0
        and text[above.start - 1 : above.start] != "/"
        and text[below.end : below.end + 1] != "/"
    )


def _is_mixed(text: str, whole: Number, over: Number) -> bool:
    return text[whole.end : over.start] == " " and _is_plain(whole.written.lstrip("-−")) and 0 < over.value < 1


def _is_plain(written: str) -> bool:
    return written.isdigit() and (written == "0" or not written.startswith("0")) and len(written) <= DIGITS


def _moved(number: Number, by: int) -> Number:
    parts = tuple(_moved(part, by) for part in number.parts)
    return replace(number, start=number.start + by, end=number.end + by, parts=parts)


def _plain(value: Value, digits: int | None) -> str:
    """A value in decimal digits, with a point."""
    if digits or isinstance(value, Fraction):
        above, below = value.as_integer_ratio()
        whole = Decimal(abs(above) // below).adjusted() + 1
        exact = whole + below.bit_length() if is_finite(value) else 12
        with localcontext(prec=max(whole, digits or exact)):
            value = Decimal(above) / below
    plain = f"{Decimal(value):f}"
    return plain.rstrip("0").rstrip(".") if "." in plain else plain
