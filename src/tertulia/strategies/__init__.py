"""Ways of answering. One file each."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import Self

from ..agents import Agent, Member
from ..run import Run
from ..types import Answer, Effort, Question


class Strategy(ABC):
    """A way of answering a question."""

    @property
    @abstractmethod
    def name(self) -> str: ...

    @abstractmethod
    async def __call__(self, question: Question, run: Run) -> Answer: ...

    @property
    def members(self) -> tuple[Member, ...]:
        """Everyone under whose name it makes calls, its agents among them; some may be named twice."""
        return ()

    @property
    def remembers(self) -> bool:
        """Whether each of its calls reads the conversation; if not, a follow-up is restated for it in full."""
        return False

    @property
    def sees(self) -> bool:
        """Whether it reads the images of a question itself; if not, a model that cannot see is told what they show."""
        return False

    def joined_by(self, agent: Agent) -> Self:
        """The same strategy with one more agent, in place of one of that name; itself if it has no use for it."""
        return self

    def scaled(self, effort: Effort) -> Self:
        """The same strategy with `effort` as the most it should take; itself if it always takes as much."""
        return self
