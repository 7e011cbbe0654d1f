"""What code can check of a text: conversions it states, the form it was asked to have, tests it must pass.

What is not understood for certain is not judged: a check that misreads would reject what is right.
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Iterator

from .sandbox import FENCE
from .units import NAMES, Unit, unit

NUMBER = r"\d+(?:,\d{3}(?!\d))*(?:\.\d+)?"
WORD = "|".join(sorted(map(re.escape, NAMES), key=len, reverse=True))
MEASURE = rf"({NUMBER})\s*({WORD})(?![\w/²³^])"
CONVERSION = re.compile(rf"(?<![\w.,/]){MEASURE}\s*(?:=|equals?|is|are|es|son)\s*{MEASURE}", re.I)
ASKED_UNIT = re.compile(rf"\b(?:in|en)\s+({WORD})\b(?![/²³^])", re.I)
MEASURES = re.compile(rf"(?<![\w.,/]){MEASURE}", re.I)
COUNTS = {"one": 1, "two": 2, "three": 3, "four": 4, "un": 1, "una": 1, "dos": 2, "tres": 3, "cuatro": 4}
DECIMALS = re.compile(rf"\b(\d|{'|'.join(COUNTS)})\s+(?:decimals?\b|decimal\s+places?|decimales)", re.I)
WORDS = re.compile(
    r"\b(?:at most|(?:no|not) more than|a maximum of|como máximo|no más de|a lo sumo)\s+(\d+)\s+(?:words|palabras)",
    re.I,
)
CLOCK, DATE = re.compile(r"\bHH:MM\b"), re.compile(r"\bYYYY-MM-DD\b|\bAAAA-MM-DD\b")
AS_JSON = re.compile(r"\b(?:as|in|en|como) JSON\b")
ASSERT = re.compile(r"(?<![\w.])assert\s[^\n`]+")


def wrong_conversions(text: str) -> Iterator[str]:
    """Conversions in the text that do not hold, each with what is right, as in `2 h = 120 min, not 90`."""
    for left, of, right, to in CONVERSION.findall(text):
        one, other = unit(of), unit(to)
        if one is None or other is None or one.kind != other.kind:
            continue
        values = [value * one.size / other.size for value in _readings(left)]
        if not any(
            math.isclose(value, said, rel_tol=5e-3, abs_tol=5e-3) for value in values for said in _readings(right)
        ):
            yield f"{left} {of} = {values[0]:.10g} {to}, not {right}"


def broken_demands(asked: str, said: str) -> Iterator[str]:
    """Demands of form in what was asked that the text does not meet, each in words.

    Known are a unit (`in km`), `HH:MM`, `YYYY-MM-DD`, a number of decimals, a most number of words, and JSON.
    """
    if (wanted := _asked_unit(asked)) and (others := _in_other_units(said, wanted)):
        yield f"it is asked in {wanted.symbol} and says {others}"
    if CLOCK.search(asked) and not re.search(r"\b\d{1,2}:\d{2}\b", said):
        yield "it is asked as HH:MM and has no such time"
    if DATE.search(asked) and not re.search(r"\b\d{4}-\d{2}-\d{2}\b", said):
        yield "it is asked as YYYY-MM-DD and has no such date"
    if decimals := DECIMALS.search(asked):
        most = COUNTS.get(decimals[1].casefold()) or int(decimals[1])
        if long := [number for number in re.findall(r"(?<![\w.])\d[\d,]*\.(\d+)(?![\w.])", said) if len(number) > most]:
            yield f"it is asked with {most} decimals and has one of {max(map(len, long))}"
    if limit := WORDS.search(asked):
        count = len(said.split())
        if count > int(limit[1]):
            yield f"it may have {limit[1]} words and has {count}"
    if AS_JSON.search(asked) and not _is_json(said):
        yield "it is asked as JSON and cannot be read as such"


def asserts_in(asked: str) -> str:
    """The `assert` lines that a question states, as a program; empty if there are none."""
    return "\n".join(
        line.strip().rstrip(".;") for line in ASSERT.findall(asked) if _compiles(line.strip().rstrip(".;"))
    )


def code_in(text: str) -> str:
    """All fenced blocks of a text, as one program; empty if there are none."""
    return "\n".join(block[1].rstrip() for block in FENCE.findall(text))


def _asked_unit(asked: str) -> Unit | None:
    """The one unit that is asked for; None if there is none, or more than one."""
    found = {unit(name) for name in ASKED_UNIT.findall(asked)}
    return found.pop() if len(found) == 1 else None


def _in_other_units(said: str, wanted: Unit) -> str:
    """Measures of the wanted kind, if none is in the wanted unit."""
    measures = [(f"{number} {name}", unit(name)) for number, name in MEASURES.findall(said)]
    of_kind = [(text, found) for text, found in measures if found and found.kind == wanted.kind]
    if any(found == wanted for _, found in of_kind):
        return ""
    return ", ".join(text for text, _ in of_kind)


def _is_json(said: str) -> bool:
    text = code_in(said) or said
    try:
        json.loads(text)
    except ValueError:
        return False
    return True


def _compiles(line: str) -> bool:
    try:
        compile(line, "<test>", "exec")
    except (SyntaxError, ValueError):
        return False
    return True


def _readings(text: str) -> list[float]:
    """What a number may mean: `1.500` is one and a half in English and fifteen hundred in Spanish."""
    readings = [float(text.replace(",", ""))]
    return [*readings, float(text.replace(".", ""))] if re.fullmatch(r"\d{1,3}\.\d{3}", text) else readings
