"""Ask once, and let the model think: often as good as many calls, where the model can.

Source: one model equals or beats teams of agents at equal tokens of thought (arXiv 2604.02460, 2026).
"""

from __future__ import annotations

from dataclasses import dataclass

from ..agents import Member, Voice
from ..run import Run
from ..types import Answer, Question
from . import Strategy
from .direct import Direct

THINK = Voice("think", "answers in one call, after at least medium thought")


@dataclass(frozen=True)
class Think(Strategy):
    """One call with thought of at least medium effort; a model that cannot think answers at once, as `direct` does."""

    name: str = "think"
    direct: Direct = Direct(voice=THINK)

    @property
    def members(self) -> tuple[Member, ...]:
        return self.direct.members

    @property
    def remembers(self) -> bool:
        return True

    async def __call__(self, question: Question, run: Run) -> Answer:
        return await self.direct(question, run)
