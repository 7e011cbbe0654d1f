"""Answers that follow a JSON schema, in whatever way they are found."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from ..agents import Member, Voice
from ..errors import SettingsError, UnusableReply
from ..events import Decided
from ..run import Run
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
    begin = min((place for place in (text.find("{"), text.find("[")) if place >= 0), default=0)
    end = max(text.rfind("}"), text.rfind("]")) + 1
    for candidate in (text, text[begin:end]):
        try:
            value = json.loads(candidate)
        except (ValueError, RecursionError):
            continue
        wrong = next((error.message for error in validator(schema).iter_errors(value)), "")
        return candidate.strip(), wrong[:300]
    return text, "it is not JSON"


def validator(schema: Mapping[str, Any]) -> Any:
    """What checks values; it fetches nothing, and gives up on patterns that would take for ever."""
    try:
        import jsonschema_rs
    except ImportError:
        raise SettingsError("answers that follow a schema need an extra: run `tertulia setup serve`") from None
    return jsonschema_rs.validator_for(
        dict(schema), offline=True, pattern_options=jsonschema_rs.FancyRegexOptions(backtrack_limit=100_000)
    )
