"""What a reply concludes, when two conclusions are the same, and how sure a majority is."""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Sequence

from ..agents.synthesizer import Synthesizer, cut
from ..agents.triage import parts_of
from ..model import Reply
from ..run import Run
from ..tools.conclusions import conclusion, folded
from ..types import Answer, Finding, Form, Question

SYNTHESIZER = Synthesizer()
NUMBER = re.compile(r"[-−]?\d[\d.,]*")
VERB = re.compile(r"\b(?:is|are|was|were|equals|es|son|fue|era|eran|vale)\b|=", re.I)
LABEL = re.compile(r"\b([a-h])\)", re.I)
PYTHONIC = re.compile(r"^\s*(?:[\[{]|\((?![a-hA-H]\)))|\b(?:None|True|False|datetime|Counter|Decimal|Fraction)\b", re.M)
"""What is for a programmer to read: a list, a dictionary, a type."""
DIGITS = re.compile(r"\d+\.\d{9,}")
"""More digits than a sum of floating-point numbers is good for."""
WHOLE = re.compile(r"(?<![\d.,])(\d+)\.0(?![\d.,]*\d)")
"""A whole number that Python shows as a floating-point one, as in `54.0`."""
DECIMALS = re.compile(r"decimal|tenth|décima", re.I)
"""Words of a question that cares how many decimals there are."""
OPTION = re.compile(r"\W*([A-H])(?:[).:]\s.*|\W*)$", re.S)
"""An option by its letter: `C`, `(c)` in capitals, `C) Carla`."""


def concluded(text: str) -> str:
    """What stands in the last box of a reply, else after its last `Answer:`, else in its last line."""
    return conclusion(text).strip(" .")


def canonical(conclusion: str) -> str:
    """A form in which equal conclusions are equal: a number, the letter of an option, or words without case and marks.

    Of a sentence with one verb, as in `The sum of 3 and 4 is 7`, what counts is what it says after that.
    """
    _, *said = VERB.split(conclusion)
    if len(said) == 1 and said[0].strip(" .:"):
        conclusion = said[0]
    if option := OPTION.match(conclusion):
        return option[1].casefold()
    found = NUMBER.findall(conclusion)
    return number(found[0]) if len(found) == 1 else folded(conclusion)


def number(text: str) -> str:
    """A number as written in English or Spanish, in one form: `1.234,50`, `1,234.5` and `1234.5` are the same."""
    text = text.replace("−", "-").rstrip(".,")
    if re.fullmatch(r"-?\d{1,3}(\.\d{3})+(,\d+)?|-?\d+,\d{1,2}", text):
        text = text.replace(".", "").replace(",", ".")
    try:
        return f"{float(text.replace(',', '')):.6g}"
    except ValueError:
        return text


def certainty(votes: Sequence[int]) -> float:
    """How likely the leader stays the leader, 0 to 1, given the votes of each conclusion.

    The probability that the leader's true share is above the runner-up's, under a flat prior for the two.

    Source: adaptive consistency (Aggarwal, Madaan, Yang and Mausam, 2023), with a Beta stopping rule.
    """
    leader, runner_up, *_ = [*sorted(votes, reverse=True), 0, 0]
    trials = leader + runner_up + 1
    ahead: float = sum(math.comb(trials, wins) for wins in range(leader + 1)) / 2**trials
    return ahead


def tally(conclusions: Sequence[str]) -> Counter[str]:
    """Votes of each conclusion that is not empty."""
    return Counter(one for one in conclusions if one)


def says_all(printed: str, parts: int) -> bool:
    """Whether what a program printed can be shown as the answer to so many parts."""
    lines = [line for line in printed.splitlines() if line.strip()]
    return bool(lines) and not PYTHONIC.search(printed) and max(len(lines), len(set(LABEL.findall(printed)))) >= parts


async def as_printed(question: Question, finding: Finding, synthesizer: Synthesizer, run: Run) -> Answer:
    """What a program printed as the answer; put into words if it does not say all, or the answer must have a form."""
    if question.form != Form() or not says_all(finding.text, parts_of(question.text)):
        return await synthesizer.compile(question, {finding.task: finding}, run)
    return Answer(readable(finding.text, question.text), finding.written_by, {finding.task: finding})


def readable(printed: str, question: str) -> str:
    """What a program printed, without digits that only the way computers keep numbers put there."""
    text = DIGITS.sub(lambda found: f"{float(found[0]):.10g}", printed)
    return text if DECIMALS.search(question) else WHOLE.sub(r"\1", text)


async def as_answer(question: Question, reply: Reply, run: Run) -> Answer:
    """A reply as the answer; written anew if the answer must have a form that the reply was not asked to have."""
    if question.form == Form():
        return Answer(reply.text.strip(), reply.key, stopped=cut(reply))
    finding = Finding("t1", "draft", reply.text, asked=question.text)
    return await SYNTHESIZER.compile(question, {"t1": finding}, run)
