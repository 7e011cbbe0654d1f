"""Computes the sum that a question is about, if it is about nothing else: what is said to be known is true.

The question may have no other words than those that ask for a result. Numbers are read as its language writes them.
Where a dash or a slash may be part of something else (a date, a score, a range, a law, a name), and where a number may
be read in two ways, nothing is said.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass, replace
from fractions import Fraction

from ..numbers import DECIMAL_COMMA, Number, certain, is_finite, write
from .arithmetic import LONGEST, computed, decimal_mark, is_code, operands, signs_between, unsigned


def set_of(words: str) -> frozenset[str]:
    return frozenset(words.split())


LONGEST_QUESTION = 500
"""Characters of a question above which it is about more than a sum."""
LONGEST_RESULT = 200
PERCENT = re.compile(r"\s?%")
IN_WORDS = {
    "+": re.compile(r"\s+(?:plus|m[aá]s)\s+", re.I),
    "-": re.compile(r"\s+(?:minus|menos)\s+", re.I),
    "*": re.compile(r"\s+(?:times|multiplied by|por|multiplicado por)\s+", re.I),
    "/": re.compile(r"\s+(?:divided by|entre|dividido (?:por|entre))\s+", re.I),
}
OF = re.compile(r"\s+(?:of|de)\s+", re.I)
"""Between a percentage and what it is taken of."""
SURE = set_of(
    "much calculate compute evaluate solve work result arithmetic calculation math maths "
    "cuanto cuantos calcula calcular calcule calculame resuelve resolver resuelva computa evalua resultado operacion "
    "cuenta calculo aritmetica aritmetico"
)
"""Words with which nothing but a sum is asked for."""
ENDING = SURE | set_of(
    "is are of out s add es son da dan de vale valen hace hacen seria dime dame suma resta multiplica divide"
)
"""Words that may stand right before a sum; others, as in `problem 3 - 2`, need a colon."""
ARTICLES = set_of("the el un")
"""Words that may stand right before a percentage."""
ASKING = (
    ENDING
    | ARTICLES
    | set_of(
        "what how many answer final state to following problem sum expression question total value exact exactly "
        "tell give find me us you can could would please hello hi hey just do does i get if we and this operation a it "
        "cual que la lo las los del al respuesta siguiente expresion problema pregunta valor exacto exactamente "
        "di puedes podrias puede por favor hola y en si quiero saber obten halla este esta"
    )
)
CLOSING = set_of("please thanks thank you equal equals to exactly por favor gracias exactamente")
AROUND_BEFORE = re.compile(r"[\w\s¿¡?!.,;:\"'«“‘(`]*")
AROUND_AFTER = re.compile(r"[\s=?.,;)\"'»”’`!]*(?:\b[^\W\d_]+[\s?.,;!]*)*")
ADDED = re.compile(r"\s*(?:de\s+)?(?:iva|vat|tax|sales tax|igic|tip|propina|recargo)\b", re.I)
TAKEN_OFF = re.compile(r"\s*(?:de\s+)?(?:discount|off|descuento|rebaja)\b", re.I)
"""What a percentage that is added or taken off may be called."""
SAYINGS = frozenset(((24, 7), (9, 11), (7, 11), (20, 20), (50, 50), (80, 20), (120, 80), (16, 9), (4, 3)))
"""Quotients that are more often something else."""
YEARS = range(1000, 2200)


@dataclass(frozen=True)
class _Asked:
    """Numbers with signs between them, and the words around."""

    numbers: tuple[Number, ...]
    signs: tuple[str, ...]
    """One of `+ - * × · / ÷`, or `%` between a percentage and what it is taken of."""
    gaps: tuple[str, ...]
    """What is written for each sign."""
    before: str
    written: str
    after: str
    extra: str = ""
    """What a percentage at its end is called, as in `21 % IVA`."""


def plain_sum(text: str, language: str = "en") -> str:
    """The one sum that a question is about, computed exactly, as in `17 * 23 = 391`; empty if there is more to it.

    A percentage is what people mean by it: `60 + 21 %` is 72.6 and `15 % of 80` is 12. A result that has no last
    decimal stands after `≈`, with twelve digits.

    Args:
        language: ISO code of the language it is written in; empty if that is not known, and then `1.500` and `1,500`
            are not read.
    """
    asked = _parsed(text, language) if len(text) <= LONGEST_QUESTION else None
    if asked is None or not _is_alone(asked) or _is_something_else(asked):
        return ""
    value, marks = _value(asked, language), {decimal_mark(number) for number in asked.numbers} - {""}
    if value is None or len(marks) > 1:
        return ""
    locale = "en" if "." in marks else "es" if "," in marks or language in DECIMAL_COMMA else "en"
    result = write(value, locale)
    if len(result) > LONGEST_RESULT:
        return ""
    return f"{asked.written}{asked.extra} {'=' if is_finite(value) else '≈'} {result}"


def _parsed(text: str, language: str) -> _Asked | None:
    """The sum that all numbers of a text make together; None if they make none."""
    numbers = operands(text, language)
    if not 2 <= len(numbers) <= LONGEST or any(len(number.written) > LONGEST for number in numbers):
        return None
    ends = [_end(text, number) for number in numbers]
    signs, gaps = list(signs_between(text, [replace(n, end=end) for n, end in zip(numbers, ends, strict=True)])), []
    for place, sign in enumerate(signs):
        gap = text[ends[place] : numbers[place + 1].start]
        if sign == "-" and gap.isspace():
            numbers[place + 1] = unsigned(numbers[place + 1])
        signs[place] = sign or _sign_in_words(gap, numbers[place])
        gaps.append(gap)
    if not all(signs) or len({any(map(str.isalpha, gap)) for gap in gaps}) > 1:
        return None
    written = text[numbers[0].start : ends[-1]]
    if not any(number.unit for number in numbers) and any(map(str.isalpha, gaps[0])):
        written = _with_signs(text, numbers, signs)
    before, after = text[: numbers[0].start], text[ends[-1] :]
    if before.endswith("$") and after.startswith("$"):  # as LaTeX has it
        before, after = before[:-1], after[1:]
    extra = (ADDED if signs[-1] == "+" else TAKEN_OFF).match(after) if numbers[-1].unit and signs[-1] in "+-" else None
    return _Asked(
        tuple(numbers),
        tuple(signs),
        tuple(gaps),
        before,
        " ".join(written.split()),
        after[extra.end() :] if extra else after,
        extra[0] if extra else "",
    )


def _end(text: str, number: Number) -> int:
    """Where a number ends, its percent sign included."""
    found = PERCENT.match(text, number.end) if number.unit else None
    return found.end() if found else number.end


def _sign_in_words(gap: str, before: Number) -> str:
    if before.unit:
        return "%" if OF.fullmatch(gap) else ""
    return next((sign for sign, words in IN_WORDS.items() if words.fullmatch(gap)), "")


def _with_signs(text: str, numbers: Sequence[Number], signs: Sequence[str]) -> str:
    first, *others = [text[number.start : number.end] for number in numbers]
    return first + "".join(f" {sign} {other}" for sign, other in zip(signs, others, strict=True))


def _words(text: str) -> list[str]:
    plain = unicodedata.normalize("NFKD", text.casefold())
    return re.findall(r"[^\W\d_]+", "".join(c for c in plain if not unicodedata.combining(c)))


def _is_alone(asked: _Asked) -> bool:
    """Whether nothing but what asks for a result stands around it."""
    words = _words(asked.before)
    if not AROUND_BEFORE.fullmatch(asked.before) or re.search(r"\d", asked.before) or not ASKING.issuperset(words):
        return False
    if words and not asked.before.rstrip().endswith(":"):
        may_end = ENDING | ARTICLES if "%" in asked.signs else ENDING
        if words[-1] not in may_end:
            return False
    is_factorial = asked.after.startswith("!") and "¡" not in asked.before
    goes_on = re.search(r"\.\.|…", asked.after)
    is_closed = AROUND_AFTER.fullmatch(asked.after) and CLOSING.issuperset(_words(asked.after))
    return bool(is_closed) and not is_factorial and not goes_on


def _is_something_else(asked: _Asked) -> bool:
    """Whether it may be a date, a score, a range, a law, a code or a name, or is one more often than a sum."""
    values = [number.value for number in asked.numbers]
    if any(map(is_code, asked.numbers)):
        return True
    tight = [gap in "-−/×·" for gap in asked.gaps]
    if len(values) == 3 and all(tight) and asked.gaps[0] == asked.gaps[1] and sum(1 <= v <= 31 for v in values) >= 2:
        return True
    first, second = values[:2]
    if len(values) == 2 and asked.signs[0] in "-/" and first in YEARS:
        is_next = second == (int(first) + 1) % 100 and tight[0]
        if is_next or (second in YEARS and second > first):
            return True
    is_sure = not SURE.isdisjoint(_words(asked.before)) or asked.after.lstrip().startswith("=")
    if is_sure or any(sign in "+*÷%" for sign in asked.signs):
        return False
    is_bare = not _words(asked.before) and not set(asked.signs) - {"-", "/"}
    return is_bare or any(tight) or (len(values) == 2 and asked.signs[0] == "/" and (first, second) in SAYINGS)


def _value(asked: _Asked, language: str) -> Fraction | None:
    """What it comes to; None if a number or a percentage may be understood in two ways, or it divides by zero."""
    values = [certain(number, language) for number in asked.numbers]
    known = [Fraction(value) for value in values if value is not None]
    if len(known) < len(values):
        return None
    units = [number.unit for number in asked.numbers]
    *earlier, last = asked.signs
    try:
        if not any(units):
            return computed(known, asked.signs)
        if units == ["%", ""] and last in "%*":
            return known[0] / 100 * known[1]
        if any(units[:-1]) or last == "%":
            return None
        if last == "*":
            return computed([*known[:-1], known[-1] / 100], asked.signs)
        if last in "+-" and not set(earlier) & set("+-"):
            change = known[-1] / 100
            return computed(known[:-1], earlier) * (1 + change if last == "+" else 1 - change)
    except ZeroDivisionError:
        pass
    return None
