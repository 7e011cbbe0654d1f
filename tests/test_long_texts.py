"""However long a text is, what is asked of it takes a time in proportion to its length, or none more at all."""

import time

import pytest

from tertulia.agents import caller, librarian, reasoner
from tertulia.agents.critic import Critic
from tertulia.agents.restater import Restater, unfit
from tertulia.agents.triage import Triage
from tertulia.excerpts import LOOKED_AT, excerpt, pieces
from tertulia.language import language_of, language_of_document, likely_language_of
from tertulia.numbers import mentioned, read
from tertulia.strategies.agreement import canonical, conclusion_in
from tertulia.strategies.answers import readable, says_all
from tertulia.tools.arithmetic import sums
from tertulia.tools.checks import asserts_in, broken_demands, code_in, wrong_conversions
from tertulia.tools.conclusions import folded
from tertulia.tools.documents import quotes
from tertulia.tools.mending import mended
from tertulia.tools.plain_sums import plain_sum
from tertulia.tools.structured import values
from tertulia.types import Finding, Passage, Question, Task, Turn
from tertulia.usage import estimate

LENGTH = 40_000
LONGER = 4
NOTHING = 0.02
"""Seconds of CPU too short to compare."""
PATTERNS = (
    *("lorem ipsum dolor ", "é", "😀", "a", " ", "\n", "\t", "a\n\n", "?", ".", "#", "*", "-", "_", '"', "{", "[", "("),
    *(
        "9",
        "1 ",
        "1,",
        "1 111 ",
        "12 345,67 ",
        "1/2/",
        "1+1=",
        "1 + ",
        "1  +  ",
        "12:30 ",
        "5 % of ",
        "3 km = ",
        "in km ",
    ),
    *("- ", "-\n", "1. Name it.\n", "assert x\n", "assert ", "answer   ", "answer is ", "\\boxed{", "\\text{", "```\n"),
    *("# final answer\n", "conclusion ", "at most 3 words ", "{x ", "[1] ", "x = 1 ", " = "),
)
SHORT = "The dog is 3 km away, for 2 decimals."
DEMANDS = "in km, as HH:MM, as YYYY-MM-DD, with two decimals, in at most 3 words, as JSON"
TASK = Task("t1", "How many?", "someone")
WORK = {
    "language": language_of,
    "likely language": likely_language_of,
    "language of a document": language_of_document,
    "numbers": read,
    "what is mentioned": mentioned,
    "plain sum": plain_sum,
    "triage": lambda text: Triage().by_features(Question(text)),
    "sums": lambda text: list(sums(text)),
    "conversions": lambda text: list(wrong_conversions(text)),
    "demands": lambda text: list(broken_demands(text, SHORT)),
    "what does not meet demands": lambda text: list(broken_demands(DEMANDS, text)),
    "tests": asserts_in,
    "code": code_in,
    "critic, given": lambda text: Critic().judge(Task("t1", text, "x", question=text), Finding("t1", "x", SHORT), {}),
    "critic, said": lambda text: Critic().judge(TASK, Finding("t1", "x", text), {}),
    "restated": lambda text: unfit(text, "And 3?", (Turn("user", SHORT),)),
    "restated, after": lambda text: unfit(SHORT, "And 3?", (Turn("user", text),)),
    "turns": lambda text: Restater().shortened(text),
    "vote": lambda text: canonical(conclusion_in(text)),
    "words": folded,
    "conclusion": reasoner.conclusion,
    "output": lambda text: (says_all(text, 2), readable(text, "")),
    "program": mended,
    "JSON": lambda text: list(values(text)),
    "quote": lambda text: quotes.check(text, Passage(SHORT, "s")),
    "quoted": lambda text: quotes.check("the quick brown fox jumps over", Passage(text, "s")),
    "quote of a letter": lambda text: quotes.check("a", Passage(text, "s")),
    "support": lambda text: librarian.supports(text, SHORT),
    "part of a result": lambda text: caller.borne_out(SHORT, [Passage(text, "s")]),
    "tokens": estimate,
}


def seconds(work, text):
    began = time.process_time()
    work(text)
    return time.process_time() - began


def texts(pattern, length):
    """The pattern over and over, alone and with something at both ends."""
    body = (pattern * (length // len(pattern) + 1))[:length]
    yield f"what is x = {body}\nx"
    if body.strip():
        yield body


@pytest.mark.parametrize("name", WORK)
def test_work_on_a_text_grows_no_faster_than_the_text(name):
    work = WORK[name]
    language_of("what reads its tables at the first call")
    for pattern in PATTERNS:
        for short, long in zip(texts(pattern, LENGTH), texts(pattern, LENGTH * LONGER), strict=True):
            for _ in range(3):  # a busy machine may disturb one
                most = max(seconds(work, short), NOTHING) * LONGER * 2
                if seconds(work, long) <= most:
                    break
            else:
                raise AssertionError(
                    f"of {pattern!r}, {LONGER} times as much takes more than {LONGER * 2} times as long"
                )


def test_of_a_long_text_both_ends_are_looked_at():
    middle = "lorem ipsum " * LOOKED_AT
    text = f"How many? {middle} assert f(1) == 2"
    assert excerpt(text).startswith("How many? ")
    assert Triage().by_features(Question(text)).route == "refine"
    assert [text[start : start + len(piece)] == piece for start, piece in pieces(text)] == [True, True]
    assert Question(f"Why? {middle} And how?").parts == 2
    assert Question(f"Why? {middle} How? {middle} And when?").parts == 2


def test_a_text_that_is_not_long_is_looked_at_whole():
    text = "x" * LOOKED_AT
    assert excerpt(text) is text
    assert len(excerpt(text + "x" * LOOKED_AT)) <= LOOKED_AT + 1


def test_a_quote_of_a_long_passage_must_be_there_letter_for_letter():
    passage = Passage("lorem ipsum " * quotes.LONGEST + "The Fox jumps.", "s")
    assert quotes.check("The Fox jumps", passage).how == "exact"
    assert quotes.check("the fox jumps", passage) is None
