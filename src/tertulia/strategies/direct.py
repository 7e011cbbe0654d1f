"""Ask the model once. The baseline every other strategy must beat."""

from __future__ import annotations

from dataclasses import dataclass

from ..agents import Member, Voice
from ..agents.synthesizer import tongue
from ..run import Run
from ..types import Answer, Question
from . import Strategy

SYSTEM = "Answer the person's question, briefly and in plain words."
DIRECT = Voice("direct", "answers a question in one call")


@dataclass(frozen=True)
class Direct(Strategy):
    name: str = "direct"
    voice: Voice = DIRECT
    """Under which name it asks, which settles how much its model thinks."""
    system: str = SYSTEM
    max_tokens: int = 700
    """Most tokens the answer may have."""

    @property
    def members(self) -> tuple[Member, ...]:
        return (self.voice,)

    @property
    def remembers(self) -> bool:
        return True

    async def __call__(self, question: Question, run: Run) -> Answer:
        reply = await run.by(self.voice.name).ask(
            self.system,
            f"{question.text}\n\nAnswer{tongue(question)}.",
            conversation=question,
            max_tokens=self.max_tokens,
            form=question.form,
        )
        return reply.as_answer()
