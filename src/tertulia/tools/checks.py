"""What code can check of a text: conversions it states, the form it was asked to have, tests it must pass.

What is not understood for certain is not judged: a check that misreads would reject what is right.
"""

from __future__ import annotations

import math
import re
import warnings
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from decimal import Decimal
from itertools import pairwise

from ..excerpts import excerpt
from ..numbers import WORDS, Number, approximate, certain, read
from .arithmetic import is_part
from .sandbox import FENCE
from .structured import values
from .units import NAMES, Unit, unit

UNITS = "|".join(sorted(map(re.escape, NAMES), key=len, reverse=True))
IN_UNIT = re.compile(rf"\s{{0,3}}({UNITS})(?![\w/²³^])", re.I)
EQUALS = re.compile(r"\s*(?:=|equals?|is|are|es|son)\s*", re.I)
CONVERSION = re.compile(rf"\d\s*(?:{UNITS}){EQUALS.pattern}", re.I)
ASKED_UNIT = re.compile(rf"\b(?:in|en)\s+({UNITS})\b(?![/²³^])", re.I)
DECIMALS = re.compile(rf"\b(\d|{'|'.join(WORDS)})\s+(?:decimals?\b|decimal\s+places?|decimales)", re.I)
MOST_WORDS = re.compile(
    r"\b(?:at most|(?:no|not) more than|a maximum of|como máximo|no más de|a lo sumo)\s+(\d+)\s+(?:words|palabras)",
    re.I,
)
CLOCK, DATE = re.compile(r"\bHH:MM\b"), re.compile(r"\bYYYY-MM-DD\b|\bAAAA-MM-DD\b")
AS_JSON = re.compile(r"\b(?:as|in|en|como) JSON\b")
ASSERT = re.compile(r"(?<![\w.])assert\s[^\n`]+")


@dataclass(frozen=True)
class Measure:
    """A number with its unit, in a text."""

    number: Number
    name: str
    unit: Unit
    end: int

    def values(self, unit: Unit) -> list[float]:
        """What it may be in another unit of its kind."""
        return [approximate(value) * self.unit.size / unit.size for value in self.number.values]

    def __str__(self) -> str:
        return f"{self.number.written} {self.name}"


def measures(text: str, language: str = "en") -> list[Measure]:
    """The numbers of a text that have a unit of `units`, in their order."""
    found = []
    for number in read(text, language):
        match = IN_UNIT.match(text, number.end)
        if match and (of := unit(match[1])) and text[max(0, number.start - 1) : number.start] not in (".", ",", "/"):
            found.append(Measure(number, match[1], of, match.end()))
    return found


def wrong_conversions(text: str, language: str = "en") -> Iterator[str]:
    """Conversions in the text that do not hold in any reading, each with what is right: `2 h = 120 min, not 90`."""
    if not CONVERSION.search(text := excerpt(text)):
        return
    for one, other in pairwise(measures(text, language)):
        if one.unit.kind != other.unit.kind or not EQUALS.fullmatch(text, one.end, other.number.start):
            continue
        if is_part(text, one.number.start, other.end):
            continue
        values, said = one.values(other.unit), other.values(other.unit)
        if not any(math.isclose(value, stated, rel_tol=5e-3, abs_tol=5e-3) for value in values for stated in said):
            yield f"{one} = {values[0]:.10g} {other.name}, not {other.number.written}"


def broken_demands(asked: str, said: str, language: str = "") -> Iterator[str]:
    """Demands of form in what was asked that the text does not meet, each in words.

    Known are a unit (`in km`), `HH:MM`, `YYYY-MM-DD`, a number of decimals, a most number of words, and JSON. Decimals
    are counted by the marks of the text's language, an ISO code; if that is not known, none of an open number are.
    """
    for demand, broken in DEMANDS:
        if (found := demand.search(excerpt(asked))) and (wrong := broken(found, said, language)):
            yield wrong


def asserts_in(asked: str) -> str:
    """The `assert` lines that a question states, as a program; empty if there are none. Of a long one, an excerpt's."""
    lines = [line.strip().rstrip(".;") for line in ASSERT.findall(excerpt(asked))]
    return "\n".join(line for line in lines if _compiles(line))


def code_in(text: str) -> str:
    """All fenced blocks of a text, as one program; empty if there are none."""
    return "\n".join(block[1].rstrip() for block in FENCE.findall(text))


def _in_other_units(found: re.Match[str], said: str, language: str) -> str:
    """Measures of the kind that is asked for, if one unit is, and none is in that unit."""
    asked = {unit(name) for name in ASKED_UNIT.findall(found.string)}
    wanted = asked.pop() if len(asked) == 1 else None
    of_kind = [measure for measure in measures(said) if wanted and measure.unit.kind == wanted.kind]
    if wanted is None or not of_kind or any(measure.unit == wanted for measure in of_kind):
        return ""
    return f"it is asked in {wanted.symbol} and says {', '.join(map(str, of_kind))}"


def _no_time(found: re.Match[str], said: str, language: str) -> str:
    is_there = re.search(r"\b\d{1,2}:\d{2}\b", excerpt(said))
    return "" if is_there else "it is asked as HH:MM and has no such time"


def _no_date(found: re.Match[str], said: str, language: str) -> str:
    is_there = re.search(r"\b\d{4}-\d{2}-\d{2}\b", excerpt(said))
    return "" if is_there else "it is asked as YYYY-MM-DD and has no such date"


def _too_exact(found: re.Match[str], said: str, language: str) -> str:
    most = int(WORDS.get(found[1].casefold(), found[1]))
    longest = max((_decimals(number, language) for number in read(said, language)), default=0)
    return f"it is asked with {most} decimals and has one of {longest}" if longest > most else ""


def _decimals(number: Number, language: str) -> int:
    """How many decimals a number is written with; 0 if that is open."""
    value = certain(number, language)
    return max(0, -int(value.as_tuple().exponent)) if isinstance(value, Decimal) else 0


def _too_long(found: re.Match[str], said: str, language: str) -> str:
    count = len(said.split())
    return f"it may have {found[1]} words and has {count}" if count > int(found[1]) else ""


def _no_json(found: re.Match[str], said: str, language: str) -> str:
    text = code_in(said) or said
    is_json = any(found.written == text.strip() for found in values(text))
    return "" if is_json else "it is asked as JSON and cannot be read as such"


DEMANDS: tuple[tuple[re.Pattern[str], Callable[[re.Match[str], str, str], str]], ...] = (
    (ASKED_UNIT, _in_other_units),
    (CLOCK, _no_time),
    (DATE, _no_date),
    (DECIMALS, _too_exact),
    (MOST_WORDS, _too_long),
    (AS_JSON, _no_json),
)
"""How a form is asked for, and what is then wrong with a text; nothing if it has the form."""


def _compiles(line: str) -> bool:
    with suppress(SyntaxError, ValueError, RecursionError, MemoryError), warnings.catch_warnings(action="ignore"):
        compile(line, "<test>", "exec")
        return True
    return False
