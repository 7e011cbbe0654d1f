"""Restates a follow-up as a question that is complete in itself, for agents who did not hear the conversation."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace

from ..conversation import in_words
from ..errors import PromptTooLong, UnusableReply
from ..events import Decided, Failed
from ..excerpts import LOOKED_AT, excerpt
from ..numbers import mentioned, missing, read
from ..run import Run
from ..types import Question, Turn
from . import Member

SYSTEM = """You read the end of a conversation and the last message. Write the last message again, in one line, as a
question or request that is complete in itself: put what was meant in the place of words such as "that" or "it".
Do not answer it and do not compute anything. If it is complete already, repeat it. Write in its language."""

EXAMPLES = (
    (
        "Person: What do 3 tickets at 12 euros cost?\nAnswer: They cost 36 euros.\nLast message: And 5?",
        "What do 5 tickets at 12 euros cost?",
    ),
    (
        "Person: What do 3 tickets at 12 euros cost?\nAnswer: They cost 36 euros.\nLast message: Half of that?",
        "What is half of 36 euros?",
    ),
    (
        "Person: ¿Cómo se dice «gracias» en francés?\nAnswer: Se dice «merci».\nLast message: ¿Y en alemán?",
        "¿Cómo se dice «gracias» en alemán?",
    ),
    (
        "Person: Who wrote Hamlet?\nAnswer: Shakespeare wrote it.\nLast message: Why is the sky blue?",
        "Why is the sky blue?",
    ),
)

MEANT = (*range(11), 100)
"""Numbers that a restated question may have though nobody wrote them in digits: `twice`, `a tenth`, `per cent`."""
POINTS_BACK = re.compile(
    r"^\W*(?:and|but|or|so|then|y|e|o|pero|entonces)\b"
    r"|\b(?:that|this|these|those|it|its|they|them|he|him|his|she|her|same|instead|es[aoe]s?|est[aoe]s?|ell[ao]s?|lo)\b",
    re.I,
)
"""Words that mean something said before."""


@dataclass(frozen=True)
class Restater(Member):
    """One short call where there is a conversation, and none where there is not."""

    name: str = "restater"
    skill: str = "restates a follow-up as a question that is complete in itself"
    system: str = SYSTEM
    examples: tuple[tuple[str, str], ...] = EXAMPLES
    turns: int = 6
    """Most turns of the conversation that are read, the latest ones."""
    characters: int = 1500
    """Most characters of a turn that are read, from its beginning and its end."""
    longest: int = 1000
    """Characters of a last message above which it is taken as it is."""
    max_tokens: int = 250

    async def restate(self, question: Question, run: Run) -> Question:
        """The question in full; with the last turns in words where no model could restate it.

        Raises:
            BudgetExceeded, ModelError: if no model could be asked.
        """
        if not question.history or len(question.text) > self.longest:
            return question
        before = question.history[-self.turns :]
        try:
            reply = await run.by(self.name).ask(
                self.system,
                f"{self.transcript(before)}\nLast message: {question.text}",
                examples=self.examples,
                max_tokens=self.max_tokens,
            )
        except (UnusableReply, PromptTooLong) as error:
            text, wrong = "", str(error)
        else:
            text = reply.text.strip()
            heard = tuple(replace(turn, text=self.shortened(turn.text)) for turn in before)
            wrong = unfit(text, question.text, heard) if reply.finish == "stop" else "it was cut"
        if wrong:
            run.emit(Failed(self.name, wrong))
            return replace(question, text=f"{question.text}\n\n(Said before that:\n{self.transcript(before[-2:])})")
        if text != question.text:
            run.emit(Decided("restate", text))
        return replace(question, text=text)

    def transcript(self, turns: tuple[Turn, ...]) -> str:
        """The turns, each in one line."""
        said = {"user": "Person", "assistant": "Answer"}
        told = (turn for turn in in_words(turns) if turn.role in said)
        return "\n".join(f"{said[turn.role]}: {self.shortened(turn.text)}" for turn in told)

    def shortened(self, text: str) -> str:
        """The text in one line, or its beginning and its end."""
        text, half = " ".join(excerpt(text).split()), self.characters // 2
        return text if len(text) <= self.characters else f"{text[:half]} … {text[-half:]}"


def words(text: str) -> list[str]:
    return re.findall(r"\w+", text.casefold())


def unfit(text: str, asked: str, before: tuple[Turn, ...]) -> str:
    """Why a text cannot be what was meant; empty if it can.

    A number that nobody said was computed or made up; a number, or most words, of the last message cannot be gone.
    """
    if not text or "\n" in text:
        return "it is not one line"
    if len(text) > LOOKED_AT:
        return "it is too long"
    if words(text) == words(asked) and POINTS_BACK.search(asked):
        return "it is as unclear as before"
    telling = {word for word in words(asked) if len(word) > 3 and not POINTS_BACK.fullmatch(word)}
    if len(telling & {*words(text)}) * 2 < len(telling):
        return "it says something else"
    heard = {*MEANT}.union(mentioned(asked), *(mentioned(turn.text) for turn in before))
    if strange := missing(read(text), heard):
        return f"it has numbers that nobody said: {', '.join(strange)}"
    if lost := missing(read(asked), mentioned(text)):
        return f"it lost numbers: {', '.join(lost)}"
    return ""
