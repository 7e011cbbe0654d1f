"""Answers that follow a JSON schema, in whatever way they are found."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from ..agents import Member, Voice
from ..errors import UnusableReply
from ..events import Decided
from ..run import Run
from ..tools.structured import validator, values
from ..types import Answer, Question
from . import Strategy

SYSTEM = "You mend JSON. Keep what it says; change only what does not follow the schema."
MENDER = Voice("mender", "mends an answer that does not follow the schema that is asked for")


@dataclass(frozen=True)
class Fitting(Strategy):
    """A strategy whose answer is checked against the schema of the question, and mended once."""

    strategy: Strategy
    system: str = SYSTEM
    max_tokens: int = 1000

    @property
    def name(self) -> str:
        return self.strategy.name

    @property
    def members(self) -> tuple[Member, ...]:
        return (*self.strategy.members, MENDER)

    @property
    def remembers(self) -> bool:
        return self.strategy.remembers

    async def __call__(self, question: Question, run: Run) -> Answer:
        answer = await self.strategy(question, run)
        if answer.calls:  # there is no answer yet
            return answer
        schema = question.form.schema or {}
        text, wrong = fitted(answer.text, schema)
        if wrong:
            run.emit(Decided("mend", f"the answer does not follow the schema: {wrong}"))
            asked = f"Question: {question.text}\n\nAnswer: {answer.text}\n\nWhat is wrong with it: {wrong}\n\nMend it."
            reply = await run.by(MENDER.name).ask(self.system, asked, max_tokens=self.max_tokens, form=question.form)
            answer = replace(answer, written_by=reply.key)
            text, wrong = fitted(reply.text, schema)
        if wrong:
            raise UnusableReply(f"the model did not write JSON that follows the schema, though asked twice: {wrong}")
        return replace(answer, text=text)


def fitted(text: str, schema: Mapping[str, Any]) -> tuple[str, str]:
    """The JSON in a text, and what is wrong with it; nothing if it follows the schema."""
    check, likeliest = validator(schema), (text, "it is not JSON")
    for number, found in enumerate(values(text)):
        wrong = next((error.message for error in check.iter_errors(found.value)), "")
        if not wrong:
            return found.written, ""
        likeliest = likeliest if number else (found.written, wrong[:300])
    return likeliest
