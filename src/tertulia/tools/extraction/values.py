"""What printed text says as a number, a date or a word, by the habits of the paper that it stands on."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date
from fractions import Fraction
from typing import Any

from ...numbers import read
from ..documents.words import fold
from ..units import Unit, unit
from .wanted import Field

MONTHS = {
    name: number
    for names in (
        "jan feb mar apr may jun jul aug sep oct nov dec",
        "ene feb mar abr may jun jul ago sep oct nov dic",
    )
    for number, name in enumerate(names.split(), 1)
}
"""Months by their first three letters, in English and Spanish."""
LONG = (
    "january february march april june july august september october november december sept "
    "enero febrero marzo abril mayo junio julio agosto septiembre setiembre octubre noviembre diciembre"
)
MONTH = f"({'|'.join(sorted({*LONG.split(), *MONTHS}, key=len, reverse=True))})" + r"\.?"
ISO = re.compile(r"(?<!\d)(\d{4})[-/.](\d{1,2})[-/.](\d{1,2})(?!\d)")
FIGURES = re.compile(r"(?<![\d.,/-])(\d{1,2})([-/.])(\d{1,2})\2(\d{4}|\d{2})(?![\d/-])")
DAY_FIRST = re.compile(
    rf"(?<!\d)(\d{{1,2}})(?:st|nd|rd|th|º)?\s*(?:de)?[\s.-]*{MONTH}\s*(?:de|del)?[\s,.-]*(\d{{4}})(?!\d)"
)
MONTH_FIRST = re.compile(rf"(?<![a-z]){MONTH}\s*(\d{{1,2}})(?:st|nd|rd|th)?\s*[,.]?\s*(\d{{4}})(?!\d)")
MONEY = re.compile(r"[€$£¥]|\b(?:eur|usd|gbp|euros?|dollars?)\b", re.I)
AMOUNT = re.compile(r"^[-−(]?\s*[€$£]?\s*[-−]?\d[\d.,'’\u00a0\u202f ]*\)?\s*(?:[€$£%]|eur|usd|gbp)?$", re.I)
WITH_UNIT = re.compile(r"^(.*\d)\s*([^\W\d_]{1,12})\.?$")
COMMA = re.compile(r"(?<![\d.,])\d{1,3}(?:\.\d{3})*,\d{1,2}(?![\d.,/])|(?<![\d.,])\d{1,3}(?:\.\d{3}){2,}(?!\d)")
POINT = re.compile(r"(?<![\d.,])\d{1,3}(?:,\d{3})*\.\d{1,2}(?![\d.,/])|(?<![\d.,])\d{1,3}(?:,\d{3}){2,}(?!\d)")
ABBREVIATED = re.compile(r"(?:^|[\s.])[^\W\d_]{1,3}\.$")
"""A last word whose full stop belongs to it, as in `S.L.`."""
SHARES = frozenset(["rate", "percent", "percentage", "share", "tipo", "porcentaje", "pct"])
TRUE, FALSE = {"yes", "si", "true", "x", "☑", "☒", "✓"}, {"no", "false", "☐"}


@dataclass(frozen=True)
class Habits:
    """How one paper writes numbers and dates, as far as it shows."""

    comma: bool = False
    """Whether decimals have a comma."""
    day_first: bool | None = None
    """Whether 3/4 is the third of April; None if nothing on the paper tells."""

    @classmethod
    def of(cls, text: str, language: str) -> Habits:
        plain = re.sub(FIGURES, " ", text)
        commas, points = len(COMMA.findall(plain)), len(POINT.findall(plain))
        comma = commas > points or (commas == points and language in ("es", "de", "fr", "it", "pt"))
        return cls(comma, _day_first(text, language))


def _day_first(text: str, language: str) -> bool | None:
    for first, _, second, _ in FIGURES.findall(text):
        if int(first) > 12 >= int(second):
            return True
        if int(second) > 12 >= int(first):
            return False
    if language and language != "en":
        return True
    if "$" in text:
        return False
    return True if "€" in text or "£" in text else None


def value_of(text: str, field: Field, habits: Habits) -> Any:
    """What a text says as the value of a field; None if it does not say one."""
    match field.kind:
        case "number" | "integer":
            text, printed = without_unit(text)
            is_share = SHARES & set(re.findall("[a-z]+", fold(field.name)))
            if "%" in text and not is_share:
                return None
            if printed and (wanted := unit_of(field)):
                return converted(number_of(text, habits), printed, wanted, whole=field.kind == "integer")
            return number_of(text, habits, whole=field.kind == "integer")
        case "date":
            return date_of(text, habits)
        case "boolean":
            word = fold(text).strip(" .[]()")
            return True if word in TRUE else False if word in FALSE else None
        case "choice":
            return next((one for one in field.choices if fold(str(one)) == fold(text.strip(" .:"))), None)
        case _:
            plain = " ".join(text.split()).strip(" :·_|")
            plain = plain if ABBREVIATED.search(plain) else plain.strip(" .")
            if field.pattern and not _matches(field.pattern, plain):
                return None
            return plain or None


def _matches(pattern: str, text: str) -> bool:
    try:
        return len(pattern) <= 200 and re.search(pattern, text[:200]) is not None
    except re.error:
        return True


def number_of(text: str, habits: Habits, whole: bool = False) -> int | float | None:
    """The number, if the text is one with at the most a currency or a percent sign."""
    plain = " ".join(text.split()).strip(" .:*")
    if not AMOUNT.match(plain):
        return None
    bare = MONEY.sub("", plain).strip("() ")
    found = read(bare, "es" if habits.comma else "en")
    if len(found) != 1 or (found[0].parts and "/" in found[0].written):
        return None
    value = found[0].value
    value = -value if plain.startswith("(") and plain.endswith(")") else value
    if value == int(value):
        return int(value)
    return None if whole else float(value)


def without_unit(text: str) -> tuple[str, Unit | None]:
    """A number without the unit that stands behind it, and that unit; None if none does."""
    if (found := WITH_UNIT.match(text)) and (printed := unit(found[2])):
        return found[1], printed
    return text, None


def unit_of(field: Field) -> Unit | None:
    """The unit that a field asks for: the last word of its name, as in `weight_kg`, or what its description ends in."""
    name = re.split(r"[_\W]+", field.name)
    said = re.search(r"\b(?:in|en)\s+(\w+)\W*$", field.said)
    return (unit(name[-1]) if len(name) > 1 else None) or (unit(said[1]) if said else None)


def converted(value: int | float | None, printed: Unit, wanted: Unit, whole: bool) -> int | float | None:
    """The value in the unit that is wanted; None if that measures something else, or is not whole where it must be."""
    if value is None or printed.kind != wanted.kind:
        return None
    exact = Fraction(str(value)) * Fraction(str(printed.size)) / Fraction(str(wanted.size))
    if exact.denominator == 1:
        return int(exact)
    return None if whole else float(exact)


def is_amount(text: str, habits: Habits) -> bool:
    return number_of(text, habits) is not None


def date_of(text: str, habits: Habits) -> str | None:
    """The date in ISO 8601; None if there is none, or if its order is not known."""
    plain = re.sub(r"(?<=\d)\s*([-/])\s*(?=\d)", r"\1", fold(text))
    if found := ISO.search(plain):
        return _iso(found[1], found[2], found[3])
    if found := DAY_FIRST.search(plain):
        return _iso(found[3], MONTHS[found[2][:3]], found[1])
    if found := MONTH_FIRST.search(plain):
        return _iso(found[3], MONTHS[found[1][:3]], found[2])
    if found := FIGURES.search(plain):
        first, second = int(found[1]), int(found[3])
        year = int(found[4]) + (2000 if len(found[4]) == 2 else 0)
        if first != second and first <= 12 and second <= 12 and habits.day_first is None:
            return None
        day_first = first > 12 or (second <= 12 and habits.day_first is not False)
        return _iso(year, second, first) if day_first else _iso(year, first, second)
    return None


def _iso(year: Any, month: Any, day: Any) -> str | None:
    try:
        return date(int(year), int(month), int(day)).isoformat()
    except ValueError:
        return None
