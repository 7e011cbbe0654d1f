"""Computes sums exactly, and again those that a text states."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from itertools import pairwise

from ..numbers import Number, Value, read, size, write

SIGN = re.compile(r"\s*([-−+*×·÷/])\s*")
STATES = re.compile(r"\s*=\s*[$€£]?")
PART_BEFORE = re.compile(r"(?:[\w.,:/^%)=*×·÷+−-]|[=*×·÷+−/-]\s+)\Z")
PART_AFTER = re.compile(r"[\w%/*×·÷^]|[.,:]\d|\s*[-−+*×·÷/^%]")
CODE = re.compile(r"[-−]?0\d")
ROUNDING = Fraction(5, 1000)
"""How far off a stated result may be, in itself or of its size."""
LONGEST = 100
"""Most numbers of a sum that is computed, and most digits of each."""


@dataclass(frozen=True)
class Sum:
    """A sum as a text states it."""

    left: str
    stated: Value
    value: Fraction
    """What it really is."""
    numbers: tuple[Number, ...] = ()
    """Those of the text, the stated one last."""

    @property
    def holds(self) -> bool:
        """True if the stated value is right, or right when rounded as it is written."""
        return agree(self.value, self.stated)

    def __str__(self) -> str:
        marks = marks_of(self.numbers)
        return f"{self.left} = {write(self.value, marks, digits=10)}, not {write(self.stated, marks, digits=10)}"


def sums(text: str, language: str = "en") -> Iterator[Sum]:
    """The sums of plain numbers stated in `text`, as in `12 * 30 = 360`, each computed again.

    Where numbers can be read in two ways, the way is taken in which the sum holds, if there is one. A sum that is part
    of a longer one, and a number with a percent sign, are left out: what is not understood for certain is not judged.

    Args:
        language: ISO code of the language in which open numbers are shown.
    """
    runs = list(_runs(text, operands(text, language)))
    for (numbers, signs), ([stated, *more], _) in pairwise(runs):
        start, end = numbers[0].start, numbers[-1].end
        if not signs or more or not STATES.fullmatch(text, end, stated.start):
            continue
        if is_part(text, start, stated.end) or any(map(is_code, (*numbers, stated))):
            continue
        if found := _likeliest(numbers, signs, stated):
            value, said = found
            yield Sum(" ".join(text[start:end].split()), said, value, (*numbers, stated))


def is_part(text: str, start: int, end: int) -> bool:
    """Whether what stands there is part of a longer sum, of a date, a time or a name."""
    return bool(PART_BEFORE.search(text[max(0, start - 8) : start]) or PART_AFTER.match(text, end))


def is_code(number: Number) -> bool:
    """Whether it begins with a zero as no number does, but hours, months and codes do: `08`, `007`."""
    return CODE.match(number.written) is not None


def operands(text: str, language: str) -> list[Number]:
    """The numbers of a text as sums are made of them: `3/4` is 3, divided by 4."""
    return [
        part
        for number in read(text, language)
        for part in (number.parts if "/" in number.written and " " not in number.written else (number,))
    ]


def signs_between(text: str, numbers: Sequence[Number]) -> list[str]:
    """The signs of arithmetic between numbers; an empty one where there is something else."""
    return [_sign(text, one, other) for one, other in pairwise(numbers)]


def computed(values: Sequence[Value], signs: Sequence[str]) -> Fraction:
    """The value of a sum, products and quotients first.

    Raises:
        ZeroDivisionError: if it divides by zero.
    """
    terms = [Fraction(values[0])]
    for sign, value in zip(signs, values[1:], strict=True):
        if sign in "*×·":
            terms[-1] *= Fraction(value)
        elif sign in "/÷":
            terms[-1] /= Fraction(value)
        else:
            terms.append(Fraction(value) if sign == "+" else -Fraction(value))
    return sum(terms, Fraction())


def agree(value: Value, stated: Value) -> bool:
    """Whether two values are the same but for rounding."""
    one, other = Fraction(value), Fraction(stated)
    return abs(one - other) <= max(ROUNDING, ROUNDING * max(abs(one), abs(other)))


def marks_of(numbers: Sequence[Number]) -> str:
    """Code of a language that writes decimals as these numbers do: Spanish if one has a decimal comma, else English."""
    return "es" if any(len(number.values) == 1 and decimal_mark(number) == "," for number in numbers) else "en"


def decimal_mark(number: Number) -> str:
    """The mark before decimals in the likeliest reading of a number; empty if its marks do not show it."""
    marks = [mark for mark in number.written if mark in ",."]
    if not marks or number.written.startswith(","):
        return ""
    if len(set(marks)) == 1 and (len(marks) > 1 or (number.value == int(number.value) and len(number.values) > 1)):
        return "." if marks[0] == "," else ","
    return marks[-1]


def _sign(text: str, one: Number, other: Number) -> str:
    if found := SIGN.fullmatch(text, one.end, other.start):
        return found[1].replace("−", "-")
    is_signed = other.written[0] in "-−" and text[one.end : other.start].isspace()
    return "-" if is_signed else ""


def _runs(text: str, numbers: Sequence[Number]) -> Iterator[tuple[list[Number], list[str]]]:
    """Numbers with signs of arithmetic between them, as many together as there are."""
    run, signs = list(numbers[:1]), list[str]()
    for sign, number in zip(signs_between(text, numbers), numbers[1:], strict=False):
        if sign:
            run.append(unsigned(number) if not SIGN.fullmatch(text, run[-1].end, number.start) else number)
            signs.append(sign)
        else:
            yield run, signs
            run, signs = [number], []
    if run:
        yield run, signs


def unsigned(number: Number) -> Number:
    """A number without the minus before it, which was the sign of a sum."""
    return replace(number, values=tuple(map(size, number.values)), start=number.start + 1)


def _likeliest(numbers: Sequence[Number], signs: Sequence[str], stated: Number) -> tuple[Fraction, Value] | None:
    """What the sum is and what is said, read so that they agree if they can; None if it cannot be computed."""
    if len(numbers) > LONGEST or any(len(number.written) > LONGEST for number in (*numbers, stated)):
        return None
    try:
        values = [computed([number.values[way % len(number.values)] for number in numbers], signs) for way in (0, 1)]
    except ZeroDivisionError:
        return None
    pairs = [(value, said) for value in values for said in stated.values]
    return next((pair for pair in pairs if agree(*pair)), pairs[0])
