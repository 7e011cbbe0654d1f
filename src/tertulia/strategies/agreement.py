"""Which replies agree: what each concludes, in a form in which equal conclusions are equal."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence

from ..language import likely_language_of
from ..model import Reply
from ..numbers import OPEN, figures, write
from ..tools.conclusions import conclusion, folded
from ..types import Question

VERB = re.compile(r"\b(?:is|are|was|were|equals|es|son|fue|era|eran|vale)\b|=", re.I)
OPTION = re.compile(r"\W*([A-H])(?:[).:]\s.*|\W*)$", re.S)
"""An option by its letter: `C`, `(c)` in capitals, `C) Carla`."""


def conclusion_in(text: str) -> str:
    """What stands in the last box of a reply, else after its last `Answer:`, else in its last line."""
    return conclusion(text).strip(" .")


def canonical(conclusion: str, language: str = "en") -> str:
    """A form in which equal conclusions are equal: a number, the letter of an option, or words without case and marks.

    Of a sentence with one verb, as in `The sum of 3 and 4 is 7`, what counts is what it says after that. Decimals count
    up to six digits in all.

    Args:
        language: ISO code of the language by which numbers such as `1.234` are read.
    """
    _, *said = VERB.split(conclusion)
    if len(said) == 1 and said[0].strip(" .:"):
        conclusion = said[0]
    if option := OPTION.match(conclusion):
        return option[1].casefold()
    numbers = figures(conclusion, language)
    return write(numbers[0].value, digits=6) if len(numbers) == 1 else folded(conclusion)


def conclusion_of(reply: Reply, question: Question) -> str:
    """What a reply to a question concludes, in its canonical form."""
    said = conclusion_in(reply.text)
    return canonical(said, likely_language_of(question.text) if OPEN.search(said) else "en")


def tally(conclusions: Sequence[str]) -> Counter[str]:
    """Votes of each conclusion that is not empty."""
    return Counter(one for one in conclusions if one)
