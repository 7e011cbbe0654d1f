"""What speaks against the answer of a program, found by rules: no model is asked.

Each rule looks at what was asked, the program and what it printed, and names its evidence. How often each is right is
measured in docs/lab.md; one that speaks against right answers in more than 2 % of them is not kept.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction

from ..numbers import Number, Value, read, size, unmark
from .arithmetic import agree

LABEL = re.compile(r"(?<!\w)\(?([a-h])\)", re.I)
"""What stands before a part of a question or an answer, as in `(a)` or `b)`."""
LITERAL = re.compile(r"(?<![\w.])\d+(?:\.\d+)?(?:[eE][-+]?\d+)?")
MANY = 14
"""Numbers of a question above which it need not use them all."""
MOST_LITERALS = 60
"""Numbers of a program up to which their quotients are looked at."""
LONGEST_ASKED = 4000
"""Characters of a question above which nothing is said of the numbers it has."""
SAID_ABOUT_FORM = re.compile(
    r"\s*-?\s*(?:hours?\b(?=\s*(?:clock|format|HH))|h\b(?=\s*HH)|hour\s+HH|decimals?|decimal\s+places?|decimales|digits?"
    r"|cifras|significant|options?|questions?|preguntas?|parts?\b(?!\s+of)|apartados?|letters?|letras|words?|palabras)",
    re.I,
)
"""What follows a number that says how to answer, and not what is so."""
TIED_BEFORE, TIED_AFTER = re.compile(r"[:/_]\Z|\d-\Z"), re.compile(r"[:_]|[-/]\d")
"""What ties a number to the next, as in `8:30` or `2024-05-01`."""
ITEM_BEFORE, ITEM_AFTER = re.compile(r"(?:^|\n|[.:;?!]\s|[a-z]\s)[ (]?\Z"), re.compile(r"[.)]\s+\S")
"""What stands around the number of an item, as in `1. All bakers sing 2. No singers are robots`."""
BELOW_ZERO = re.compile(
    r"[-−]\s?\d|negat\w+|temperat|degrees?|grados?|below|minus|menos|bajo cero|loss|loses?|pérdida|pierde|d[eé]ficit"
    r"|balance|saldo|diferencia|difference|change|cambi|equation|ecuaci|solve|resuelv|overdraw|debt|deuda|height"
    r"|profit|beneficio|gana|more or less|sequence|sucesi|\bx\b|=",
    re.I,
)
"""Where a result may be less than nothing."""
NOTHING = re.compile(
    r"\b(?:left|remain\w*|rest|over|quedan?|sobran?|resto|none|any|difference|diferencia|if|change|modulo|not)\b",
    re.I,
)
"""Where a result may be nothing at all."""
UNREAL = re.compile(r"(?<![\w.])(?:nan|inf|None|\[\]|\{\}|set\(\)|-?\d+(?:\.\d+)?[+-]\d+(?:\.\d+)?j)(?![\w.])")
SIDE = r"(?:[\d.()*/^+\-−·\s]|(?<![a-zA-Z])[a-zA-Z](?![a-zA-Z])){1,200}"
EQUATION = re.compile(rf"(?<![\w=<>!]){SIDE}={SIDE}")
"""An equation whose unknowns are single letters."""
SCALES = tuple(map(Fraction, ("10", "100", "1000", "1/10", "1/1000", "60", "1/60", "3600", "1/3600")))
"""By what a number may rightly be changed before it is used: shares, and units of another size."""


@dataclass(frozen=True)
class Computed:
    """A program and what it printed, with what it was to answer."""

    asked: str
    program: str
    printed: str
    language: str = "en"
    parts: int = 1
    """How many answers are wanted."""
    around: str = ""
    """The question of which this is a part; empty if it is the whole."""

    @property
    def wanted(self) -> int:
        """How many answers are wanted: by the letters of the question, if it has several."""
        letters = {mark[1].lower() for mark in LABEL.finditer(self.asked)}
        return len(letters) if len(letters) > 1 else self.parts

    @property
    def answers(self) -> list[str]:
        """What is printed for each part: by its letters if it has several, else by lines."""
        marks = list(LABEL.finditer(self.printed))
        if len({mark[1].lower() for mark in marks}) > 1:
            ends = [*(mark.start() for mark in marks[1:]), len(self.printed)]
            return [self.printed[mark.end() : end].strip() for mark, end in zip(marks, ends, strict=True)]
        return [line.strip() for line in self.printed.splitlines() if line.strip()]

    @property
    def numbers(self) -> list[Number]:
        """The numbers that it printed, but for the digits of dates and times."""
        return [number for number in read(self.printed) if not in_date_or_time(self.printed, number)]


Rule = Callable[[Computed], Iterator[str]]


def doubts(computed: Computed) -> list[str]:
    """What speaks against an answer, in a few words each; nothing if all is well."""
    return [doubt for rule in RULES for doubt in rule(computed)]


def unused(computed: Computed) -> Iterator[str]:
    """Numbers of the question that the program does not use."""
    if len(computed.asked) > LONGEST_ASKED or "|" in computed.asked:
        return
    asked = unmark(computed.asked, computed.language)
    given = [
        one for one in read(asked) if counts(one) and not in_date_or_time(asked, one) and not says_form(asked, one)
    ]
    if len(given) > MANY:
        return
    there = {Fraction(literal[0]) for literal in LITERAL.finditer(computed.program) if len(literal[0]) < 30}
    for number in given:
        if not any(used(value, there) for value in number.values):
            yield f"{number.written} is not used"


def counts(number: Number) -> bool:
    """Whether a number must be used: one and nothing need not, and years may be names."""
    return number.kind == "number" and not number.parts and size(number.value) not in (0, 1)


def used(value: Value, there: set[Fraction]) -> bool:
    """Whether a value stands in a program, as it is, as a share, or in a unit of another size."""
    if isinstance(value, Decimal) and abs(value.adjusted()) > 30:
        return True
    exact = abs(Fraction(value))
    scales = SCALES if exact >= 10 or exact.denominator > 1 else ()  # few hours times 60 are as likely another number
    shares = {exact / 100, 1 - exact / 100, 1 + exact / 100, 100 - exact, 100 + exact, 10 - exact / 10}
    as_used = {exact, *shares, *(exact * scale for scale in scales)}
    return not there.isdisjoint(as_used) or (exact.denominator > 1 and is_quotient(exact, there))


def is_quotient(value: Fraction, there: set[Fraction]) -> bool:
    """Whether a value is one number of a program by another, as 0.5 % a month is 6 % a year by 12."""
    return len(there) <= MOST_LITERALS and any(value * one in there for one in there if one)


def in_date_or_time(text: str, number: Number) -> bool:
    """Whether a number is part of a time, as in `8:30`, of a date, as in `2024-05-01`, or of a name."""
    before, after = text[max(0, number.start - 2) : number.start], text[number.end : number.end + 2]
    return bool(TIED_BEFORE.search(before) or TIED_AFTER.match(after))


def says_form(text: str, number: Number) -> bool:
    """Whether a number says how to answer, as in `2 decimals`, or which item of a list this is."""
    is_item = ITEM_AFTER.match(text, number.end) and ITEM_BEFORE.search(text[max(0, number.start - 3) : number.start])
    return bool(is_item or SAID_ABOUT_FORM.match(text, number.end))


def impossible(computed: Computed) -> Iterator[str]:
    """Results that cannot be: less than nothing, or nothing at all, where something is counted; and no numbers."""
    asked = f"{computed.around} {computed.asked}"
    if found := UNREAL.search(computed.printed):
        yield f"it printed {found[0]}"
    for number in computed.numbers:
        if number.value < 0 and not BELOW_ZERO.search(asked):
            yield f"{number.written} is less than nothing"
        elif number.value == 0 and not NOTHING.search(asked):
            yield "a result is nothing"


def absent(computed: Computed) -> Iterator[str]:
    """Fewer answers than parts."""
    wanted = computed.wanted
    if 1 < wanted <= 8 and len(computed.answers) < wanted and len(LABEL.findall(computed.printed)) < wanted:
        yield f"{wanted} answers are wanted and {len(computed.answers)} printed"


def alike(computed: Computed) -> Iterator[str]:
    """Two parts with the same answer."""
    seen: dict[tuple[Value, ...], str] = {}
    for answer in computed.answers:
        values = tuple(number.value for number in read(answer))
        if values and values in seen and len(computed.answers) == computed.wanted:
            yield f"two answers are the same: {answer[:60]}"
            return
        seen[values] = answer


def unsolved(computed: Computed) -> Iterator[str]:
    """An equation of the question that does not hold for the one number that was printed."""
    equations = [one for one in map(parsed, EQUATION.findall(computed.asked)) if one]
    values = [number.value for number in computed.numbers]
    if len(equations) != 1 or len(values) != 1:
        return
    [(left, right)] = equations
    with suppress(ZeroDivisionError, ValueError, OverflowError):
        one, other = value_at(left, Fraction(values[0])), value_at(right, Fraction(values[0]))
        if not agree(one, other):
            yield f"with {values[0]} the equation does not hold"


def parsed(equation: str) -> tuple[ast.expr, ast.expr] | None:
    """The two sides of an equation with one unknown; None if it is none."""
    sides = [written_out(side) for side in equation.split("=")]
    if len(sides) != 2 or len(set(re.findall("[a-zA-Z]", equation))) != 1 or not all(sides):
        return None
    with suppress(SyntaxError, ValueError, RecursionError, MemoryError):
        left, right = (ast.parse(side, mode="eval").body for side in sides)
        return left, right
    return None


def written_out(side: str) -> str:
    """One side of an equation as Python writes it, `3x^2` as `3*x**2`."""
    for sign, python in (("^", "**"), ("−", "-"), ("·", "*")):
        side = side.replace(sign, python)
    return re.sub(r"(?<=[\d)])\s*(?=[a-zA-Z(])", "*", side).strip()


def value_at(node: ast.expr, unknown: Fraction, depth: int = 0) -> Fraction:
    """The value of one side where the unknown has a value.

    Raises:
        ValueError: if the side is not made of numbers, the unknown and signs of sums.
        ZeroDivisionError: if it divides by nothing.
    """
    if depth > 50:
        raise ValueError("too deep")
    match node:
        case ast.Name():
            return unknown
        case ast.Constant(value=int() | float() as value):
            return Fraction(str(value))
        case ast.UnaryOp(op=ast.USub(), operand=operand):
            return -value_at(operand, unknown, depth + 1)
        case ast.UnaryOp(op=ast.UAdd(), operand=operand):
            return value_at(operand, unknown, depth + 1)
        case ast.BinOp(left=left, op=op, right=right):
            one, other = value_at(left, unknown, depth + 1), value_at(right, unknown, depth + 1)
            match op:
                case ast.Add():
                    return one + other
                case ast.Sub():
                    return one - other
                case ast.Mult():
                    return one * other
                case ast.Div():
                    return one / other
                case ast.Pow() if other.denominator == 1 and 0 <= other <= 12:
                    return one ** int(other)
    raise ValueError("no sum")


RULES: tuple[Rule, ...] = (unused, impossible, absent, alike, unsolved)
