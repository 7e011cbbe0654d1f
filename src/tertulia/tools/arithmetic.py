"""Computes again the sums that a text states."""

from __future__ import annotations

import ast
import math
import operator
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass

NUMBER = r"[-−]?\d+(?:[ ,]\d{3}(?!\d))*(?:\.\d+)?"
SIGN = r"[-−+*×·÷/]"
SUM = re.compile(
    r"(?<![\w.,/^%)=*×·÷+−-])(?<![=*×·÷+−/-]\s)"  # not in the middle of a longer sum
    rf"({NUMBER}(?:\s*{SIGN}\s*{NUMBER})+)\s*=\s*[$€£]?({NUMBER})"
    rf"(?![\w%/*×·÷^]|[.,]\d|\s*(?:{SIGN}|[\^%]))"
)
PERCENT = re.compile(rf"({NUMBER})\s*%\s*(?:of|de)\s*({NUMBER})", re.I)
PLAIN = re.compile(rf"{PERCENT.pattern}|(?<![\w./-]){NUMBER}(?:\s*{SIGN}\s*{NUMBER})+(?![\w/]|[.,]\d)", re.I)
IN_WORDS = {
    "+": r"plus|m[aá]s",
    "-": r"minus|menos",
    "*": r"times|multiplied by|por|multiplicado por",
    "/": r"divided by|entre|dividido (?:por|entre)",
}
ASKED = re.compile(
    rf"\W*(?:what is|what's|how much is|calculate|compute|cu[aá]nto (?:es|son)|calcula)?\s*"
    rf"({NUMBER}(?:\s+(?:{'|'.join(IN_WORDS.values())})\s+{NUMBER})+)\W*",
    re.I,
)
"""Nothing but a sum in words, as in `What is 10 times 10?`; within a story they may mean something else."""
SIGNS = str.maketrans({"×": "*", "·": "*", "÷": "/", "−": "-", ",": None, " ": None, "\n": None})
OPERATORS: dict[type[ast.operator], Callable[[float, float], float]] = {
    ast.Add: operator.add,
    ast.Sub: operator.sub,
    ast.Mult: operator.mul,
    ast.Div: operator.truediv,
}


@dataclass(frozen=True)
class Sum:
    """A sum as a text states it."""

    left: str
    stated: float
    value: float
    """What it really is."""

    @property
    def holds(self) -> bool:
        """True if the stated value is right, or right when rounded as it is written."""
        return math.isclose(self.stated, self.value, rel_tol=5e-3, abs_tol=5e-3)

    def __str__(self) -> str:
        return f"{self.left} = {self.value:.10g}, not {self.stated:.10g}"


def sums(text: str) -> Iterator[Sum]:
    """The sums of plain numbers stated in `text`, as in `12 * 30 = 360`, each computed again.

    Numbers are read as in English (1,234.5). A sum that is part of a longer one, and a number with a percent
    sign, are left out: what is not understood for certain is not judged.
    """
    for left, stated in SUM.findall(text):
        try:
            value = _value(ast.parse(left.translate(SIGNS), mode="eval").body)
        except (SyntaxError, ZeroDivisionError, OverflowError, KeyError):
            continue
        yield Sum(left.strip(), float(stated.translate(SIGNS)), value)


def plain_sum(text: str) -> str:
    """The one sum that a question is about, computed, as in `17 * 23 = 391`; empty if there is more to it."""
    if in_words := ASKED.fullmatch(text):
        text = in_words[1]
        for sign, words in IN_WORDS.items():
            text = re.sub(rf"\s+(?:{words})\s+", f" {sign} ", text, flags=re.I)
    found = PLAIN.search(text)
    if not found or len(list(numbers(text))) != len(list(numbers(found[0]))):
        return ""
    percent = PERCENT.fullmatch(found[0])
    expression = f"{percent[1]} / 100 * {percent[2]}" if percent else found[0]
    try:
        value = _value(ast.parse(expression.translate(SIGNS), mode="eval").body)
    except (SyntaxError, ZeroDivisionError, OverflowError, KeyError):
        return ""
    return f"{found[0].strip()} = {value:.12g}"


def numbers(text: str) -> Iterator[float]:
    """The numbers written in digits in a text, without their signs; read as in English (1,234.5)."""
    for found in re.findall(r"\d+(?:,\d{3}(?!\d))*(?:\.\d+)?", text):
        yield float(found.replace(",", ""))


def _value(node: ast.expr) -> float:
    if isinstance(node, ast.Constant) and isinstance(node.value, int | float):
        return float(node.value)
    if isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.USub):
        return -_value(node.operand)
    if isinstance(node, ast.BinOp):
        return OPERATORS[type(node.op)](_value(node.left), _value(node.right))
    raise SyntaxError("not a plain sum")
