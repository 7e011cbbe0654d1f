"""What a reply concludes, when two conclusions are the same, and how sure a majority is."""

from __future__ import annotations

import math
import re
import unicodedata
from collections import Counter
from collections.abc import Sequence

from ..agents.synthesizer import Synthesizer, cut
from ..model import Reply
from ..run import Run
from ..types import Answer, Finding, Form, Question

SYNTHESIZER = Synthesizer()
MARK = re.compile(r"(?:answer|respuesta|conclusion|conclusión|solution|solución)\s*(?:is|es)?\s*[:=]\s*", re.I)
NUMBER = re.compile(r"[-−]?\d[\d.,]*")


def concluded(text: str) -> str:
    """The part of a reply after its last `Answer:`; its last line if it has none."""
    tail = MARK.split(text)[-1].strip()
    lines = [line for line in tail.splitlines() if line.strip()]
    if not lines:
        return ""
    return (lines[0] if MARK.search(text) else lines[-1]).strip(" *_`$.")


def canonical(conclusion: str) -> str:
    """A form in which equal conclusions are equal: its one number, or its words without case, accents and marks."""
    found = NUMBER.findall(conclusion)
    if len(found) == 1:
        return number(found[0])
    plain = unicodedata.normalize("NFKD", conclusion.casefold())
    return " ".join(re.findall(r"[^\W_]+", "".join(c for c in plain if not unicodedata.combining(c))))


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


async def as_answer(question: Question, reply: Reply, run: Run) -> Answer:
    """A reply as the answer; written anew if the answer must have a form that the reply was not asked to have."""
    if question.form == Form():
        return Answer(reply.text.strip(), reply.key, stopped=cut(reply))
    finding = Finding("t1", "draft", reply.text, asked=question.text)
    return await SYNTHESIZER.compile(question, {"t1": finding}, run)
