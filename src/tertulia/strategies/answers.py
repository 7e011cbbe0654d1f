"""Makes the answer of what a program printed or a model replied."""

from __future__ import annotations

import re

from ..agents.synthesizer import Synthesizer
from ..model import Reply
from ..run import Run
from ..types import Answer, Finding, Form, Question

LABEL = re.compile(r"\b([a-h])\)", re.I)
PYTHONIC = re.compile(
    r"^[^\S\n]*(?:[\[{]|\((?![a-hA-H]\)))|\b(?:None|True|False|datetime|Counter|Decimal|Fraction)\b", re.M
)
"""What is for a programmer to read: a list, a dictionary, a type."""
DIGITS = re.compile(r"(?<!\d)\d+\.\d{9,}")
"""More digits than a sum of floating-point numbers is good for."""
WHOLE = re.compile(r"(?<![\d.,])(\d+)\.0(?![\d.,]*\d)")
"""A whole number that Python shows as a floating-point one, as in `54.0`."""
DECIMALS = re.compile(r"decimal|tenth|décima", re.I)
"""Words of a question that cares how many decimals there are."""


def says_all(printed: str, parts: int) -> bool:
    """Whether what a program printed can be shown as the answer to so many parts."""
    lines = [line for line in printed.splitlines() if line.strip()]
    return bool(lines) and not PYTHONIC.search(printed) and max(len(lines), len(set(LABEL.findall(printed)))) >= parts


async def as_printed(question: Question, finding: Finding, synthesizer: Synthesizer, run: Run) -> Answer:
    """What a program printed as the answer; put into words if it does not say all, or the answer must have a form."""
    if question.form != Form() or not says_all(finding.text, question.parts):
        return await synthesizer.compile(question, {finding.task: finding}, run)
    return Answer(readable(finding.text, question.text), finding.written_by, {finding.task: finding})


def readable(printed: str, question: str) -> str:
    """What a program printed, without digits that only the way computers keep numbers put there."""
    text = DIGITS.sub(lambda found: f"{float(found[0]):.10g}", printed)
    return text if DECIMALS.search(question) else WHOLE.sub(r"\1", text)


async def as_answer(question: Question, reply: Reply, run: Run) -> Answer:
    """A reply as the answer; written anew if the answer must have a form that the reply was not asked to have."""
    if question.form == Form():
        return reply.as_answer()
    finding = Finding("t1", "draft", reply.text, asked=question.text)
    return await Synthesizer().compile(question, {"t1": finding}, run)
