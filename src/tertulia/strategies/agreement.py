"""Which replies agree: what each concludes, in a form in which equal conclusions are equal."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence

from ..tools.conclusions import conclusion, folded

NUMBER = re.compile(r"[-−]?\d[\d.,]*")
VERB = re.compile(r"\b(?:is|are|was|were|equals|es|son|fue|era|eran|vale)\b|=", re.I)
OPTION = re.compile(r"\W*([A-H])(?:[).:]\s.*|\W*)$", re.S)
"""An option by its letter: `C`, `(c)` in capitals, `C) Carla`."""


def conclusion_of(text: str) -> str:
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


def tally(conclusions: Sequence[str]) -> Counter[str]:
    """Votes of each conclusion that is not empty."""
    return Counter(one for one in conclusions if one)
